//! What an administrator should look at.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::ids::AiAgentId;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ssr", derive(sqlx::Type), sqlx(type_name = "text", rename_all = "snake_case"))]
pub enum AlarmKind {
    /// No webhook brings what is written, although conversations go on.
    WebhooksSilent,
    /// Webhooks come, but not for all that is written.
    WebhooksIncomplete,
    /// What claims to be a webhook of Ada's bears a signature that no known secret made.
    SignatureRefused,
    /// Messages in open handoffs carry another integration's label.
    WrongLabel,
    /// Calls to Ada get no answer.
    AdaUnreachable,
    /// Ada does not take the key.
    AdaKeyRefused,
    /// What Ada allows is used up.
    BudgetExhausted,
}

impl AlarmKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::WebhooksSilent,
        Self::WebhooksIncomplete,
        Self::SignatureRefused,
        Self::WrongLabel,
        Self::AdaUnreachable,
        Self::AdaKeyRefused,
        Self::BudgetExhausted,
    ];

    /// The word used in SQL, metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WebhooksSilent => "webhooks_silent",
            Self::WebhooksIncomplete => "webhooks_incomplete",
            Self::SignatureRefused => "signature_refused",
            Self::WrongLabel => "wrong_label",
            Self::AdaUnreachable => "ada_unreachable",
            Self::AdaKeyRefused => "ada_key_refused",
            Self::BudgetExhausted => "budget_exhausted",
        }
    }

    /// Whether it means that webhooks cannot be relied on: the desk then reads conversations in turn.
    pub fn is_about_webhooks(self) -> bool {
        matches!(self, Self::WebhooksSilent | Self::WebhooksIncomplete | Self::SignatureRefused | Self::WrongLabel)
    }
}

/// A trouble that stands, or stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    pub ai_agent: AiAgentId,
    /// The AI agent's domain.
    pub domain: String,
    pub kind: AlarmKind,
    /// What was seen and what to look at, in words for an administrator. Without personal data.
    pub detail: String,
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
    /// When there was last a sign of it.
    #[serde(with = "time::serde::rfc3339")]
    pub last_seen: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub cleared_at: Option<OffsetDateTime>,
}
