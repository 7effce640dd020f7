//! What the trigger tells about a handoff beside its ids.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One name and its value, as text for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextEntry {
    pub name: String,
    pub value: String,
}

/// What a value looks like to people. `None` for what says nothing (null, blank text).
pub fn display(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => text.trim().to_owned(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Array(_) | Value::Object(_) => value.to_string(),
    };
    (!text.is_empty()).then_some(text)
}

/// The entries of a JSON object that say something, in their order there.
pub fn entries(object: &Value) -> Vec<ContextEntry> {
    let Value::Object(map) = object else { return Vec::new() };
    map.iter().filter_map(|(name, value)| Some(ContextEntry { name: name.clone(), value: display(value)? })).collect()
}

/// The first of some names that the context gives.
pub fn first_of(context: &[ContextEntry], names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| context.iter().find(|entry| entry.name.eq_ignore_ascii_case(name)).map(|entry| entry.value.clone()))
}

/// Names under which triggers commonly tell why the customer was handed off.
pub const TOPIC: &[&str] = &["issue_category", "topic", "reason", "handoff_reason", "category", "subject", "intent"];
/// Names under which triggers commonly tell the customer's name.
pub const CUSTOMER: &[&str] = &["name", "full_name", "display_name", "customer_name", "first_name"];
/// Names under which triggers commonly tell the customer's language.
pub const LANGUAGE: &[&str] = &["language", "locale", "lang"];
/// Names under which triggers commonly tell the customer's mail address.
pub const EMAIL: &[&str] = &["email", "email_address", "customer_email"];
