//! What agents did and what they were told: their side of the ledgers.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use babbage::model::ids::{HandoffId, MessageId, PersonId};

/// Somebody was told that a handoff is theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Accept {
    pub handoff: HandoffId,
    pub person: PersonId,
}

/// A reply that was sent to the desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub id: MessageId,
    pub handoff: HandoffId,
    pub text: String,
    /// `send_reply` answered that it is stored.
    pub acknowledged: bool,
    /// The agent tried it again after it had failed: from then on it is out of turn.
    pub retried: bool,
    /// The agent took it out.
    pub discarded: bool,
}

/// What all agents wrote down.
#[derive(Default)]
pub struct Journal {
    accepts: Mutex<Vec<Accept>>,
    replies: Mutex<Vec<Reply>>,
    last_words: Mutex<HashSet<HandoffId>>,
    pub counts: Counts,
}

/// What happened on the way.
#[derive(Default)]
pub struct Counts {
    /// Channels that were opened again.
    pub reconnects: AtomicUsize,
    /// Of these, those that brought changes.
    pub catch_ups: AtomicUsize,
    pub resyncs: AtomicUsize,
    /// Changes that did not follow on the one before.
    pub gaps: AtomicUsize,
    /// Accepts that came second.
    pub too_late: AtomicUsize,
    /// Requests without an answer, or with "not now".
    pub unanswered: AtomicUsize,
}

/// One more.
pub fn count(counter: &AtomicUsize) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Journal {
    pub fn accepted(&self, handoff: HandoffId, person: PersonId) {
        lock(&self.accepts).push(Accept { handoff, person });
    }

    /// Before its first byte leaves.
    pub fn sends(&self, id: MessageId, handoff: HandoffId, text: &str) {
        lock(&self.replies).push(Reply { id, handoff, text: text.to_owned(), acknowledged: false, retried: false, discarded: false });
    }

    pub fn change(&self, id: MessageId, change: impl FnOnce(&mut Reply)) {
        if let Some(reply) = lock(&self.replies).iter_mut().find(|reply| reply.id == id) {
            change(reply);
        }
    }

    /// An agent has done what they had to do at the end.
    pub fn has_spoken_last(&self, handoff: HandoffId) {
        lock(&self.last_words).insert(handoff);
    }

    pub fn last_words(&self) -> HashSet<HandoffId> {
        lock(&self.last_words).clone()
    }

    pub fn accepts(&self) -> Vec<Accept> {
        lock(&self.accepts).clone()
    }

    pub fn replies(&self) -> Vec<Reply> {
        lock(&self.replies).clone()
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
