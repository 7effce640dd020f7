//! Replies: stored before the box empties, sent once and in order, shown once.

use babbage::model::change::HandoffSnapshot;
use babbage::model::handoff::ReadState;
use babbage::model::ids::{AdaMessageId, HandoffId, MessageId};
use babbage::model::message::{Message, MessageState};
use babbage::model::person::Role;
use babbage::model::problem::Problem;
use babbage::model::reply::REPLY_LIMIT;
use futures::future::join_all;
use serde_json::json;

use super::support::{Browser, TestDesk, When, event, texts};

/// A desk with Ana at work on a handoff.
pub async fn at_work() -> (TestDesk, Browser, HandoffId) {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    ana.accept(handoff).await.expect("accepted");
    (desk, ana, handoff)
}

/// Waits until Ada has taken a reply, as its sender sees it.
pub async fn sent(ana: &Browser, handoff: HandoffId, reply: MessageId) -> Message {
    ana.until_reply(handoff, reply, "the reply is sent", |reply| reply.state == MessageState::Sent).await
}

#[tokio::test]
async fn a_reply_reaches_the_customer_once_in_its_authors_name() {
    let (desk, ana, handoff) = at_work().await;
    let reply = ana.reply(handoff, "  Hi, I can see both charges.\n").await;
    let shown = sent(&ana, handoff, reply).await;
    assert_eq!((shown.author.name.as_deref(), shown.sent_by), (Some("Ana"), Some(ana.me.id)));
    assert_eq!(shown.ada_id.as_ref().map(AdaMessageId::as_str), Some("sent-1"));
    let posts = desk.ada.calls("POST", "/messages");
    assert_eq!(posts.len(), 1);
    assert_eq!(posts[0].path, "/api/v2/conversations/c1/messages/");
    let expected = json!({
        "author": { "role": "human_agent", "display_name": "Ana" },
        "content": { "type": "text", "body": "Hi, I can see both charges." },
    });
    assert_eq!(posts[0].body, expected);
    assert!(ana.load(handoff).await.expect("readable").detail.summary.customer_waits_since.is_none());
}

#[tokio::test]
async fn a_reply_is_stored_before_its_answer() {
    let (desk, ana, handoff) = at_work().await;
    let gate = desk.ada.holds("POST", "/messages", When::Before);
    let id = ana.reply(handoff, "hello").await;
    // Ada has not even answered yet.
    let loaded = ana.load(handoff).await.expect("readable");
    assert_eq!(texts(&loaded.messages), ["hello"]);
    assert!(matches!(loaded.messages[0].state, MessageState::Queued | MessageState::Sending));
    assert_eq!((loaded.messages[0].id, loaded.detail.summary.unsent), (id, 1));
    gate.reached().await;
    ana.until_reply(handoff, id, "it is on its way", |reply| reply.state == MessageState::Sending).await;
    gate.open();
    sent(&ana, handoff, id).await;
    assert_eq!(ana.load(handoff).await.expect("readable").detail.summary.unsent, 0);
}

#[tokio::test]
async fn quick_replies_keep_their_order_and_hold_up_no_other_conversation() {
    let (desk, ana, handoff) = at_work().await;
    let other = desk.hand_off("c2").await;
    ana.accept(other).await.expect("accepted");
    let gate = desk.ada.holds("POST", "/c1/messages", When::Before);
    let written: Vec<_> = (0..12).map(|number| format!("reply {number}")).collect();
    let mut last = None;
    for text in &written {
        last = Some(ana.reply(handoff, text).await);
    }
    gate.reached().await;
    for text in &written {
        ana.reply(other, text).await;
    }
    ana.until("the other conversation goes on", other, |loaded| loaded.messages.iter().all(|reply| reply.state == MessageState::Sent))
        .await;
    assert_eq!(desk.ada.replies("c2"), written);
    assert!(desk.ada.replies("c1").is_empty());
    gate.open();
    sent(&ana, handoff, last.expect("a reply")).await;
    assert_eq!(desk.ada.replies("c1"), written);
    assert_eq!(texts(&ana.load(handoff).await.expect("readable").messages), written);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_id_many_times_is_one_message() {
    let (desk, ana, handoff) = at_work().await;
    let id = MessageId::new();
    let answers = join_all((0..20).map(|_| ana.reply_as(handoff, id, "only once"))).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    sent(&ana, handoff, id).await;
    ana.reply_as(handoff, id, "only once").await.expect("also after it was sent");
    let next = ana.reply(handoff, "next").await;
    sent(&ana, handoff, next).await;
    assert_eq!(desk.ada.replies("c1"), ["only once", "next"]);
    assert_eq!(texts(&ana.load(handoff).await.expect("readable").messages), ["only once", "next"]);
    // An id of another conversation's message is no way to change that one.
    let other = desk.hand_off("c2").await;
    ana.accept(other).await.expect("accepted");
    let problem = ana.reply_as(other, id, "stolen").await.expect_err("taken");
    assert!(matches!(problem, Problem::Invalid { .. }), "{problem:?}");
}

#[tokio::test]
async fn the_echo_of_a_reply_is_no_second_message() {
    // Before or after the answer to the POST; under its id or another; as it was written or edited by Ada.
    for (early, renamed, edited) in
        [(false, false, false), (true, false, false), (false, true, false), (true, true, false), (false, false, true), (true, false, true)]
    {
        let case = format!("early: {early}, renamed: {renamed}, edited: {edited}");
        let (desk, ana, handoff) = at_work().await;
        if renamed {
            desk.ada.renames_replies();
        }
        let echo = event::echo("c1", if renamed { "listed-1" } else { "sent-1" }, "Ana", if edited { "Hello, edited" } else { "Hello" });
        let gate = desk.ada.holds("POST", "/messages", When::After);
        let id = ana.reply(handoff, "Hello").await;
        gate.reached().await;
        if early {
            desk.tell(&echo).await;
            gate.open();
            sent(&ana, handoff, id).await;
        } else {
            gate.open();
            sent(&ana, handoff, id).await;
            desk.tell(&echo).await;
        }
        // Ada tells it again, and in a list.
        desk.tell(&echo).await;
        ana.with_handoff("read_again", handoff).await.expect("asked");
        let read = |loaded: &HandoffSnapshot| loaded.detail.transcript_read == ReadState::Complete;
        let loaded = ana.until("the transcript is read", handoff, read).await;
        let ids: Vec<_> = loaded.messages.iter().map(|message| message.id).collect();
        assert_eq!(ids, [id], "{case}: {:?}", loaded.messages);
        assert_eq!(loaded.messages[0].state, MessageState::Sent, "{case}");
        assert_eq!(desk.ada.calls("POST", "/messages").len(), 1, "{case}");
    }
}

#[tokio::test]
async fn an_early_echo_confirms_the_reply() {
    let (desk, ana, handoff) = at_work().await;
    let gate = desk.ada.holds("POST", "/messages", When::After);
    let id = ana.reply(handoff, "Hello").await;
    gate.reached().await;
    desk.tell(&event::echo("c1", "sent-1", "Ana", "Hello")).await;
    // The answer to the POST has still not come.
    sent(&ana, handoff, id).await;
}

#[tokio::test]
async fn two_equal_texts_on_purpose_stay_two() {
    let (desk, ana, handoff) = at_work().await;
    desk.ada.renames_replies();
    let (first, second) = (ana.reply(handoff, "ok").await, ana.reply(handoff, "ok").await);
    sent(&ana, handoff, first).await;
    sent(&ana, handoff, second).await;
    desk.tell(&event::echo("c1", "listed-2", "Ana", "ok")).await;
    desk.tell(&event::echo("c1", "listed-1", "Ana", "ok")).await;
    assert_eq!(desk.ada.replies("c1"), ["ok", "ok"]);
    let messages = ana.load(handoff).await.expect("readable").messages;
    assert_eq!(texts(&messages), ["ok", "ok"]);
    // A third of the same text, and not ours, is a message of its own.
    desk.tell(&event::echo("c1", "listed-3", "Somebody else", "ok")).await;
    assert_eq!(ana.load(handoff).await.expect("readable").messages.len(), 3);
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_by_name_and_stores_nothing() {
    let (desk, ana, handoff) = at_work().await;
    for text in ["", "  \n\t ", &"x".repeat(REPLY_LIMIT + 1)] {
        let problem = ana.reply_as(handoff, MessageId::new(), text).await.expect_err("refused");
        assert!(matches!(&problem, Problem::Invalid { message } if message.starts_with("Reply:")), "{problem:?}");
    }
    assert!(ana.load(handoff).await.expect("readable").messages.is_empty());
    // The longest that is allowed is sent whole, whatever its letters.
    let longest = "ä".repeat(REPLY_LIMIT);
    let id = ana.reply(handoff, &longest).await;
    sent(&ana, handoff, id).await;
    assert_eq!(desk.ada.replies("c1"), [longest]);
}

#[tokio::test]
async fn hostile_text_arrives_as_it_was_written() {
    let (desk, ana, handoff) = at_work().await;
    let text = "<script>alert(1)</script> & \u{1f600} \u{202e}abc 'quotes' \"; drop table messages; --";
    let id = ana.reply(handoff, text).await;
    sent(&ana, handoff, id).await;
    let id = ana.reply(handoff, "a\u{0}b").await;
    sent(&ana, handoff, id).await;
    assert_eq!(desk.ada.replies("c1"), [text, "a\u{fffd}b"]);
    assert_eq!(texts(&ana.load(handoff).await.expect("readable").messages), [text, "a\u{fffd}b"]);
}

#[tokio::test]
async fn only_its_owner_replies() {
    let (desk, ana, handoff) = at_work().await;
    let ben = desk.agent("Ben").await;
    let id = MessageId::new();
    assert_eq!(ben.reply_as(handoff, id, "not mine").await, Err(Problem::NotFound));
    let sam = desk.person("Sam", Role::Supervisor).await;
    let sam = desk.browser_of(sam).await;
    assert_eq!(sam.reply_as(handoff, id, "may look, not write").await, Err(Problem::Forbidden));
    let waiting = desk.hand_off("c2").await;
    let problem = ben.reply_as(waiting, id, "too early").await.expect_err("not accepted yet");
    assert!(matches!(&problem, Problem::TooLate { message } if message.contains("Accept")), "{problem:?}");
    assert_eq!(ben.reply_as(HandoffId::new(), id, "nowhere").await, Err(Problem::NotFound));
    ana.reply_as(handoff, id, "mine").await.expect("the id was not used up");
    sent(&ana, handoff, id).await;
    assert_eq!(desk.ada.calls("POST", "/messages").len(), 1);
}
