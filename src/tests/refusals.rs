//! Answers of Ada's that say no, and what agents can do then.

use std::time::{Duration, Instant};

use babbage::model::handoff::{EndCause, HandoffState};
use babbage::model::message::MessageState;
use babbage::model::problem::Problem;
use serde_json::json;

use super::replies::{at_work, sent};
use super::support::{Fault, When, texts};

#[tokio::test]
async fn too_many_requests_wait_as_long_as_ada_asks() {
    let (desk, ana, handoff) = at_work().await;
    let body = json!({ "errors": [{ "type": "too_many_requests", "message": "Slow down" }] });
    desk.ada.next("POST", "/messages", When::Before, Fault::Answer { status: 429, headers: vec![("retry-after", "2".to_owned())], body });
    let id = ana.reply(handoff, "hello").await;
    let waiting = ana.until_reply(handoff, id, "the agent sees why it waits", |reply| reply.problem.is_some()).await;
    let told = Instant::now();
    assert_eq!(waiting.state, MessageState::Queued);
    assert!(waiting.problem.is_some_and(|words| words.contains("Slow down")));
    sent(&ana, handoff, id).await;
    assert!(told.elapsed() > Duration::from_millis(1_500), "came back after {:?}", told.elapsed());
    assert_eq!(desk.ada.replies("c1"), ["hello"]);
}

#[tokio::test]
async fn a_refusal_right_after_the_trigger_is_tried_again() {
    let (desk, ana, handoff) = at_work().await;
    desk.ada.refuses("POST", "/messages", 422, "The conversation is not in a handoff");
    let id = ana.reply(handoff, "hello").await;
    sent(&ana, handoff, id).await;
    assert_eq!(desk.ada.replies("c1"), ["hello"]);
    assert_eq!(ana.load(handoff).await.expect("readable").detail.summary.state, HandoffState::Active);
}

#[tokio::test]
async fn a_handoff_that_ada_says_is_over_is_over_and_the_text_stays() {
    for (status, message) in
        [(422, "The conversation is not in a handoff"), (404, "Conversation not found"), (400, "Conversation is expired")]
    {
        let (desk, ana, handoff) = at_work().await;
        desk.pass_time(handoff, Duration::from_secs(60)).await;
        let gate = desk.ada.holds("POST", "/messages", When::Before);
        let first = ana.reply(handoff, "first").await;
        gate.reached().await;
        let second = ana.reply(handoff, "second").await;
        desk.ada.change("c1", |conversation| match status {
            400 => conversation.ended = true,
            _ => conversation.with_people = false,
        });
        if status == 404 {
            desk.ada.forgets("c1");
        }
        gate.open();
        let ended = ana.until("it is over", handoff, |loaded| loaded.detail.summary.state == HandoffState::Ended).await;
        let end = ended.detail.summary.ended.expect("an end");
        assert_eq!(end.cause, EndCause::FoundOver, "{status}");
        assert!(end.detail.is_some_and(|words| words.contains(message)), "{status}");
        assert_eq!(texts(&ended.messages), ["first", "second"], "{status}");
        for reply in [first, second] {
            let kept = ended.messages.iter().find(|message| message.id == reply).expect("it stays");
            assert_eq!(kept.state, MessageState::Failed, "{status}");
            assert!(kept.problem.is_some(), "{status}");
        }
        let problem = ana.with_reply("retry_reply", handoff, first).await.expect_err("too late");
        assert!(matches!(problem, Problem::TooLate { .. }), "{problem:?}");
        ana.with_reply("discard_reply", handoff, second).await.expect("discarded");
        assert_eq!(texts(&ana.load(handoff).await.expect("readable").messages), ["first"], "{status}");
        assert_eq!(desk.ada.calls("POST", "/messages").len(), 1, "{status}: the second was never tried");
    }
}

#[tokio::test]
async fn a_refused_key_fails_with_words_and_without_a_storm() {
    let (desk, ana, handoff) = at_work().await;
    desk.ada.refuses("POST", "/messages", 401, "Invalid API key");
    let id = ana.reply(handoff, "hello").await;
    let failed = ana.until_reply(handoff, id, "it failed", |reply| reply.state == MessageState::Failed).await;
    assert!(failed.problem.is_some_and(|words| words.contains("Invalid API key")));
    let next = ana.reply(handoff, "next").await;
    sent(&ana, handoff, next).await;
    assert_eq!(desk.ada.calls("POST", "/messages").len(), 2, "the failed one was tried once");
    assert_eq!(desk.ada.replies("c1"), ["next"]);
    let loaded = ana.load(handoff).await.expect("readable");
    assert_eq!((loaded.detail.summary.state, loaded.detail.summary.unsent), (HandoffState::Active, 1));
}

#[tokio::test]
async fn what_ada_cannot_take_fails_with_its_words_and_the_next_goes_on() {
    let (desk, ana, handoff) = at_work().await;
    desk.ada.refuses("POST", "/messages", 400, "body: not like this");
    let id = ana.reply(handoff, "odd").await;
    let failed = ana.until_reply(handoff, id, "it failed", |reply| reply.state == MessageState::Failed).await;
    assert!(failed.problem.is_some_and(|words| words.contains("not like this")));
    assert_eq!(ana.load(handoff).await.expect("readable").detail.summary.state, HandoffState::Active);
    let next = ana.reply(handoff, "next").await;
    sent(&ana, handoff, next).await;
}

#[tokio::test]
async fn a_failed_reply_can_be_sent_again_or_thrown_away() {
    let (desk, ana, handoff) = at_work().await;
    let mut failed = Vec::new();
    for text in ["again", "away"] {
        desk.ada.refuses("POST", "/messages", 401, "Invalid API key");
        let id = ana.reply(handoff, text).await;
        ana.until_reply(handoff, id, "it failed", |reply| reply.state == MessageState::Failed).await;
        failed.push(id);
    }
    ana.with_reply("retry_reply", handoff, failed[0]).await.expect("owed again");
    let again = sent(&ana, handoff, failed[0]).await;
    assert_eq!(again.problem, None);
    ana.with_reply("discard_reply", handoff, failed[1]).await.expect("gone");
    let loaded = ana.load(handoff).await.expect("readable");
    assert_eq!((texts(&loaded.messages), loaded.detail.summary.unsent), (vec!["again"], 0));
    // Both are decided now.
    for (verb, id) in [("retry_reply", failed[0]), ("discard_reply", failed[0]), ("retry_reply", failed[1]), ("discard_reply", failed[1])] {
        let problem = ana.with_reply(verb, handoff, id).await.expect_err("decided");
        assert!(matches!(problem, Problem::TooLate { .. }), "{verb}: {problem:?}");
    }
    let next = ana.reply(handoff, "next").await;
    sent(&ana, handoff, next).await;
    assert_eq!(desk.ada.replies("c1"), ["again", "next"]);
}

#[tokio::test]
async fn nobody_decides_about_the_replies_of_others() {
    let (desk, ana, handoff) = at_work().await;
    desk.ada.refuses("POST", "/messages", 401, "Invalid API key");
    let id = ana.reply(handoff, "mine").await;
    ana.until_reply(handoff, id, "it failed", |reply| reply.state == MessageState::Failed).await;
    let ben = desk.agent("Ben").await;
    let other = desk.hand_off("c2").await;
    ben.accept(other).await.expect("accepted");
    for verb in ["retry_reply", "discard_reply"] {
        assert_eq!(ben.with_reply(verb, handoff, id).await, Err(Problem::NotFound), "{verb}");
        // Nor by way of a handoff of one's own.
        assert!(matches!(ben.with_reply(verb, other, id).await, Err(Problem::TooLate { .. })), "{verb}");
    }
    let kept = ana.load(handoff).await.expect("readable").messages;
    assert_eq!(kept[0].state, MessageState::Failed);
    assert!(desk.ada.replies("c1").is_empty());
}

#[tokio::test]
async fn an_ai_agent_without_a_key_fails_with_words() {
    let desk = super::support::TestDesk::setup().set("ADA_API_KEY", "").start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    ana.accept(handoff).await.expect("accepted");
    let id = ana.reply(handoff, "hello").await;
    let failed = ana.until_reply(handoff, id, "it failed", |reply| reply.state == MessageState::Failed).await;
    assert!(failed.problem.is_some_and(|words| words.contains("key")));
    assert!(desk.ada.seen().is_empty());
}
