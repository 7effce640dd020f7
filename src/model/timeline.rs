//! The order of a transcript: a pure function of the facts known about its messages.
//!
//! Ada's time comes first, to the finest precision known. A time that was cut to the second is told apart from others of that second
//! by the message's place in Ada's own list, and what is left equal by Ada's message id: see [`arrange`]. A reply that Ada has not
//! confirmed has no time of Ada's yet: it stands at the end, in the order in which it was written, and moves to its place when the
//! time is known. Nothing waits for a timer, and no clock of ours decides about a message that Ada has dated.

mod facts;
mod order;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use super::ids::MessageId;
use super::message::Message;

pub use facts::{Facts, ada_time, merge_facts, merge_places};
pub use order::arrange;

/// A transcript in reading order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    messages: Vec<Message>,
}

impl Timeline {
    /// Sorts what a snapshot holds. Of several copies of a message the newest counts.
    pub fn new(messages: Vec<Message>) -> Self {
        let mut newest: HashMap<MessageId, Message> = HashMap::with_capacity(messages.len());
        for message in messages {
            if newest.get(&message.id).is_none_or(|known| known.revision < message.revision) {
                newest.insert(message.id, message);
            }
        }
        let mut messages: Vec<_> = newest.into_values().collect();
        arrange(&mut messages);
        Self { messages }
    }

    /// Puts a message in its place, or replaces an older copy of it. An older copy never replaces a newer one.
    /// Returns whether anything changed.
    pub fn upsert(&mut self, message: Message) -> bool {
        if let Some(known) = self.messages.iter().position(|known| known.id == message.id) {
            if self.messages[known].revision >= message.revision {
                return false;
            }
            self.take(known);
        }
        order::insert(&mut self.messages, message);
        true
    }

    /// Takes a message out.
    pub fn remove(&mut self, id: MessageId) {
        if let Some(known) = self.messages.iter().position(|known| known.id == id) {
            self.take(known);
        }
    }

    /// All messages, first to last.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    fn take(&mut self, at: usize) {
        let taken = self.messages.remove(at);
        // Others of its second may stand where they stand because of it.
        order::settle(&mut self.messages, &taken);
    }
}
