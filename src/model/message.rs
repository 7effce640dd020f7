//! One row of a transcript.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::ids::{AdaMessageId, MessageId, PersonId};
use super::stamp::Stamp;

/// Who wrote a message, in Ada's words plus the two kinds that only the desk has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ssr", derive(sqlx::Type))]
#[cfg_attr(feature = "ssr", sqlx(type_name = "text", rename_all = "snake_case"))]
pub enum AuthorRole {
    /// The customer.
    EndUser,
    /// Ada's AI agent.
    AiAgent,
    /// A person: somebody of this desk, or of another system under the same label.
    HumanAgent,
    /// Nobody: a notice about the conversation.
    System,
    /// A note that only colleagues see.
    Note,
}

impl AuthorRole {
    /// The word used in SQL, JSON and `data-author`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EndUser => "end_user",
            Self::AiAgent => "ai_agent",
            Self::HumanAgent => "human_agent",
            Self::System => "system",
            Self::Note => "note",
        }
    }
}

/// Who wrote a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    pub role: AuthorRole,
    /// The name that Ada or the desk gave; absent for most customers and AI agents.
    pub name: Option<String>,
}

/// What a message says. Text and addresses are as they came: hostile until shown safely.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    Text {
        body: String,
    },
    /// A stand-alone link, such as the survey after a handoff.
    Link {
        url: String,
        link_text: Option<String>,
    },
    /// A file at an address of Ada's that dies after 7 days.
    File {
        url: String,
        mime_type: Option<String>,
        filename: Option<String>,
    },
    /// A notice from Ada that somebody joined or left. In no schema of Ada's, but seen.
    Presence {
        body: String,
    },
    /// Something that this version does not know. `kind` is Ada's word for it.
    Unsupported {
        kind: String,
        body: Option<String>,
    },
}

impl Content {
    /// One line for a list.
    pub fn preview(&self) -> String {
        let text = match self {
            Self::Text { body } | Self::Presence { body } => body.as_str(),
            Self::Link { url, link_text } => link_text.as_deref().unwrap_or(url),
            Self::File { filename, .. } => filename.as_deref().unwrap_or("File"),
            Self::Unsupported { body, .. } => body.as_deref().unwrap_or("Unsupported content"),
        };
        let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(140) {
            Some((cut, _)) => format!("{}…", &line[..cut]),
            None => line,
        }
    }
}

/// Where a message is on its way. Messages from Ada are `Received`; the others are for our own replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ssr", derive(sqlx::Type))]
#[cfg_attr(feature = "ssr", sqlx(type_name = "text", rename_all = "snake_case"))]
pub enum MessageState {
    Received,
    /// Stored, waiting for its turn.
    Queued,
    /// A call to Ada is under way, or its outcome is being looked up.
    Sending,
    Sent,
    /// Ada does not have it, and the desk will not try again by itself.
    Failed,
    /// Even reading the conversation back could not tell. The agent decides.
    Unknown,
}

impl MessageState {
    /// The word used in SQL and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// The word used in `data-state`, which knows five.
    pub fn as_data(self) -> &'static str {
        match self {
            Self::Unknown => "failed",
            other => other.as_str(),
        }
    }
}

/// One row of a transcript, with every fact that its place depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub id: MessageId,
    /// Ada's name for it; absent on a reply that Ada has not confirmed.
    pub ada_id: Option<AdaMessageId>,
    pub author: Author,
    pub content: Content,
    pub state: MessageState,
    /// Why it failed or is delayed, in words for the agent.
    pub problem: Option<String>,
    /// When Ada says that it was written (`created_at`).
    pub created_at: Option<Stamp>,
    /// When Ada made the webhook about it: finer than `created_at` in some cases, never used alone unless there is nothing else.
    pub event_at: Option<Stamp>,
    /// Its place in Ada's list of the conversation, counted from the first; absent if only webhooks told of it.
    pub listed_at: Option<i32>,
    /// When the desk stored it first.
    #[serde(with = "time::serde::rfc3339")]
    pub recorded_at: OffsetDateTime,
    /// It landed above messages that were already there.
    pub late: bool,
    /// Who of this desk wrote it.
    pub sent_by: Option<PersonId>,
    /// Rises with every change of this row, so that an older copy never replaces a newer one.
    pub revision: i32,
}
