//! Events that could not be applied, as administrators see them.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::ids::EventId;

/// What waits for an administrator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptEvents {
    /// How many could not be read.
    pub unreadable: i64,
    /// How many could be read, and not applied.
    pub failed: i64,
    /// The oldest of them.
    pub events: Vec<KeptEvent>,
    #[serde(with = "time::serde::rfc3339")]
    pub now: OffsetDateTime,
}

/// One of them, without what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptEvent {
    pub id: EventId,
    /// The AI agent's domain.
    pub domain: String,
    /// Ada's word for its type, where it could be read.
    pub event_type: Option<String>,
    pub reason: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub received_at: OffsetDateTime,
    /// When applying it was last tried again.
    #[serde(with = "time::serde::rfc3339::option")]
    pub tried_at: Option<OffsetDateTime>,
}

/// What an event says, whole or its beginning: personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    pub id: EventId,
    pub text: String,
    /// Its size in bytes.
    pub size: u64,
    /// Whether `text` is only its beginning.
    pub cut: bool,
}

/// What came of applying one again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "replayed", rename_all = "snake_case")]
pub enum Replayed {
    Applied,
    /// It stays, for this reason.
    Kept {
        reason: String,
    },
    /// It had been applied or set aside meanwhile.
    Gone,
}

/// What came of applying several again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swept {
    pub applied: u32,
    pub kept: u32,
    /// The last one that was tried; to be given back when there are more.
    pub last: Option<EventId>,
    pub more: bool,
}
