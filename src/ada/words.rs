//! Ada's own words about a refusal, made fit to be shown.
//!
//! Ada's form is `{"errors": [{"type", "message", "details"}]}`, where `details` is text, nothing, or a list of
//! `{parameter, location, message}`. Whatever else comes (a proxy's page, say) must not break anything.

use serde_json::Value;

/// The most that people are shown, in characters.
const LIMIT: usize = 500;

/// What a refusal's body says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// Messages and details in one line, not shortened yet; empty if there are none.
    pub(super) text: String,
    /// The body has Ada's form.
    pub(super) is_ada: bool,
    /// A message says that the conversation is over.
    pub(super) expired: bool,
    /// Details point at parts of what was sent.
    pub(super) points_at_input: bool,
}

/// Reads a refusal's body.
pub(super) fn said(body: &[u8]) -> Said {
    let Ok(json) = serde_json::from_slice::<Value>(body) else {
        return Said::default();
    };
    if let Some(errors) = json["errors"].as_array() {
        let lines: Vec<String> = errors.iter().map(line).filter(|line| !line.is_empty()).collect();
        return Said {
            text: lines.join("; "),
            is_ada: true,
            expired: errors.iter().filter_map(|error| error["message"].as_str()).any(says_expired),
            points_at_input: errors.iter().any(|error| error["details"].as_array().is_some_and(|list| !list.is_empty())),
        };
    }
    // Not Ada's form, but often seen: a lone message.
    let alone = [&json["message"], &json["error"]["message"], &json["error"], &json["detail"]].into_iter().find_map(Value::as_str);
    let text = alone.unwrap_or_default().to_owned();
    Said { expired: says_expired(&text), text, ..Said::default() }
}

/// The text in one line without control characters, without characters that turn the reading direction, and not too long.
pub(super) fn for_people(text: &str) -> String {
    let shown: String = text.chars().map(|sign| if sign.is_control() { ' ' } else { sign }).filter(|sign| !turns(*sign)).collect();
    let line = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LIMIT) {
        Some((cut, _)) => format!("{}…", &line[..cut]),
        None => line,
    }
}

fn line(error: &Value) -> String {
    let message = error["message"].as_str().or(error["type"].as_str()).or(error.as_str()).unwrap_or_default();
    let details = match &error["details"] {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().filter_map(detail).collect::<Vec<_>>().join("; "),
        _ => String::new(),
    };
    match (message.is_empty(), details.is_empty()) {
        (_, true) => message.to_owned(),
        (true, false) => details,
        (false, false) => format!("{message} ({details})"),
    }
}

fn detail(detail: &Value) -> Option<String> {
    let message = detail["message"].as_str().or(detail.as_str());
    let parameter = detail["parameter"].as_str().map(|path| path.trim_start_matches("$."));
    match (parameter, message) {
        (Some(parameter), Some(message)) => Some(format!("{parameter}: {message}")),
        (one, other) => one.or(other).map(ToOwned::to_owned),
    }
}

fn says_expired(message: &str) -> bool {
    message.to_lowercase().contains("conversation is expired")
}

fn turns(sign: char) -> bool {
    matches!(sign, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn text(body: &Value) -> String {
        said(body.to_string().as_bytes()).text
    }

    #[test]
    fn details_may_be_text_nothing_or_a_list() {
        assert_eq!(
            text(&json!({"errors": [{"type": "x", "message": "Not found", "details": "No conversation 1"}]})),
            "Not found (No conversation 1)"
        );
        assert_eq!(text(&json!({"errors": [{"type": "x", "message": "Not found", "details": null}]})), "Not found");
        let list = json!([{"parameter": "$.author.display_name", "location": "body", "message": "Field required"}, {"message": "odd"}, 3]);
        assert_eq!(
            text(&json!({"errors": [{"message": "invalid message data", "details": list}, {"type": "only_a_type"}]})),
            "invalid message data (author.display_name: Field required; odd); only_a_type"
        );
    }

    #[test]
    fn other_bodies_break_nothing() {
        for body in ["", "<html>Bad gateway</html>", "[]", "null", "{\"errors\":{}}", "{\"errors\":[null,1,[]]}", "\u{0}"] {
            assert_eq!(said(body.as_bytes()).text, "", "{body}");
        }
        assert_eq!(text(&json!({"message": "Forbidden"})), "Forbidden");
        assert_eq!(text(&json!({"error": {"message": "nope"}})), "nope");
        assert_eq!(said(&[0xff, 0xfe]), Said::default());
    }

    #[test]
    fn only_a_message_can_say_that_the_conversation_is_over() {
        assert!(said(br#"{"errors":[{"message":"conversation IS Expired."}]}"#).expired);
        assert!(!said(br#"{"errors":[{"message":"bad text","details":"Conversation is expired"}]}"#).expired);
    }

    #[test]
    fn what_people_see_is_one_short_plain_line() {
        assert_eq!(for_people(" a\r\n\tb\u{1b}[31m \u{202e}c\0"), "a b [31m c");
        let long = for_people(&"ä".repeat(5_000));
        assert_eq!(long.chars().count(), LIMIT + 1);
    }
}
