//! What is known of when a message was written, and how two reports of it make one.

use time::OffsetDateTime;

use crate::model::stamp::Stamp;

/// What is known of a message's time: its `created_at`, and the time of a webhook about it.
pub type Facts = (Option<Stamp>, Option<Stamp>);

/// Ada's time of a message, to the finest precision known.
///
/// `created_at` is often cut to the second while the webhook carries milliseconds. The webhook's time refines `created_at` only
/// inside that very second: a webhook made later (a replay, a delay at Ada) says nothing about when the message was written.
pub fn ada_time(created_at: Option<Stamp>, event_at: Option<Stamp>) -> Option<OffsetDateTime> {
    match (created_at, event_at) {
        (Some(created), Some(event)) if !created.fine => Some(if second(event.at) == second(created.at) { event.at } else { created.at }),
        (Some(created), _) => Some(created.at),
        (None, event) => event.map(|event| event.at),
    }
}

/// What is known when two reports of a message meet: the finer `created_at`, the earlier webhook.
/// Commutative, associative and idempotent, so that neither the order of arrival nor a repeat matters.
pub fn merge_facts(one: Facts, other: Facts) -> Facts {
    (better(one.0, other.0, |stamp| (!stamp.fine, stamp.at)), better(one.1, other.1, |stamp| (second(stamp.at), !stamp.fine, stamp.at)))
}

/// The place in Ada's list when it was read twice: a list that grows moves its messages only towards its end, so the larger place is
/// that of the later read. Commutative, associative and idempotent as well.
pub fn merge_places(one: Option<i32>, other: Option<i32>) -> Option<i32> {
    one.max(other)
}

/// The second in which a moment lies.
pub(super) fn second(at: OffsetDateTime) -> OffsetDateTime {
    at.replace_nanosecond(0).unwrap_or(at)
}

fn better<T: Ord>(one: Option<Stamp>, other: Option<Stamp>, rank: impl Fn(&Stamp) -> T) -> Option<Stamp> {
    one.into_iter().chain(other).min_by_key(rank)
}
