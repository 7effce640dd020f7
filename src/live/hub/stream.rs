//! A handoff that somebody watches: its newest changes, read or written once however many watch.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{encode, lock};
use crate::live::frames::FromServer;
use crate::model::change::{Change, Numbered};
use crate::people::may::Facts;

/// How many of the newest changes of a watched handoff are kept at hand.
const RECENT: usize = 256;

/// A change as it goes over the wire, made once for all who watch.
#[derive(Clone, Debug)]
pub struct Told {
    pub number: i64,
    pub text: Utf8Bytes,
    /// Whose the handoff is now, where the change tells it.
    pub facts: Option<Facts>,
}

/// What a change tells of the handoff that rights depend on.
pub fn facts(change: &Change) -> Option<Facts> {
    match change {
        Change::Handoff { detail } => {
            Some(Facts { state: detail.summary.state, owner: detail.summary.owner.as_ref().map(|owner| owner.id) })
        }
        _ => None,
    }
}

/// What is at hand after a number.
#[derive(Debug)]
pub enum Recent {
    /// Everything after it, in order.
    All(Vec<Told>),
    /// Something after it has to be read.
    Hole,
}

/// A handoff that somebody watches.
#[derive(Debug, Default)]
pub struct Stream {
    head: watch::Sender<i64>,
    recent: Mutex<VecDeque<Told>>,
}

impl Stream {
    /// Tells when there is more.
    pub fn head(&self) -> watch::Receiver<i64> {
        self.head.subscribe()
    }

    /// The changes after a number, if they are at hand without a hole up to the newest one known.
    pub fn recent_after(&self, number: i64) -> Recent {
        let head = *self.head.borrow();
        let recent = lock(&self.recent);
        let holds_next = recent.front().is_some_and(|first| first.number <= number + 1);
        let holds_newest = recent.back().is_some_and(|last| last.number >= head);
        if number >= head {
            return Recent::All(Vec::new());
        }
        if !(holds_next && holds_newest) {
            return Recent::Hole;
        }
        // They are contiguous: the place of the next one is known.
        let known = recent.front().map_or(0, |first| number + 1 - first.number);
        Recent::All(recent.iter().skip(usize::try_from(known).unwrap_or(0)).cloned().collect())
    }

    /// The number of the newest change known.
    pub(super) fn known(&self) -> i64 {
        *self.head.borrow()
    }

    /// Whether nobody watches any more.
    pub(super) fn is_left(self: &Arc<Self>) -> bool {
        Arc::strong_count(self) <= 1 && self.head.receiver_count() == 0
    }

    /// Keeps changes that were read or have just been committed, and tells those who watch.
    pub(super) fn keep(&self, changes: Vec<Numbered>) {
        let mut recent = lock(&self.recent);
        let mut newest = 0;
        for numbered in changes {
            let (number, facts) = (numbered.number, facts(&numbered.change));
            match recent.back().map(|last| last.number) {
                // Told before.
                Some(last) if number <= last => continue,
                // A hole would hide changes: start over behind it.
                Some(last) if number > last + 1 => recent.clear(),
                _ => {}
            }
            let Some(text) = encode(&FromServer::Change { numbered: Box::new(numbered) }) else {
                recent.clear();
                continue;
            };
            recent.push_back(Told { number, text, facts });
            if recent.len() > RECENT {
                recent.pop_front();
            }
            newest = number;
        }
        drop(recent);
        self.raise(newest);
    }

    /// There are changes up to this number, whether they are at hand or not.
    pub(super) fn raise(&self, head: i64) {
        self.head.send_if_modified(|known| {
            let raised = *known < head;
            *known = head.max(*known);
            raised
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::HandoffId;

    fn changes(numbers: impl IntoIterator<Item = i64>) -> Vec<Numbered> {
        let handoff = HandoffId::new();
        numbers.into_iter().map(|number| Numbered { handoff, number, change: Change::Superseded }).collect()
    }

    fn after(stream: &Stream, number: i64) -> Option<Vec<i64>> {
        match stream.recent_after(number) {
            Recent::All(told) => Some(told.into_iter().map(|told| told.number).collect()),
            Recent::Hole => None,
        }
    }

    #[test]
    fn what_is_at_hand_has_no_hole() {
        let stream = Stream::default();
        stream.raise(7);
        assert_eq!(after(&stream, 7), Some(vec![]));
        assert_eq!(after(&stream, 6), None, "7 was never read");
        stream.keep(changes(8..=10));
        assert_eq!(after(&stream, 7), Some(vec![8, 9, 10]));
        assert_eq!(after(&stream, 9), Some(vec![10]));
        assert_eq!(after(&stream, 6), None);
        stream.keep(changes(9..=11));
        assert_eq!(after(&stream, 8), Some(vec![9, 10, 11]), "each once");
        stream.keep(changes([13]));
        assert_eq!(after(&stream, 11), None, "12 is missing");
        assert_eq!(after(&stream, 12), Some(vec![13]));
        stream.raise(14);
        assert_eq!(after(&stream, 12), None, "14 is known of, and not at hand");
    }

    #[test]
    fn old_ones_leave() {
        let stream = Stream::default();
        stream.keep(changes(1..=1_000));
        assert_eq!(lock(&stream.recent).len(), RECENT);
        assert_eq!(after(&stream, 1), None);
        assert_eq!(after(&stream, 998), Some(vec![999, 1_000]));
    }
}
