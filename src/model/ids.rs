//! Identifiers. Ours are UUIDs (version 7: no central counter, sorted by time); Ada's are opaque text.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        #[cfg_attr(feature = "ssr", derive(sqlx::Type))]
        #[cfg_attr(feature = "ssr", sqlx(transparent))]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new identifier; later ones sort after earlier ones.
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

macro_rules! ada_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        #[cfg_attr(feature = "ssr", derive(sqlx::Type))]
        #[cfg_attr(feature = "ssr", sqlx(transparent))]
        pub struct $name(pub String);

        impl $name {
            /// The identifier as Ada wrote it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    };
}

uuid_id!(
    /// One AI agent, that is, one Ada tenant.
    AiAgentId
);
uuid_id!(
    /// One person who signs in.
    PersonId
);
uuid_id!(
    /// One conversation at Ada, as the desk keeps it. It can be handed off several times.
    ConversationId
);
uuid_id!(
    /// One handoff of a conversation to people.
    HandoffId
);
uuid_id!(
    /// One row of a transcript. A reply's is made in the browser that writes it, so that it can be told apart from a repeat.
    MessageId
);
uuid_id!(
    /// One call that is owed to Ada.
    DeliveryId
);
uuid_id!(
    /// One stored event from Ada.
    EventId
);

ada_id!(
    /// Ada's name for a conversation.
    AdaConversationId
);
ada_id!(
    /// Ada's name for a message: `message_id` in lists and webhooks, `id` in the answer to a created one.
    AdaMessageId
);
ada_id!(
    /// Ada's name for an end user.
    EndUserId
);
