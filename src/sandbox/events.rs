//! The events that Ada sends, before they are written down for the wire.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::clock;
use super::conversation::{Conversation, Message};
use super::files::Files;

pub const MESSAGE: &str = "v1.conversation.message";

/// One event.
pub struct Event {
    pub kind: String,
    pub conversation_id: Option<String>,
    pub data: Value,
    pub at: When,
}

/// The time of an event.
pub enum When {
    /// As Ada's clock says; how it is written is decided later.
    Clock(OffsetDateTime),
    /// Exactly this text.
    Text(String),
}

impl Event {
    /// Any event.
    pub fn new(kind: &str, data: Value, at: When) -> Self {
        Self { kind: kind.to_owned(), conversation_id: data["conversation_id"].as_str().map(str::to_owned), data, at }
    }

    pub fn message(conversation: &Conversation, message: &Message, files: &Files, domain: &str) -> Self {
        let data = json!({
            "message_id": message.id,
            "conversation_id": conversation.id,
            "end_user_id": conversation.end_user_id,
            "handoff_integration": message.integration,
            "channel": conversation.channel.to_json(),
            "created_at": clock::seconds(message.at),
            "author": message.author.to_json(),
            "content": message.content.to_json(files),
            "ai_agent_domain": domain,
        });
        Self::new(MESSAGE, data, When::Clock(message.at))
    }

    pub fn created(conversation: &Conversation, domain: &str) -> Self {
        let data = json!({
            "conversation_id": conversation.id,
            "channel_id": conversation.channel.id,
            "created_at": clock::seconds(conversation.created_at),
            "end_user_id": conversation.end_user_id,
            "metadata": conversation.metadata,
            "ai_agent_domain": domain,
        });
        Self::new("v1.conversation.created", data, When::Clock(conversation.created_at))
    }

    /// Says neither who ended the handoff nor why, as Ada does not.
    pub fn handoff_ended(conversation: &Conversation, label: &str, domain: &str) -> Self {
        let data = json!({
            "conversation_id": conversation.id,
            "end_user_id": conversation.end_user_id,
            "handoff_integration": label,
            "ai_agent_domain": domain,
        });
        Self::new("v1.conversation.handoff.ended", data, When::Clock(conversation.updated_at))
    }

    /// `by` is `end_user`, `system` or `human_agent`.
    pub fn ended(conversation: &Conversation, by: &str, domain: &str) -> Self {
        let by_id = (by == "end_user").then_some(&conversation.end_user_id);
        let data = json!({
            "conversation_id": conversation.id,
            "channel_id": conversation.channel.id,
            "end_user_id": conversation.end_user_id,
            "created_at": clock::seconds(conversation.created_at),
            "updated_at": clock::seconds(conversation.updated_at),
            "ended_by": { "id": by_id, "role": by },
            "metadata": conversation.metadata,
            "ai_agent_domain": domain,
        });
        Self::new("v1.conversation.ended", data, When::Clock(conversation.updated_at))
    }
}
