//! Events as Ada sends them. Tests change fields in place: `event["data"]["author"] = …`.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::desk::{DOMAIN, INTEGRATION, signer};

/// A text of the customer, written now.
pub fn message(conversation: &str, id: &str, body: &str) -> Value {
    let now = stamp(OffsetDateTime::now_utc());
    json!({
        "type": "v1.conversation.message",
        "timestamp": now,
        "data": {
            "message_id": id,
            "conversation_id": conversation,
            "end_user_id": "user-1",
            "handoff_integration": INTEGRATION,
            "channel": { "type": "native", "id": "chat", "name": "Chat", "modality": "messaging" },
            "created_at": now,
            "author": { "id": "user-1", "role": "end_user", "avatar": null, "display_name": "Jane" },
            "content": { "type": "text", "body": body },
            "ai_agent_domain": DOMAIN,
        }
    })
}

/// Ada shows a reply of ours back.
pub fn echo(conversation: &str, id: &str, name: &str, body: &str) -> Value {
    let mut event = message(conversation, id, body);
    event["data"]["author"] = json!({ "id": null, "role": "human_agent", "avatar": null, "display_name": name });
    event
}

/// A text written at a certain time.
pub fn message_at(conversation: &str, id: &str, body: &str, created_at: &str, timestamp: &str) -> Value {
    let mut event = message(conversation, id, body);
    event["timestamp"] = json!(timestamp);
    event["data"]["created_at"] = json!(created_at);
    event
}

/// The handoff ended; Ada does not say why.
pub fn handoff_ended(conversation: &str, at: OffsetDateTime) -> Value {
    json!({
        "type": "v1.conversation.handoff.ended",
        "timestamp": stamp(at),
        "data": {
            "conversation_id": conversation,
            "end_user_id": "user-1",
            "handoff_integration": INTEGRATION,
            "ai_agent_domain": DOMAIN,
        }
    })
}

/// The whole conversation ended.
pub fn conversation_ended(conversation: &str, by: &str) -> Value {
    let now = stamp(OffsetDateTime::now_utc());
    json!({
        "type": "v1.conversation.ended",
        "timestamp": now,
        "data": {
            "conversation_id": conversation,
            "channel_id": "chat",
            "end_user_id": "user-1",
            "created_at": now,
            "updated_at": now,
            "ended_by": { "id": null, "role": by },
            "metadata": {},
            "ai_agent_domain": DOMAIN,
        }
    })
}

/// A time in Ada's form, to the millisecond.
pub fn stamp(at: OffsetDateTime) -> String {
    let form = time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]+00:00");
    at.to_offset(time::UtcOffset::UTC).format(form).expect("a time")
}

/// The headers of a delivery, signed with one or more secrets.
pub fn signed(secrets: &[&str], id: &str, timestamp: i64, body: &[u8]) -> Vec<(&'static str, String)> {
    let signatures: Vec<_> = secrets.iter().map(|secret| signer(secret).sign(id, timestamp, body).expect("a signature")).collect();
    vec![("svix-id", id.to_owned()), ("svix-timestamp", timestamp.to_string()), ("svix-signature", signatures.join(" "))]
}
