//! The handoff that is open, in pieces that change on their own: a new message touches no other row.

use std::collections::{HashMap, HashSet};

use leptos::prelude::*;
use leptos::task::spawn_local;
use time::{Duration, OffsetDateTime};

use super::arrange::{Lines, arrange};
use crate::model::change::{Applied, Change, HandoffSnapshot, Numbered, OpenHandoff};
use crate::model::handoff::HandoffDetail;
use crate::model::ids::{HandoffId, MessageId};
use crate::model::message::Message;
use crate::ui::browser;

/// The open handoff.
#[derive(Clone)]
pub struct Pane {
    pub id: HandoffId,
    pub detail: ArcRwSignal<HandoffDetail>,
    pub lines: ArcRwSignal<Lines>,
    /// Whether somebody unfolded the part before the handoff.
    pub unfolded: ArcRwSignal<bool>,
    held: ArcStoredValue<OpenHandoff>,
    rows: ArcStoredValue<HashMap<MessageId, ArcRwSignal<Message>>>,
    unshown: ArcStoredValue<Unshown>,
}

/// What was applied and is not shown yet.
#[derive(Default)]
struct Unshown {
    messages: HashSet<MessageId>,
    /// A message left.
    lines: bool,
    detail: bool,
    /// Whether somebody is about to show it.
    pending: bool,
    shown_at: Option<OffsetDateTime>,
}

/// What a change makes necessary to draw anew.
enum Changed {
    Message(MessageId),
    Lines,
    Detail,
    Nothing,
}

/// Changes that arrive within this time, one frame, are shown together: after an absence there may be hundreds.
const TOGETHER: Duration = Duration::milliseconds(16);

impl Pane {
    pub fn new(snapshot: HandoffSnapshot) -> Self {
        let held = OpenHandoff::from(snapshot);
        let pane = Self {
            id: held.detail.summary.id,
            detail: ArcRwSignal::new(held.detail.clone()),
            lines: ArcRwSignal::new(Lines::default()),
            unfolded: ArcRwSignal::new(false),
            held: ArcStoredValue::new(held),
            rows: ArcStoredValue::new(HashMap::new()),
            unshown: ArcStoredValue::new(Unshown::default()),
        };
        pane.show_messages();
        pane
    }

    /// The last change that it has.
    pub fn number(&self) -> i64 {
        self.held.with_value(|held| held.number)
    }

    /// Starts again from a snapshot, without taking away what did not change. An older one than what is there changes nothing.
    pub fn replace(&self, snapshot: HandoffSnapshot) {
        if snapshot.number < self.number() || snapshot.detail.summary.id != self.id {
            return;
        }
        let known = self.held.with_value(|held| held.timeline.messages().to_vec());
        let mut held = OpenHandoff::from(snapshot);
        // What this page sent and the snapshot does not know yet.
        for message in known.into_iter().filter(is_provisional) {
            held.timeline.upsert(message);
        }
        self.held.set_value(held);
        self.show_detail();
        self.show_messages();
    }

    /// Applies the next change. It shows at once; of many that arrive together, the later ones show together.
    pub fn apply(&self, numbered: Numbered) -> Applied {
        let changed = match &numbered.change {
            Change::Message { message } => Changed::Message(message.id),
            Change::Gone { .. } => Changed::Lines,
            Change::Handoff { .. } => Changed::Detail,
            Change::Superseded => Changed::Nothing,
        };
        let applied = self.held.try_update_value(|held| held.apply(numbered)).unwrap_or(Applied::Known);
        if applied == Applied::Yes {
            self.unshown.update_value(|unshown| match changed {
                Changed::Message(id) => {
                    unshown.messages.insert(id);
                }
                Changed::Lines => unshown.lines = true,
                Changed::Detail => unshown.detail = true,
                Changed::Nothing => {}
            });
            self.show_soon();
        }
        applied
    }

    /// Shows what was applied and is not shown yet.
    pub fn show(&self) {
        let unshown = self.unshown.try_update_value(|unshown| {
            let now = Unshown { shown_at: Some(browser::now()), ..Unshown::default() };
            std::mem::replace(unshown, now)
        });
        let Some(unshown) = unshown else { return };
        if !unshown.messages.is_empty() {
            let changed: Vec<_> = self.held.with_value(|held| {
                let all = held.timeline.messages().iter();
                all.filter(|message| unshown.messages.contains(&message.id)).cloned().collect()
            });
            for message in changed {
                self.show_row(message);
            }
        }
        if unshown.lines || !unshown.messages.is_empty() {
            self.show_lines();
        }
        if unshown.detail {
            self.show_detail();
        }
    }

    /// Shows a reply that the server has stored and that the live channel has not brought yet.
    pub fn show_stored(&self, reply: Message) {
        let id = reply.id;
        if self.held.try_update_value(|held| held.timeline.upsert(reply)) == Some(true) {
            self.show_message(id);
        }
    }

    /// Takes a discarded reply out of sight.
    pub fn hide(&self, id: MessageId) {
        self.held.update_value(|held| held.timeline.remove(id));
        self.show_lines();
    }

    /// One row, to be read while it changes.
    pub fn row(&self, id: MessageId) -> Option<ArcRwSignal<Message>> {
        self.rows.with_value(|rows| rows.get(&id).cloned())
    }

    /// Whether a message is there.
    pub fn has(&self, id: MessageId) -> bool {
        self.rows.with_value(|rows| rows.contains_key(&id))
    }

    fn show_soon(&self) {
        let (pending, just_now) = self.unshown.with_value(|unshown| {
            let just_now = unshown.shown_at.is_some_and(|at| browser::now() - at < TOGETHER);
            (unshown.pending, just_now)
        });
        if !just_now {
            self.show();
        } else if !pending {
            self.unshown.update_value(|unshown| unshown.pending = true);
            let pane = self.clone();
            spawn_local(async move {
                browser::pause(TOGETHER.subsec_milliseconds().unsigned_abs().into()).await;
                pane.show();
            });
        }
    }

    fn show_detail(&self) {
        let detail = self.held.with_value(|held| held.detail.clone());
        if self.detail.with_untracked(|shown| *shown != detail) {
            self.detail.set(detail);
            self.show_lines();
        }
    }

    fn show_message(&self, id: MessageId) {
        let found = self.held.with_value(|held| held.timeline.messages().iter().find(|message| message.id == id).cloned());
        if let Some(message) = found {
            self.show_row(message);
        }
        self.show_lines();
    }

    fn show_messages(&self) {
        let messages = self.held.with_value(|held| held.timeline.messages().to_vec());
        for message in messages {
            self.show_row(message);
        }
        self.show_lines();
    }

    fn show_row(&self, message: Message) {
        match self.row(message.id) {
            Some(row) if row.with_untracked(|shown| *shown == message) => {}
            Some(row) => row.set(message),
            None => self.rows.update_value(|rows| {
                rows.insert(message.id, ArcRwSignal::new(message));
            }),
        }
    }

    fn show_lines(&self) {
        let lines = self.held.with_value(|held| {
            let summary = &held.detail.summary;
            arrange(held.timeline.messages(), summary.handed_off_at, summary.accepted_at)
        });
        if self.lines.with_untracked(|shown| *shown != lines) {
            self.lines.set(lines);
        }
    }
}

/// The revision of a reply that only this page knows: older than any that the server gives.
pub const PROVISIONAL: i32 = -1;

fn is_provisional(message: &Message) -> bool {
    message.revision == PROVISIONAL
}
