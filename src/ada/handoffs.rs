//! A handoff: give control back to the AI agent, and show the customer their place in the queue.

use serde::Serialize;
use serde_json::json;

use super::call::{Body, Call, Subject};
use super::client::Client;
use super::error::AdaError;
use crate::model::ids::AdaConversationId;

/// What a waiting customer is shown. Each one replaces the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "unit", content = "amount", rename_all = "snake_case")]
pub enum QueueNotice {
    /// How many people are ahead; Ada takes 0 to 9999, and 0 shows a text without a number.
    Position(u16),
    /// How long it will take, in seconds; Ada takes up to 86400, and 0 shows a text without a number.
    Time(u32),
    /// That somebody will come, without a number.
    Unknown,
}

impl QueueNotice {
    /// The notice with its number held within what Ada takes.
    fn within_limits(self) -> Self {
        match self {
            Self::Position(ahead) => Self::Position(ahead.min(9_999)),
            Self::Time(seconds) => Self::Time(seconds.min(86_400)),
            Self::Unknown => Self::Unknown,
        }
    }
}

impl Client {
    /// Gives control back to the AI agent; the conversation goes on.
    pub async fn end_handoff(&self, conversation: &AdaConversationId) -> Result<(), AdaError> {
        let url = self.base().at(&["conversations", conversation.as_str(), "end-handoff"], true)?;
        self.tell(Call::post(Subject::Handoff, url, Body::Json(json!({})))).await
    }

    /// Shows the customer how long they will wait. Ada does this on its own chat only, and only until a person has joined:
    /// otherwise the error is [`AdaError::Refused`], which says nothing about the handoff.
    pub async fn update_handoff_queue(&self, conversation: &AdaConversationId, notice: QueueNotice) -> Result<(), AdaError> {
        let url = self.base().at(&["conversations", conversation.as_str(), "handoff-queue"], true)?;
        self.tell(Call::patch(Subject::Queue, url, json!(notice.within_limits()))).await
    }
}
