//! A conversation as a whole: read it, change its metadata, end it.

use serde_json::{Value, json};

use super::answer::unreadable;
use super::call::{Body, Call, Subject};
use super::client::Client;
use super::error::AdaError;
use super::wire;
use crate::model::ids::{AdaConversationId, EndUserId};
use crate::model::metadata::{Metadata, MetadataPatch};
use crate::model::stamp::Stamp;

/// A conversation as Ada tells it. Says nothing about handoffs: Ada never does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    pub id: AdaConversationId,
    pub channel: Option<String>,
    pub end_user: Option<EndUserId>,
    /// Ada's word: `active`, `ended`, or one that is newer than this version.
    pub status: Option<String>,
    pub created_at: Option<Stamp>,
    pub updated_at: Option<Stamp>,
    pub metadata: Metadata,
}

impl Conversation {
    /// Whether Ada says that the whole conversation is over.
    pub fn is_ended(&self) -> bool {
        self.status.as_deref() == Some("ended")
    }
}

impl Client {
    /// Reads a conversation.
    pub async fn get_conversation(&self, id: &AdaConversationId) -> Result<Conversation, AdaError> {
        let url = self.base().at(&["conversations", id.as_str()], true)?;
        let json = self.ask(Call::get(Subject::Conversation, url)).await?;
        read(&json).ok_or_else(|| unreadable("no conversation", false))
    }

    /// Changes a conversation's metadata: a value sets, `None` removes, what is not named stays. Gives the conversation after
    /// the change. Doing it twice does no harm.
    pub async fn update_metadata(&self, id: &AdaConversationId, patch: &MetadataPatch) -> Result<Conversation, AdaError> {
        let url = self.base().at(&["conversations", id.as_str()], true)?;
        let json = self.ask(Call::patch(Subject::Conversation, url, json!({ "metadata": patch }))).await?;
        read(&json).ok_or_else(|| unreadable("no conversation", true))
    }

    /// Ends the whole conversation; the AI agent does not go on.
    pub async fn end_conversation(&self, id: &AdaConversationId) -> Result<(), AdaError> {
        let url = self.base().at(&["conversations", id.as_str(), "end"], true)?;
        self.tell(Call::post(Subject::Handoff, url, Body::Nothing)).await
    }
}

fn read(json: &Value) -> Option<Conversation> {
    Some(Conversation {
        id: AdaConversationId(wire::id(&json["id"])?),
        channel: wire::id(&json["channel_id"]),
        end_user: wire::id(&json["end_user_id"]).map(EndUserId),
        status: wire::text(&json["status"]),
        created_at: wire::stamp(&json["created_at"]),
        updated_at: wire::stamp(&json["updated_at"]),
        metadata: wire::metadata(&json["metadata"]),
    })
}
