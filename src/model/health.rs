//! How the desk runs, for its administrators.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::alarm::Alarm;
use super::ids::AiAgentId;
use super::pace::{Class, Window};

/// Everything that the health page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    pub ai_agents: Vec<AiAgentHealth>,
    /// Events that wait for somebody.
    pub kept_events: i64,
    #[serde(with = "time::serde::rfc3339")]
    pub now: OffsetDateTime,
}

/// How it stands with one AI agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AiAgentHealth {
    pub id: AiAgentId,
    pub name: String,
    pub domain: String,
    /// What is wrong, oldest first.
    pub alarms: Vec<Alarm>,
    pub heard: Heard,
    pub budget: BudgetUse,
    /// What is owed to Ada, class by class; those with nothing are left out.
    pub owed: Vec<Owed>,
    /// Since when the oldest reply waits that has not reached Ada.
    #[serde(with = "time::serde::rfc3339::option")]
    pub oldest_unsent: Option<OffsetDateTime>,
}

/// What came from Ada's webhooks. Written down every few seconds, so it may be a little behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// The last event that was rightly signed.
    #[serde(with = "time::serde::rfc3339::option")]
    pub any_at: Option<OffsetDateTime>,
    /// The last message in a handoff of this desk.
    #[serde(with = "time::serde::rfc3339::option")]
    pub message_at: Option<OffsetDateTime>,
    /// Requests since the last right one whose signature was refused.
    pub refused: i32,
}

/// How much of what Ada allows is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetUse {
    pub windows: Vec<WindowUse>,
    /// Ada asked to slow down until then.
    #[serde(with = "time::serde::rfc3339::option")]
    pub paused_until: Option<OffsetDateTime>,
    /// When the day's budget has room again.
    #[serde(with = "time::serde::rfc3339::option")]
    pub day_goes_on_at: Option<OffsetDateTime>,
    /// Since when Ada does not take the key.
    #[serde(with = "time::serde::rfc3339::option")]
    pub key_refused_at: Option<OffsetDateTime>,
}

/// One window of the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowUse {
    pub window: Window,
    pub used: i64,
    pub limit: u32,
}

impl WindowUse {
    /// What is left.
    pub fn left(self) -> i64 {
        (i64::from(self.limit) - self.used).max(0)
    }
}

/// Deliveries of one class that are owed to Ada.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owed {
    pub class: Class,
    pub count: i64,
    #[serde(with = "time::serde::rfc3339")]
    pub oldest: OffsetDateTime,
}
