//! Reading new settings: whole ones, and merge patches.

use serde_json::{Map, Value};

use super::settings::{Rule, Settings};
use crate::sandbox::error::{ApiError, Fault};

/// Settings as a `PUT` gives them; what is omitted is off.
///
/// # Errors
/// 400 that names every unknown field, or the first value that cannot be.
pub fn read(given: Value) -> Result<Settings, ApiError> {
    let mut unknown = Vec::new();
    let template = serde_json::to_value(Settings::default()).unwrap_or_default();
    look_for_unknown(&given, &template, "$", &mut unknown);
    if !unknown.is_empty() {
        return Err(ApiError::invalid("unknown faults", unknown));
    }
    serde_path_to_error::deserialize(given).map_err(|error| {
        let path = match error.path().to_string() {
            path if path == "." => "$".to_owned(),
            path => format!("$.{path}"),
        };
        ApiError::fault("invalid faults", path, "body", error.into_inner().to_string())
    })
}

/// The settings after an RFC 7396 merge patch: null takes a field back to its default.
///
/// # Errors
/// As [`read`].
pub fn merge(now: &Settings, patch: Value) -> Result<Settings, ApiError> {
    let mut merged = serde_json::to_value(now).unwrap_or_default();
    apply(&mut merged, patch);
    read(merged)
}

/// The paths of everything that differs from the default, without what does nothing by itself.
pub fn switched_on(now: &Settings) -> Vec<String> {
    const PARAMETERS: [&str; 4] = ["seed", "webhooks.late_ms", "limits.per_second", "limits.per_minute"];
    let mut on = Vec::new();
    let (now, off) = (serde_json::to_value(now).unwrap_or_default(), serde_json::to_value(Settings::default()).unwrap_or_default());
    differences(&now, &off, "", &mut on);
    on.retain(|path| !PARAMETERS.contains(&path.as_str()) && path != "limits.per_day" && path != "limits.retry_after");
    on
}

fn differences(now: &Value, off: &Value, path: &str, found: &mut Vec<String>) {
    match (now, off) {
        (Value::Object(now), Value::Object(off)) => {
            for (key, value) in now {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                differences(value, off.get(key).unwrap_or(&Value::Null), &path, found);
            }
        }
        (Value::Array(rules), _) => {
            found.extend(rules.iter().map(|rule| {
                let word = |key: &str| rule[key].as_str().unwrap_or_default().to_owned();
                format!("{path}.{}.{}", word("endpoint"), word("fault"))
            }));
        }
        _ if now != off => found.push(path.to_owned()),
        _ => {}
    }
}

/// Rules have no template among the defaults; their own names are checked when they are read.
fn look_for_unknown(given: &Value, template: &Value, path: &str, unknown: &mut Vec<Fault>) {
    let (Value::Object(given), Value::Object(template)) = (given, template) else {
        if let (Value::Array(rules), Value::Array(_)) = (given, template) {
            for (number, rule) in rules.iter().enumerate() {
                look_for_unknown(rule, &rule_template(), &format!("{path}[{number}]"), unknown);
            }
        }
        return;
    };
    for (key, value) in given {
        let path = format!("{path}.{key}");
        match template.get(key) {
            Some(template) => look_for_unknown(value, template, &path, unknown),
            None => unknown.push(Fault::new(path, "body", "There is no such fault")),
        }
    }
}

fn rule_template() -> Value {
    let rule: Option<Rule> = serde_json::from_value(serde_json::json!({ "endpoint": "*", "fault": "500" })).ok();
    serde_json::to_value(rule).unwrap_or_default()
}

fn apply(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { return };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(&key);
        } else {
            apply(target.entry(key).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_patch_changes_what_it_names_and_null_takes_it_back() {
        let one = merge(&Settings::default(), json!({ "webhooks": { "lose": 0.5, "late_ms": 7 }, "page_size": 3 })).expect("faults");
        assert_eq!(switched_on(&one), ["page_size", "webhooks.lose"]);
        let two = merge(&one, json!({ "webhooks": { "lose": null }, "api": [{ "endpoint": "*", "fault": "500" }] })).expect("faults");
        assert_eq!(switched_on(&two), ["api.*.500", "page_size"]);
        assert_eq!(two.webhooks.late_ms, 7);
        assert!((two.api[0].share.0 - 1.0).abs() < f64::EPSILON);
        assert_eq!(read(json!({})).expect("off"), Settings::default());
        assert_eq!(read(serde_json::to_value(&two).expect("JSON")).expect("what was shown can be put"), two);
    }
}
