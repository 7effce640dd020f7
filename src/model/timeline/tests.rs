use time::macros::datetime;

use super::*;
use crate::model::ids::AdaMessageId;
use crate::model::message::{Author, AuthorRole, Content, MessageState};
use crate::model::stamp::Stamp;

pub(super) fn stamp(text: &str) -> Stamp {
    Stamp::parse(text).expect("a timestamp")
}

/// A message from Ada of which nothing is known but its id.
pub(super) fn undated(number: u128) -> Message {
    Message {
        id: MessageId(uuid::Uuid::from_u128(number)),
        ada_id: Some(AdaMessageId(format!("m{number:04}"))),
        author: Author { role: AuthorRole::EndUser, name: None },
        content: Content::Text { body: number.to_string() },
        state: MessageState::Received,
        problem: None,
        created_at: None,
        event_at: None,
        listed_at: None,
        recorded_at: datetime!(2026-01-01 00:00 UTC),
        late: false,
        sent_by: None,
        revision: 1,
    }
}

fn created(number: u128, created_at: &str) -> Message {
    Message { created_at: Some(stamp(created_at)), ..undated(number) }
}

fn numbers(timeline: &Timeline) -> Vec<u128> {
    timeline.messages().iter().map(|message| message.id.0.as_u128()).collect()
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
    let last_second = Some(stamp("9999-12-31T23:59:59Z"));
    assert_eq!(ada_time(last_second, Some(stamp("1970-01-01T00:00:00.001Z"))), last_second.map(|stamp| stamp.at));
}

#[test]
fn a_finer_report_of_the_same_webhook_counts() {
    let (coarse, fine) = (stamp("2026-10-20T09:07:02Z"), stamp("2026-10-20T09:07:02.417"));
    assert_eq!(merge_facts((None, Some(coarse)), (None, Some(fine))), (None, Some(fine)));
    assert_eq!(merge_facts((Some(coarse), None), (Some(fine), None)), (Some(fine), None));
}

#[test]
fn an_unconfirmed_reply_stands_last_whatever_our_clock_says() {
    let reply = Message { ada_id: None, recorded_at: datetime!(2020-01-01 00:00 UTC), ..undated(9) };
    let timeline = Timeline::new(vec![reply.clone(), created(1, "2026-10-20T09:07:02Z")]);
    assert_eq!(timeline.messages().last(), Some(&reply));
}

#[test]
fn unconfirmed_replies_stand_in_the_order_of_writing_whatever_their_ids_say() {
    let first = Message { ada_id: None, recorded_at: datetime!(2026-01-01 00:00:01 UTC), ..undated(9) };
    let second = Message { ada_id: None, recorded_at: datetime!(2026-01-01 00:00:02 UTC), ..undated(3) };
    assert_eq!(numbers(&Timeline::new(vec![second, first])), [9, 3]);
}

#[test]
fn an_older_copy_never_replaces_a_newer_one() {
    let newer = Message { revision: 3, ..created(1, "2026-10-20T09:07:02Z") };
    let older = Message { revision: 2, ..created(1, "2026-10-20T09:09:02Z") };
    let mut timeline = Timeline::new(vec![newer.clone()]);
    assert!(!timeline.upsert(older.clone()));
    assert_eq!(timeline.messages(), std::slice::from_ref(&newer));
    assert_eq!(Timeline::new(vec![older, newer]), timeline);
}

/// What a webhook told to the millisecond, and what only the transcript knew: the list says which was first.
#[test]
fn a_time_that_was_cut_does_not_jump_above_what_is_listed_before_it() {
    let first = Message { event_at: Some(stamp("2026-10-20T09:07:02.417Z")), listed_at: Some(0), ..created(1, "2026-10-20T09:07:02Z") };
    let second = Message { listed_at: Some(1), ..created(2, "2026-10-20T09:07:02Z") };
    let third = Message { event_at: Some(stamp("2026-10-20T09:07:02.800Z")), ..created(3, "2026-10-20T09:07:02Z") };
    let mut timeline = Timeline::new(vec![third, second.clone(), first.clone()]);
    assert_eq!(numbers(&timeline), [1, 2, 3]);
    // It stood behind the first one because of that one alone.
    timeline.remove(first.id);
    assert_eq!(numbers(&timeline), [2, 3]);
    timeline.upsert(first);
    assert_eq!(numbers(&timeline), [1, 2, 3]);
}

/// Comparing by places where both have one, and by times where not, makes a circle of these three.
#[test]
fn places_and_times_make_no_circle() {
    let listed_first = Message { listed_at: Some(0), ..created(1, "2026-10-20T09:07:02.900Z") };
    let listed_second = Message { listed_at: Some(1), ..created(2, "2026-10-20T09:07:02.100Z") };
    let unlisted = created(3, "2026-10-20T09:07:02.500Z");
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let all = [listed_first.clone(), listed_second.clone(), unlisted.clone()];
        let timeline = Timeline::new(order.map(|at| all[at].clone()).to_vec());
        assert_eq!(numbers(&timeline), [2, 3, 1], "{order:?}: what Ada dates finely needs no list");
    }
}
