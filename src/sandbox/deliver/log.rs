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
}

struct Entry {
    id: String,
    kind: String,
    conversation_id: Option<String>,
    body: Arc<str>,
    created_at: OffsetDateTime,
    attempts: Vec<Attempt>,
    given_up: bool,
}

/// One attempt and its answer.
pub struct Attempt {
    pub at: OffsetDateTime,
    /// When the answer, or the failure, arrived.
    pub arrived: OffsetDateTime,
    pub status: Option<u16>,
    pub error: Option<&'static str>,
}

impl Log {
    pub fn add(&mut self, id: &str, kind: String, conversation_id: Option<String>, body: Arc<str>) {
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
            given_up: false,
        });
    }

    pub fn body(&self, id: &str) -> Option<Arc<str>> {
        let number = self.numbers.get(id)?;
        let entry = self.entries.get(number - self.forgotten)?;
        Some(entry.body.clone())
    }

    pub fn attempted(&mut self, id: &str, attempt: Attempt) {
        if let Some(entry) = self.find(id) {
            entry.given_up = false;
            entry.attempts.push(attempt);
        }
    }

    pub fn give_up(&mut self, id: &str) {
        if let Some(entry) = self.find(id) {
            entry.given_up = true;
        }
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
        let first_success = self.attempts.iter().find(|attempt| attempt.succeeded());
        let state = if first_success.is_some() {
            "delivered"
        } else if self.given_up {
            "failed"
        } else {
            "pending"
        };
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        json!({
            "svix_id": self.id,
            "type": self.kind,
            "conversation_id": self.conversation_id,
            "message_id": body["data"]["message_id"],
            "timestamp": body["timestamp"],
            "created_at": clock::milliseconds(self.created_at),
            "state": state,
            "attempts": self.attempts.len(),
            "last_status": last.and_then(|attempt| attempt.status),
            "last_error": last.and_then(|attempt| attempt.error),
            "delivered_at_us": first_success.map(|attempt| clock::microseconds(attempt.arrived)),
            "tries": self.attempts.iter().map(Attempt::to_json).collect::<Vec<_>>(),
        })
    }
}

impl Attempt {
    fn succeeded(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }

    fn to_json(&self) -> Value {
        json!({
            "at_us": clock::microseconds(self.at),
            "answered_at_us": clock::microseconds(self.arrived),
            "status": self.status,
            "error": self.error,
        })
    }
}
