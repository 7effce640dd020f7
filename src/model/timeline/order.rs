//! The one comparison of messages. A list of messages is sorted as a whole, because a time that was cut to the second says where a
//! message stands only together with others of that second.
//!
//! Messages of different seconds are told apart by their times. Inside a second
//! - a time with a fraction is trusted as it is;
//! - one without may have been cut: such a message stands behind everything that Ada lists before it. Without a place in the list it
//!   is newer than what was listed;
//! - what is left equal is told apart by its place in the list, then by Ada's id, then by ours.
//!
//! Comparing two messages by their places where both have one, and by their times where not, would be simpler, and no order: of three
//! messages each could stand before the next.

use std::collections::HashMap;

use time::OffsetDateTime;

use super::facts::{ada_time, second};
use crate::model::ids::MessageId;
use crate::model::message::Message;

/// Brings messages into reading order. The order is total and depends on the messages alone, not on how they stood before.
pub fn arrange(messages: &mut [Message]) {
    messages.sort_by_key(block);
    for block in messages.chunk_by_mut(|a, b| self::block(a) == self::block(b)) {
        inside(block);
    }
}

/// Puts one more message among messages that are in order.
pub(super) fn insert(messages: &mut Vec<Message>, message: Message) {
    let block = block(&message);
    let start = messages.partition_point(|other| self::block(other) < block);
    messages.insert(start, message);
    let end = messages.partition_point(|other| self::block(other) <= block);
    inside(&mut messages[start..end]);
}

/// Brings what is left of a second into order, after `taken` was taken out of it.
pub(super) fn settle(messages: &mut [Message], taken: &Message) {
    let block = block(taken);
    let start = messages.partition_point(|other| self::block(other) < block);
    let end = messages.partition_point(|other| self::block(other) <= block);
    inside(&mut messages[start..end]);
}

/// A reply that Ada has not dated stands behind all that is dated, in the order of writing.
fn unconfirmed(message: &Message) -> bool {
    message.ada_id.is_none() && ada_time(message.created_at, message.event_at).is_none()
}

/// When a message was written. One that Ada has not dated is dated by its arrival: it must stand somewhere, everywhere the same.
fn written(message: &Message) -> OffsetDateTime {
    ada_time(message.created_at, message.event_at).unwrap_or(message.recorded_at)
}

/// Messages of different blocks are told apart by this alone.
fn block(message: &Message) -> (bool, OffsetDateTime) {
    (unconfirmed(message), second(written(message)))
}

/// The place in Ada's list; what is not listed comes after what is.
fn place(message: &Message) -> i32 {
    message.listed_at.unwrap_or(i32::MAX)
}

/// Orders the messages of one block.
fn inside(messages: &mut [Message]) {
    if messages.len() < 2 {
        return;
    }
    // The latest time of what stands before each place in the list.
    messages.sort_by_key(place);
    let mut latest_before = Vec::with_capacity(messages.len());
    let mut latest = None;
    for same_place in messages.chunk_by(|a, b| place(a) == place(b)) {
        latest_before.extend(same_place.iter().map(|_| latest));
        latest = latest.max(same_place.iter().map(written).max());
    }
    let keys: HashMap<MessageId, OffsetDateTime> =
        messages.iter().zip(latest_before).map(|(message, before)| (message.id, stands_at(message, before))).collect();
    messages.sort_by(|a, b| key(a, &keys).cmp(&key(b, &keys)));
}

/// A time on the very second may have been cut.
fn stands_at(message: &Message, latest_before: Option<OffsetDateTime>) -> OffsetDateTime {
    let at = written(message);
    if at == second(at) { latest_before.map_or(at, |before| before.max(at)) } else { at }
}

fn key<'a>(message: &'a Message, stands_at: &HashMap<MessageId, OffsetDateTime>) -> (OffsetDateTime, i32, &'a str, MessageId) {
    let at = stands_at.get(&message.id).copied().unwrap_or(message.recorded_at);
    (at, place(message), message.ada_id.as_ref().map_or("", |id| id.as_str()), message.id)
}
