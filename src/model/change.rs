//! What browsers are told: numbered changes of one handoff, and snapshots to start from.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::handoff::{HandoffDetail, HandoffSummary};
use super::ids::{HandoffId, MessageId};
use super::message::Message;
use super::person::Person;
use super::timeline::Timeline;

/// What a change brings. Each carries the whole new value, so that applying it twice does no harm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    Message {
        message: Box<Message>,
    },
    /// A message left the transcript: a discarded reply, or a double that was recognised.
    Gone {
        id: MessageId,
    },
    Handoff {
        detail: Box<HandoffDetail>,
    },
    /// What changed here is brought by a later change that follows at once.
    Superseded,
}

/// A change with its place among the changes of its handoff: 1, 2, 3, … without gaps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbered {
    pub handoff: HandoffId,
    pub number: i64,
    pub change: Change,
}

/// One handoff as a whole, up to a change's number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandoffSnapshot {
    pub number: i64,
    pub detail: HandoffDetail,
    pub messages: Vec<Message>,
}

/// The lists that one person sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskSnapshot {
    pub me: Person,
    /// What waits, and what is or was this person's and is not put away.
    pub handoffs: Vec<HandoffSummary>,
    /// The server's clock, so that "3 min ago" agrees on both sides.
    #[serde(with = "time::serde::rfc3339")]
    pub now: OffsetDateTime,
}

/// What came of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It was the next one.
    Yes,
    /// It was known already.
    Known,
    /// One or more before it are missing: ask again from `OpenHandoff::number`.
    Gap,
}

/// One handoff as a browser holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenHandoff {
    /// The last change applied.
    pub number: i64,
    pub detail: HandoffDetail,
    pub timeline: Timeline,
}

impl From<HandoffSnapshot> for OpenHandoff {
    fn from(snapshot: HandoffSnapshot) -> Self {
        Self { number: snapshot.number, detail: snapshot.detail, timeline: Timeline::new(snapshot.messages) }
    }
}

impl OpenHandoff {
    /// Applies the next change, and no other.
    pub fn apply(&mut self, numbered: Numbered) -> Applied {
        if numbered.number <= self.number {
            return Applied::Known;
        }
        if numbered.number > self.number + 1 {
            return Applied::Gap;
        }
        self.number = numbered.number;
        match numbered.change {
            Change::Message { message } => {
                self.timeline.upsert(*message);
            }
            Change::Gone { id } => self.timeline.remove(id),
            Change::Superseded => {}
            Change::Handoff { detail } => {
                if detail.summary.number >= self.detail.summary.number {
                    self.detail = *detail;
                }
            }
        }
        Applied::Yes
    }
}

/// Puts a newer summary into a list; an older one changes nothing. Entries that belong to neither list go.
pub fn merge_summary(list: &mut Vec<HandoffSummary>, summary: HandoffSummary, me: super::ids::PersonId) {
    let known = list.iter().position(|known| known.id == summary.id);
    if known.is_some_and(|at| list[at].number >= summary.number) {
        return;
    }
    if let Some(at) = known {
        list.remove(at);
    }
    if summary.in_queue() || summary.in_list_of(me) {
        list.push(summary);
        // Oldest first: who has waited longest stands on top.
        list.sort_by_key(|entry| (entry.handed_off_at, entry.id));
    }
}
