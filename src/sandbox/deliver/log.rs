//! What was delivered, how often it was tried, and what came back.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::sandbox::clock;

/// Deliveries remembered; beyond it the oldest are forgotten.
const KEPT: usize = 100_000;

/// The log of deliveries, in the order in which the events happened.
#[derive(Default)]
pub struct Log {
    entries: VecDeque<Entry>,
    /// Svix id to the entry's number; the first kept entry has number `forgotten`.
    numbers: HashMap<String, usize>,
    forgotten: usize,
    /// How many events are in each state, forgotten ones included.
    states: HashMap<State, usize>,
    /// Attempts that were spoiled on purpose and accepted all the same.
    forged_accepted: usize,
}

/// What has become of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Not yet delivered.
    Pending,
    /// A 2xx came.
    Delivered,
    /// Given up.
    Failed,
    /// Never sent, because of a fault that is switched on.
    Lost,
    /// Not sent, or not sent again, while webhooks are stopped.
    Stopped,
}

struct Entry {
    id: String,
    kind: String,
    conversation_id: Option<String>,
    body: Arc<str>,
    created_at: OffsetDateTime,
    attempts: Vec<Attempt>,
    state: State,
}

/// One attempt and its answer.
pub struct Attempt {
    pub at: OffsetDateTime,
    /// When the answer, or the failure, arrived.
    pub arrived: OffsetDateTime,
    pub status: Option<u16>,
    pub error: Option<&'static str>,
    /// It carried a wrong signature or time, on purpose.
    pub spoiled: bool,
}

impl Log {
    pub fn add(&mut self, id: &str, kind: String, conversation_id: Option<String>, body: Arc<str>, state: State) {
        if self.entries.len() >= KEPT
            && let Some(oldest) = self.entries.pop_front()
        {
            self.numbers.remove(&oldest.id);
            self.forgotten += 1;
        }
        self.numbers.insert(id.to_owned(), self.forgotten + self.entries.len());
        self.entries.push_back(Entry {
            id: id.to_owned(),
            kind,
            conversation_id,
            body,
            created_at: clock::now(),
            attempts: Vec::new(),
            state,
        });
        *self.states.entry(state).or_default() += 1;
    }

    pub fn body(&self, id: &str) -> Option<Arc<str>> {
        let number = self.numbers.get(id)?;
        let entry = self.entries.get(number - self.forgotten)?;
        Some(entry.body.clone())
    }

    pub fn attempted(&mut self, id: &str, attempt: Attempt) {
        let next = if attempt.delivers() { State::Delivered } else { State::Pending };
        self.forged_accepted += usize::from(attempt.spoiled && attempt.succeeded());
        if let Some(entry) = self.find(id) {
            entry.attempts.push(attempt);
        }
        self.set(id, next);
    }

    /// Notes what became of an event; what was delivered stays delivered.
    pub fn set(&mut self, id: &str, next: State) {
        let Some(entry) = self.find(id) else { return };
        let before = entry.state;
        if before == State::Delivered || before == next {
            return;
        }
        entry.state = next;
        *self.states.entry(next).or_default() += 1;
        if let Some(count) = self.states.get_mut(&before) {
            *count -= 1;
        }
    }

    /// Takes everything that never arrived and is not under way, to be sent again.
    pub fn take_missing(&mut self) -> Vec<(String, Arc<str>)> {
        let missing: Vec<_> = self
            .entries
            .iter()
            .filter(|entry| matches!(entry.state, State::Lost | State::Stopped | State::Failed))
            .map(|entry| (entry.id.clone(), entry.body.clone()))
            .collect();
        for (id, _) in &missing {
            self.set(id, State::Pending);
        }
        missing
    }

    /// Whether the first attempt is still to come.
    pub fn is_untried(&self, id: &str) -> bool {
        let entry = self.numbers.get(id).and_then(|number| self.entries.get(number - self.forgotten));
        entry.is_some_and(|entry| entry.state == State::Pending && entry.attempts.is_empty())
    }

    pub fn count(&self, state: State) -> usize {
        self.states.get(&state).copied().unwrap_or_default()
    }

    pub fn forged_accepted(&self) -> usize {
        self.forged_accepted
    }

    pub fn list(&self, conversation_id: Option<&str>, kind: Option<&str>, limit: usize) -> Vec<Value> {
        let mut found: Vec<Value> = self
            .entries
            .iter()
            .rev()
            .filter(|entry| conversation_id.is_none_or(|id| entry.conversation_id.as_deref() == Some(id)))
            .filter(|entry| kind.is_none_or(|kind| entry.kind == kind))
            .take(limit)
            .map(Entry::to_json)
            .collect();
        found.reverse();
        found
    }

    fn find(&mut self, id: &str) -> Option<&mut Entry> {
        let number = self.numbers.get(id)?;
        self.entries.get_mut(number - self.forgotten)
    }
}

impl Entry {
    fn to_json(&self) -> Value {
        let last = self.attempts.last();
        let first_success = self.attempts.iter().find(|attempt| attempt.delivers());
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        json!({
            "svix_id": self.id,
            "type": self.kind,
            "conversation_id": self.conversation_id,
            "message_id": body["data"]["message_id"],
            "timestamp": body["timestamp"],
            "created_at": clock::milliseconds(self.created_at),
            "state": self.state.name(),
            "attempts": self.attempts.len(),
            "last_status": last.and_then(|attempt| attempt.status),
            "last_error": last.and_then(|attempt| attempt.error),
            "delivered_at_us": first_success.map(|attempt| clock::microseconds(attempt.arrived)),
            "tries": self.attempts.iter().map(Attempt::to_json).collect::<Vec<_>>(),
        })
    }
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Lost => "lost",
            Self::Stopped => "stopped",
        }
    }
}

impl Attempt {
    /// A 2xx for an attempt that deserved one.
    fn delivers(&self) -> bool {
        self.succeeded() && !self.spoiled
    }

    fn succeeded(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }

    fn to_json(&self) -> Value {
        json!({
            "at_us": clock::microseconds(self.at),
            "answered_at_us": clock::microseconds(self.arrived),
            "status": self.status,
            "error": self.error,
            "spoiled": self.spoiled,
        })
    }
}
