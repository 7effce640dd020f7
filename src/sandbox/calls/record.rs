//! The list of calls and their totals.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use crate::sandbox::faults::{Endpoint, word};

/// Calls remembered one by one; the totals forget nothing.
const KEPT: usize = 200_000;

#[derive(Default)]
pub struct Record {
    calls: VecDeque<Call>,
    forgotten: usize,
    tallies: BTreeMap<Endpoint, Tally>,
}

struct Call {
    at_us: i64,
    endpoint: Endpoint,
    conversation_id: Option<String>,
    state: State,
    fault: Option<String>,
}

enum State {
    Open,
    /// Without a status: cut off, or the caller went away.
    Answered(Option<u16>),
}

#[derive(Default)]
struct Tally {
    calls: u64,
    by_status: BTreeMap<String, u64>,
}

/// Stands for one call until it is answered.
#[derive(Clone, Copy)]
pub struct Ticket {
    number: usize,
    endpoint: Endpoint,
}

impl Record {
    pub fn begin(&mut self, endpoint: Endpoint, conversation: Option<&str>, at_us: i64) -> Ticket {
        if self.calls.len() >= KEPT {
            self.calls.pop_front();
            self.forgotten += 1;
        }
        let ticket = Ticket { number: self.forgotten + self.calls.len(), endpoint };
        self.calls.push_back(Call { at_us, endpoint, conversation_id: conversation.map(str::to_owned), state: State::Open, fault: None });
        self.tallies.entry(endpoint).or_default().calls += 1;
        ticket
    }

    pub fn finish(&mut self, ticket: Ticket, status: Option<u16>, fault: Option<String>) {
        let word = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        *self.tallies.entry(ticket.endpoint).or_default().by_status.entry(word).or_default() += 1;
        if let Some(call) = ticket.number.checked_sub(self.forgotten).and_then(|place| self.calls.get_mut(place)) {
            call.state = State::Answered(status);
            call.fault = fault;
        }
    }

    pub fn list(&self, limit: usize) -> Vec<Value> {
        self.calls.iter().skip(self.calls.len().saturating_sub(limit)).map(Call::to_json).collect()
    }

    pub fn total(&self) -> u64 {
        self.tallies.values().map(|tally| tally.calls).sum()
    }

    pub fn per_endpoint(&self) -> Value {
        self.tallies
            .iter()
            .map(|(endpoint, tally)| (word(endpoint), json!({ "calls": tally.calls, "by_status": tally.by_status })))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }
}

impl Call {
    fn to_json(&self) -> Value {
        let (open, status) = match self.state {
            State::Open => (true, None),
            State::Answered(status) => (false, status),
        };
        json!({
            "at_us": self.at_us,
            "endpoint": word(self.endpoint),
            "conversation_id": self.conversation_id,
            "status": status,
            "open": open,
            "fault": self.fault,
        })
    }
}
