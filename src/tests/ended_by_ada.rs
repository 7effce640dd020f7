//! Handoffs that end without their owner: by the customer, by Ada, with the conversation.

use babbage::model::handoff::{EndCause, EndWay, HandoffState};
use babbage::model::message::MessageState;
use babbage::model::problem::Problem;
use time::{Duration, OffsetDateTime};

use super::replies::at_work;
use super::support::{When, event};

fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

#[tokio::test]
async fn an_end_by_the_customer_stays_in_the_list_until_it_was_seen() {
    let (desk, ana, handoff) = at_work().await;
    let socket = ana.open_socket().await;
    desk.tell(&event::handoff_ended("c1", now())).await;
    socket.until("the list says that it ended", |page| page.listed(handoff).is_some_and(|entry| entry.state == HandoffState::Ended)).await;
    let ended = ana.desk().await.handoffs.remove(0);
    assert_eq!(ended.ended.map(|end| (end.cause, end.by)), Some((EndCause::EndedAtAda, None)));
    ana.with_handoff("put_away", handoff).await.expect("put away");
    socket.until("it is gone", |page| page.listed(handoff).is_none()).await;
    assert!(ana.desk().await.handoffs.is_empty());
    ana.with_handoff("put_away", handoff).await.expect("twice is no fault");
    assert!(ana.load(handoff).await.is_ok(), "its owner still reads it");
}

#[tokio::test]
async fn only_what_has_ended_is_put_away() {
    let (desk, ana, handoff) = at_work().await;
    assert!(matches!(ana.with_handoff("put_away", handoff).await, Err(Problem::TooLate { .. })));
    let ben = desk.agent("Ben").await;
    desk.tell(&event::handoff_ended("c1", now())).await;
    assert_eq!(ben.with_handoff("put_away", handoff).await, Err(Problem::NotFound));
    assert_eq!(ana.desk().await.handoffs.len(), 1);
}

#[tokio::test]
async fn the_end_of_the_conversation_says_who_ended_it() {
    for (role, cause) in [
        ("end_user", EndCause::EndUser),
        ("system", EndCause::AdaSystem),
        ("human_agent", EndCause::HumanAgentElsewhere),
        ("a_role_of_tomorrow", EndCause::AdaSystem),
    ] {
        let (desk, ana, handoff) = at_work().await;
        desk.tell(&event::conversation_ended("c1", role)).await;
        let ended = ana.load(handoff).await.expect("readable").detail.summary.ended.expect("an end");
        assert_eq!(ended.cause, cause, "{role}");
    }
}

#[tokio::test]
async fn both_events_in_either_order_are_one_end() {
    for conversation_first in [false, true] {
        let (desk, ana, handoff) = at_work().await;
        let mut events = [event::handoff_ended("c1", now()), event::conversation_ended("c1", "end_user")];
        if conversation_first {
            events.reverse();
        }
        desk.tell(&events[0]).await;
        let first = ana.load(handoff).await.expect("readable").detail.summary.ended.expect("an end");
        desk.tell(&events[1]).await;
        desk.tell(&events[0]).await;
        let last = ana.load(handoff).await.expect("readable").detail.summary.ended.expect("an end");
        // The one that says who is believed, the time of the first stays.
        assert_eq!((last.cause, last.at), (EndCause::EndUser, first.at), "conversation first: {conversation_first}");
    }
}

#[tokio::test]
async fn what_has_not_left_stays_with_the_agent() {
    let (desk, ana, handoff) = at_work().await;
    let gate = desk.ada.holds("POST", "/messages", When::Before);
    let under_way = ana.reply(handoff, "under way").await;
    gate.reached().await;
    let behind = ana.reply(handoff, "behind").await;
    desk.tell(&event::handoff_ended("c1", now())).await;
    let kept = ana.until_reply(handoff, behind, "it stays", |reply| reply.state == MessageState::Failed).await;
    assert!(kept.problem.is_some_and(|words| words.contains("ended")));
    // What was under way may still have arrived, and then it says so.
    gate.open();
    ana.until_reply(handoff, under_way, "it arrived", |reply| reply.state == MessageState::Sent).await;
    assert_eq!(desk.ada.replies("c1"), ["under way"]);
    let loaded = ana.load(handoff).await.expect("readable").detail;
    assert_eq!(loaded.summary.ended.map(|end| end.cause), Some(EndCause::EndedAtAda));
}

#[tokio::test]
async fn a_handoff_that_ends_while_it_waits_leaves_the_queue() {
    let (desk, ana, _) = at_work().await;
    let socket = ana.open_socket().await;
    let waiting = desk.hand_off("c2").await;
    socket.until("it waits", |page| page.listed(waiting).is_some()).await;
    desk.tell(&event::handoff_ended("c2", now())).await;
    socket.until("it left the queue", |page| page.listed(waiting).is_none()).await;
    assert!(matches!(ana.accept(waiting).await, Err(Problem::TooLate { .. })));
    assert!(ana.desk().await.handoffs.iter().all(|entry| entry.id != waiting));
}

#[tokio::test]
async fn a_late_event_of_the_first_handoff_does_not_end_the_second() {
    let (desk, ana, first) = at_work().await;
    let ended_at = now();
    ana.end(first, EndWay::ReturnToAi, "", "").await.expect("asked");
    ana.until("it ended", first, |loaded| loaded.detail.summary.state == HandoffState::Ended).await;
    let second = desk.hand_off("c1").await;
    ana.accept(second).await.expect("accepted");
    desk.tell(&event::handoff_ended("c1", ended_at)).await;
    assert_eq!(ana.load(second).await.expect("readable").detail.summary.state, HandoffState::Active);
    // The second one's own event ends it, though hardly any time has passed.
    desk.tell(&event::handoff_ended("c1", now())).await;
    assert_eq!(ana.load(second).await.expect("readable").detail.summary.state, HandoffState::Ended);
    let first = ana.load(first).await.expect("readable").detail.summary.ended.expect("an end");
    assert_eq!(first.cause, EndCause::ReturnedToAi);
}

#[tokio::test]
async fn a_replayed_event_of_long_ago_does_not_end_the_second() {
    let (desk, ana, first) = at_work().await;
    let event = event::handoff_ended("c1", now() - Duration::hours(2));
    desk.tell(&event).await;
    assert_eq!(ana.load(first).await.expect("readable").detail.summary.state, HandoffState::Ended, "the only one is meant");
    let second = desk.hand_off("c1").await;
    ana.accept(second).await.expect("accepted");
    desk.tell(&event).await;
    assert_eq!(ana.load(second).await.expect("readable").detail.summary.state, HandoffState::Active);
}
