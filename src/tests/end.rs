//! Its owner ends a handoff.

use std::time::{Duration, Instant};

use babbage::model::change::HandoffSnapshot;
use babbage::model::handoff::{EndCause, EndWay, HandoffState};
use babbage::model::ids::MessageId;
use babbage::model::person::Role;
use babbage::model::problem::Problem;
use serde_json::json;
use time::OffsetDateTime;

use super::replies::at_work;
use super::support::{TestDesk, When, event};

/// The writes that Ada got, in order, as `METHOD last-part`.
fn writes(desk: &TestDesk) -> Vec<String> {
    let writes = desk.ada.seen().into_iter().filter(|seen| seen.method != "GET");
    writes.map(|seen| format!("{} {}", seen.method, seen.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default())).collect()
}

#[tokio::test]
async fn returning_to_the_ai_agent_comes_after_everything_that_was_owed() {
    let (desk, ana, handoff) = at_work().await;
    let socket = ana.open_socket().await;
    let gate = desk.ada.holds("POST", "/messages", When::Before);
    ana.reply(handoff, "one").await;
    ana.reply(handoff, "two").await;
    ana.end(handoff, EndWay::ReturnToAi, " solved ", "refunded both").await.expect("asked");
    gate.reached().await;
    let ending = ana.load(handoff).await.expect("readable").detail;
    assert_eq!(ending.summary.state, HandoffState::Ending);
    assert!(matches!(ana.reply_as(handoff, MessageId::new(), "three").await, Err(Problem::TooLate { .. })));
    gate.open();
    let ended = ana.until("it ended", handoff, |loaded| loaded.detail.summary.state == HandoffState::Ended).await.detail;
    assert_eq!(writes(&desk), ["POST messages", "POST messages", "PATCH c1", "POST end-handoff"]);
    assert_eq!(
        desk.ada.calls("PATCH", "/c1")[0].body,
        json!({ "metadata": { "handoff_outcome": "solved", "handoff_note": "refunded both" } })
    );
    let end = ended.summary.ended.expect("an end");
    assert_eq!((end.cause, end.by.map(|by| by.id)), (EndCause::ReturnedToAi, Some(ana.me.id)));
    assert_eq!((ended.outcome.as_deref(), ended.note.as_deref()), (Some("solved"), Some("refunded both")));
    assert!(!desk.ada.conversation("c1").with_people && !desk.ada.conversation("c1").ended);
    // One's own end leaves the list by itself.
    socket.until("it is out of the list", |page| page.listed(handoff).is_none()).await;
    assert!(ana.desk().await.handoffs.is_empty());
}

#[tokio::test]
async fn ending_the_conversation_ends_all_of_it() {
    let (desk, ana, handoff) = at_work().await;
    ana.end(handoff, EndWay::EndConversation, "", "").await.expect("asked");
    let ended = ana.until("it ended", handoff, |loaded| loaded.detail.summary.state == HandoffState::Ended).await.detail;
    assert_eq!(writes(&desk), ["POST end"], "nothing to say, no metadata");
    assert_eq!(ended.summary.ended.map(|end| end.cause), Some(EndCause::ConversationEnded));
    assert!(desk.ada.conversation("c1").ended);
}

#[tokio::test]
async fn metadata_that_fails_is_shown_and_does_not_hold_the_end_up() {
    let (desk, ana, handoff) = at_work().await;
    desk.ada.refuses("PATCH", "/c1", 400, "metadata: not like this");
    ana.end(handoff, EndWay::ReturnToAi, "solved", "").await.expect("asked");
    let ended = ana.until("it ended", handoff, |loaded| loaded.detail.summary.state == HandoffState::Ended).await.detail;
    assert!(ended.metadata_problem.is_some_and(|words| words.contains("not like this")));
    assert_eq!(ended.outcome.as_deref(), Some("solved"));
    assert_eq!(writes(&desk), ["PATCH c1", "POST end-handoff"]);
}

#[tokio::test]
async fn metadata_that_ada_fails_once_is_written_after_the_end() {
    let (desk, ana, handoff) = at_work().await;
    desk.ada.refuses("PATCH", "/c1", 500, "Internal error");
    ana.end(handoff, EndWay::ReturnToAi, "solved", "").await.expect("asked");
    let ended = |loaded: &HandoffSnapshot| loaded.detail.summary.state == HandoffState::Ended;
    ana.until("it ended, and all is written", handoff, |loaded| ended(loaded) && !loaded.detail.metadata_saving).await;
    assert_eq!(writes(&desk), ["PATCH c1", "POST end-handoff", "PATCH c1"]);
    assert_eq!(desk.ada.conversation("c1").metadata.get("handoff_outcome"), Some(&json!("solved")));
    assert_eq!(ana.load(handoff).await.expect("readable").detail.metadata_problem, None, "nothing is left to tell");
}

#[tokio::test]
async fn metadata_that_hangs_does_not_hold_the_end_up_for_long() {
    let (desk, ana, handoff) = at_work().await;
    let gate = desk.ada.holds("PATCH", "/c1", When::Before);
    let started = Instant::now();
    ana.end(handoff, EndWay::ReturnToAi, "solved", "").await.expect("asked");
    gate.reached().await;
    ana.until("it ended", handoff, |loaded| loaded.detail.summary.state == HandoffState::Ended).await;
    assert!(started.elapsed() < Duration::from_secs(9), "{:?}", started.elapsed());
}

#[tokio::test]
async fn asking_twice_ends_once() {
    let (desk, ana, handoff) = at_work().await;
    let gate = desk.ada.holds("POST", "/end-handoff", When::Before);
    ana.end(handoff, EndWay::ReturnToAi, "", "").await.expect("asked");
    gate.reached().await;
    ana.end(handoff, EndWay::ReturnToAi, "", "").await.expect("a double click is no fault");
    gate.open();
    ana.until("it ended", handoff, |loaded| loaded.detail.summary.state == HandoffState::Ended).await;
    let problem = ana.end(handoff, EndWay::EndConversation, "", "").await.expect_err("over");
    assert!(matches!(problem, Problem::TooLate { .. }), "{problem:?}");
    // Whatever would still be owed for the first handoff would come before this.
    let again = desk.hand_off("c1").await;
    ana.accept(again).await.expect("accepted");
    ana.reply(again, "hello").await;
    desk.ada.until_called("POST", "/messages", 1).await;
    assert_eq!(desk.ada.calls("POST", "/end-handoff").len(), 1);
    assert!(desk.ada.calls("POST", "/end").is_empty());
}

#[tokio::test]
async fn adas_event_before_its_answer_is_the_end_that_was_asked_for() {
    let (desk, ana, handoff) = at_work().await;
    let gate = desk.ada.holds("POST", "/end-handoff", When::After);
    ana.end(handoff, EndWay::ReturnToAi, "", "").await.expect("asked");
    gate.reached().await;
    desk.tell(&event::handoff_ended("c1", OffsetDateTime::now_utc())).await;
    let ended = ana.load(handoff).await.expect("readable");
    let end = ended.detail.summary.ended.clone().expect("an end");
    assert_eq!((end.cause, end.by.map(|by| by.id)), (EndCause::ReturnedToAi, Some(ana.me.id)));
    gate.open();
    // The answer, and the event once more, add nothing.
    desk.tell(&event::handoff_ended("c1", OffsetDateTime::now_utc())).await;
    let after = ana.load(handoff).await.expect("readable");
    assert_eq!(after.detail.summary.ended, ended.detail.summary.ended);
}

#[tokio::test]
async fn adas_event_after_its_answer_changes_nothing() {
    let (desk, ana, handoff) = at_work().await;
    ana.end(handoff, EndWay::ReturnToAi, "", "").await.expect("asked");
    let ended = ana.until("it ended", handoff, |loaded| loaded.detail.summary.state == HandoffState::Ended).await;
    desk.tell(&event::handoff_ended("c1", OffsetDateTime::now_utc())).await;
    assert_eq!(ana.load(handoff).await.expect("readable"), ended);
}

#[tokio::test]
async fn what_was_over_already_is_over() {
    let (desk, ana, handoff) = at_work().await;
    desk.ada.change("c1", |conversation| conversation.with_people = false);
    ana.end(handoff, EndWay::ReturnToAi, "", "").await.expect("asked");
    let ended = ana.until("it ended", handoff, |loaded| loaded.detail.summary.state == HandoffState::Ended).await.detail;
    let end = ended.summary.ended.expect("an end");
    assert_eq!((end.cause, end.by.map(|by| by.id)), (EndCause::ReturnedToAi, Some(ana.me.id)));
    assert_eq!(desk.ada.calls("POST", "/end-handoff").len(), 1);
}

#[tokio::test]
async fn an_end_that_ada_fails_is_shown_and_tried_again() {
    let (desk, ana, handoff) = at_work().await;
    desk.ada.refuses("POST", "/end-handoff", 500, "Internal error");
    ana.end(handoff, EndWay::ReturnToAi, "", "").await.expect("asked");
    let waiting = ana.until("the agent sees why it is not over", handoff, |loaded| loaded.detail.end_problem.is_some()).await.detail;
    assert_eq!(waiting.summary.state, HandoffState::Ending);
    ana.until("it ended", handoff, |loaded| loaded.detail.summary.state == HandoffState::Ended).await;
    assert_eq!(desk.ada.calls("POST", "/end-handoff").len(), 2);
}

#[tokio::test]
async fn a_note_that_is_too_long_is_refused_by_name() {
    let (desk, ana, handoff) = at_work().await;
    for (outcome, note, field) in [("x".repeat(101), String::new(), "Outcome"), (String::new(), "x".repeat(1_001), "Note")] {
        let problem = ana.end(handoff, EndWay::ReturnToAi, &outcome, &note).await.expect_err("refused");
        assert!(matches!(&problem, Problem::Invalid { message } if message.starts_with(field)), "{problem:?}");
    }
    assert_eq!(ana.load(handoff).await.expect("readable").detail.summary.state, HandoffState::Active);
    assert!(writes(&desk).is_empty());
}

#[tokio::test]
async fn only_its_owner_or_a_supervisor_ends_it() {
    let (desk, ana, handoff) = at_work().await;
    let ben = desk.agent("Ben").await;
    assert_eq!(ben.end(handoff, EndWay::ReturnToAi, "", "").await, Err(Problem::NotFound));
    let waiting = desk.hand_off("c2").await;
    assert!(matches!(ben.end(waiting, EndWay::ReturnToAi, "", "").await, Err(Problem::TooLate { .. })));
    assert_eq!(ana.load(handoff).await.expect("readable").detail.summary.state, HandoffState::Active);
    let sam = desk.person("Sam", Role::Supervisor).await;
    let sam = desk.browser_of(sam).await;
    sam.end(handoff, EndWay::ReturnToAi, "", "").await.expect("asked");
    let ended = ana.until("it ended", handoff, |loaded| loaded.detail.summary.state == HandoffState::Ended).await.detail;
    assert_eq!(ended.summary.ended.and_then(|end| end.by).map(|by| by.name), Some("Sam".to_owned()));
}
