//! The order of a transcript: a pure function of the facts known about its messages.
//!
//! Ada's time comes first, to the finest precision known; what is left equal is told apart by its place in Ada's own list, and then by
//! Ada's message id. A reply that Ada has
//! not confirmed has no time of Ada's yet: it stands at the end, in the order in which it was written, and moves to its place
//! when the time is known. Nothing waits for a timer, and no clock of ours decides about a message that Ada has dated.

use std::cmp::Ordering;

use time::OffsetDateTime;

use super::ids::MessageId;
use super::message::Message;
use super::stamp::Stamp;

/// Ada's time of a message, to the finest precision known.
///
/// `created_at` is often cut to the second while the webhook carries milliseconds. The webhook's time refines `created_at` only
/// inside that very second: a webhook made later (a replay, a delay at Ada) says nothing about when the message was written.
pub fn ada_time(created_at: Option<Stamp>, event_at: Option<Stamp>) -> Option<OffsetDateTime> {
    match (created_at, event_at) {
        (Some(created), Some(event)) if !created.fine => {
            let inside = event.at >= created.at && (event.at - created.at).whole_seconds() == 0;
            Some(if inside { event.at } else { created.at })
        }
        (Some(created), _) => Some(created.at),
        (None, event) => event.map(|event| event.at),
    }
}

/// What we know of a message's time when two reports of it meet: the finer `created_at`, the earlier webhook.
/// Commutative, associative and idempotent, so that the order of arrival does not matter.
pub fn merge_facts(one: (Option<Stamp>, Option<Stamp>), other: (Option<Stamp>, Option<Stamp>)) -> (Option<Stamp>, Option<Stamp>) {
    let created = match (one.0, other.0) {
        (Some(a), Some(b)) if a.fine == b.fine => Some(a.min(b)),
        (Some(a), Some(b)) => Some(if a.fine { a } else { b }),
        (a, b) => a.or(b),
    };
    let event = match (one.1, other.1) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    (created, event)
}

/// Where a message stands. Dated messages come first; undated ones from Ada do not occur (they get the time of arrival).
fn place(message: &Message) -> (bool, OffsetDateTime, i32, &str, MessageId) {
    let dated = ada_time(message.created_at, message.event_at);
    let undated_reply = dated.is_none() && message.ada_id.is_none();
    let at = dated.unwrap_or(message.recorded_at);
    (undated_reply, at, message.listed_at.unwrap_or(i32::MAX), message.ada_id.as_ref().map_or("", |id| id.as_str()), message.id)
}

/// The reading order of two messages. Total: no two rows are equal.
pub fn reading_order(a: &Message, b: &Message) -> Ordering {
    place(a).cmp(&place(b))
}

/// A transcript in reading order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    messages: Vec<Message>,
}

impl Timeline {
    /// Sorts what a snapshot holds.
    pub fn new(messages: Vec<Message>) -> Self {
        let mut timeline = Self::default();
        timeline.messages.reserve(messages.len());
        for message in messages {
            timeline.upsert(message);
        }
        timeline
    }

    /// Puts a message in its place, or replaces an older copy of it. An older copy never replaces a newer one.
    /// Returns whether anything changed.
    pub fn upsert(&mut self, message: Message) -> bool {
        if let Some(known) = self.messages.iter().position(|known| known.id == message.id) {
            if self.messages[known].revision >= message.revision {
                return false;
            }
            self.messages.remove(known);
        }
        let at = self.messages.partition_point(|other| reading_order(other, &message) == Ordering::Less);
        self.messages.insert(at, message);
        true
    }

    /// Takes a message out.
    pub fn remove(&mut self, id: MessageId) {
        self.messages.retain(|message| message.id != id);
    }

    /// All messages, first to last.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::Duration;
    use time::macros::datetime;

    use super::*;
    use crate::model::ids::AdaMessageId;
    use crate::model::message::{Author, AuthorRole, Content, MessageState};

    fn stamp(text: &str) -> Stamp {
        Stamp::parse(text).expect("a timestamp")
    }

    fn message(number: u128, created_at: Option<Stamp>, event_at: Option<Stamp>, revision: i32) -> Message {
        Message {
            id: MessageId(uuid::Uuid::from_u128(number)),
            ada_id: Some(AdaMessageId(format!("m{number:04}"))),
            author: Author { role: AuthorRole::EndUser, name: None },
            content: Content::Text { body: number.to_string() },
            state: MessageState::Received,
            problem: None,
            created_at,
            event_at,
            listed_at: number.is_multiple_of(2).then(|| i32::try_from(number).expect("small")),
            recorded_at: datetime!(2026-01-01 00:00 UTC),
            late: false,
            sent_by: None,
            revision,
        }
    }

    #[test]
    fn the_webhook_refines_the_second_but_never_leaves_it() {
        let second = Some(stamp("2026-10-20T09:07:02+00:00"));
        assert_eq!(ada_time(second, Some(stamp("2026-10-20T09:07:02.417Z"))), Some(datetime!(2026-10-20 09:07:02.417 UTC)));
        assert_eq!(ada_time(second, Some(stamp("2026-10-20T19:07:02.417Z"))), Some(datetime!(2026-10-20 09:07:02 UTC)));
        assert_eq!(ada_time(second, Some(stamp("2026-10-20T09:07:01.999Z"))), Some(datetime!(2026-10-20 09:07:02 UTC)));
        assert_eq!(
            ada_time(Some(stamp("2026-10-20T09:07:02.1Z")), Some(stamp("2026-10-20T09:07:02.9Z"))),
            Some(datetime!(2026-10-20 09:07:02.1 UTC))
        );
        assert_eq!(ada_time(None, None), None);
    }

    #[test]
    fn an_unconfirmed_reply_stands_last_whatever_our_clock_says() {
        let mut reply = message(9, None, None, 1);
        reply.ada_id = None;
        reply.recorded_at = datetime!(2020-01-01 00:00 UTC);
        let timeline = Timeline::new(vec![reply.clone(), message(1, Some(stamp("2026-10-20T09:07:02Z")), None, 1)]);
        assert_eq!(timeline.messages().last(), Some(&reply));
    }

    #[test]
    fn an_older_copy_never_replaces_a_newer_one() {
        let mut timeline = Timeline::new(vec![message(1, Some(stamp("2026-10-20T09:07:02Z")), None, 3)]);
        assert!(!timeline.upsert(message(1, Some(stamp("2026-10-20T09:09:02Z")), None, 2)));
        assert_eq!(timeline.messages()[0].revision, 3);
    }

    fn facts() -> impl Strategy<Value = (Option<Stamp>, Option<Stamp>)> {
        let one = (0..5i64, prop::option::of(0..1000i64)).prop_map(|(second, milli)| {
            let at = datetime!(2026-10-20 09:00 UTC) + Duration::seconds(second) + Duration::milliseconds(milli.unwrap_or(0));
            Stamp { at, fine: milli.is_some() }
        });
        (prop::option::of(one.clone()), prop::option::of(one))
    }

    proptest! {
        #[test]
        fn any_order_of_arrival_gives_the_same_transcript(
            facts in prop::collection::vec(facts(), 1..20),
            order in prop::collection::vec(any::<prop::sample::Index>(), 1..60),
        ) {
            let messages: Vec<_> = facts.iter().enumerate()
                .map(|(i, (created, event))| message(i as u128, *created, *event, 1)).collect();
            let straight = Timeline::new(messages.clone());
            // Any permutation with repeats, then the rest so that all have arrived.
            let shuffled: Vec<_> = order.iter().map(|index| index.get(&messages).clone()).chain(messages.clone()).collect();
            prop_assert_eq!(Timeline::new(shuffled), straight);
        }

        #[test]
        fn facts_merge_the_same_in_any_order(a in facts(), b in facts(), c in facts()) {
            prop_assert_eq!(merge_facts(a, b), merge_facts(b, a));
            prop_assert_eq!(merge_facts(merge_facts(a, b), c), merge_facts(a, merge_facts(b, c)));
            prop_assert_eq!(merge_facts(a, a), a);
        }
    }
}
