//! Events that are none of the desk's business, between those that are.

use serde_json::{Value, json};

use crate::sandbox::events::{Event, MESSAGE, When};
use crate::sandbox::faults::{Dice, Webhooks};

/// What follows a real message event. It belongs to conversations that nobody has, so that a desk that takes it for its
/// own is found out.
pub fn after(event: &Event, faults: &Webhooks, dice: &Dice) -> Vec<Event> {
    if event.kind != MESSAGE {
        return Vec::new();
    }
    let mut noise = Vec::new();
    if dice.hits(faults.other_label, "other_label") {
        noise.push(foreign(event, &json!("zendesk_chat"), dice, "other"));
    }
    if dice.hits(faults.null_label, "null_label") {
        noise.push(foreign(event, &Value::Null, dice, "null"));
    }
    if dice.hits(faults.unknown_type, "unknown_type") {
        noise.push(like(event, "v1.conversation.weather_changed", json!({ "conversation_id": event.conversation_id, "outlook": "fair" })));
    }
    noise
}

fn foreign(event: &Event, label: &Value, dice: &Dice, what: &str) -> Event {
    let mut data = event.data.clone();
    let id = |of: &str| format!("ffff{:020x}", dice.below(u64::MAX, &format!("{of} of {what}")));
    data["conversation_id"] = json!(id("conversation"));
    data["message_id"] = json!(id("message"));
    data["handoff_integration"] = label.clone();
    data["content"] = json!({ "type": "text", "body": "This was said to somebody else." });
    like(event, MESSAGE, data)
}

fn like(event: &Event, kind: &str, data: Value) -> Event {
    let at = match &event.at {
        When::Clock(at) => When::Clock(*at),
        When::Text(text) => When::Text(text.clone()),
    };
    Event::new(kind, data, at)
}
