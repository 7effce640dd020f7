//! Answers of Ada's that do not tell: never lost, never doubled in silence.

use std::time::{Duration, Instant};

use babbage::model::ids::MessageId;
use babbage::model::message::MessageState;
use babbage::store;
use serde_json::json;

use super::replies::{at_work, sent};
use super::support::{FakeAda, Fault, TestDesk, When, event, eventually, row, texts};

/// Breaks the connection or answers 500, before or after Ada has taken the reply.
async fn after_trouble(fault: Fault, when: When) -> (usize, Vec<String>) {
    let (desk, ana, handoff) = at_work().await;
    desk.ada.next("POST", "/messages", when, fault);
    let id = ana.reply(handoff, "hello").await;
    ana.until_reply(handoff, id, "it is being looked up", |reply| reply.problem.is_some()).await;
    let reply = sent(&ana, handoff, id).await;
    assert_eq!(reply.problem, None);
    let next = ana.reply(handoff, "next").await;
    sent(&ana, handoff, next).await;
    assert_eq!(texts(&ana.load(handoff).await.expect("readable").messages), ["hello", "next"]);
    (desk.ada.calls("POST", "/messages").len(), desk.ada.replies("c1"))
}

fn internal_error() -> Fault {
    Fault::Answer { status: 500, headers: Vec::new(), body: json!({ "errors": [{ "type": "x", "message": "Internal error" }] }) }
}

#[tokio::test]
async fn no_answer_after_the_effect_is_read_back_and_not_sent_again() {
    assert_eq!(after_trouble(Fault::Break, When::After).await, (2, vec!["hello".to_owned(), "next".to_owned()]));
}

#[tokio::test]
async fn no_answer_before_the_effect_is_sent_once_more() {
    assert_eq!(after_trouble(Fault::Break, When::Before).await, (3, vec!["hello".to_owned(), "next".to_owned()]));
}

#[tokio::test]
async fn an_internal_error_after_the_effect_is_read_back_and_not_sent_again() {
    assert_eq!(after_trouble(internal_error(), When::After).await, (2, vec!["hello".to_owned(), "next".to_owned()]));
}

#[tokio::test]
async fn an_internal_error_before_the_effect_is_sent_once_more() {
    assert_eq!(after_trouble(internal_error(), When::Before).await, (3, vec!["hello".to_owned(), "next".to_owned()]));
}

#[tokio::test]
async fn of_two_equal_replies_the_one_that_arrived_does_not_stand_for_the_other() {
    let (desk, ana, handoff) = at_work().await;
    let first = ana.reply(handoff, "ok").await;
    sent(&ana, handoff, first).await;
    desk.ada.breaks("POST", "/messages", When::Before);
    let second = ana.reply(handoff, "ok").await;
    sent(&ana, handoff, second).await;
    assert_eq!(desk.ada.replies("c1"), ["ok", "ok"]);
    desk.ada.breaks("POST", "/messages", When::After);
    let third = ana.reply(handoff, "ok").await;
    sent(&ana, handoff, third).await;
    assert_eq!(desk.ada.replies("c1"), ["ok", "ok", "ok"]);
    assert_eq!(texts(&ana.load(handoff).await.expect("readable").messages), ["ok", "ok", "ok"]);
}

#[tokio::test]
async fn an_ada_that_cannot_be_reached_gets_it_when_it_is_back() {
    let desk = TestDesk::setup().with_ada(FakeAda::unreachable()).start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    ana.accept(handoff).await.expect("accepted");
    let id = ana.reply(handoff, "hello").await;
    let waiting = ana.until_reply(handoff, id, "the agent sees why it waits", |reply| reply.problem.is_some()).await;
    // Nothing can have arrived: nothing has to be looked up.
    assert_eq!(waiting.state, MessageState::Queued);
    desk.ada.listen();
    sent(&ana, handoff, id).await;
    assert_eq!(desk.ada.calls("POST", "/messages").len(), 1);
    assert_eq!(desk.ada.replies("c1"), ["hello"]);
}

/// A server that died with a reply claimed: whether Ada has it, nobody knows.
async fn found_by_the_next_server(ada_has_it: bool) {
    let (desk, ana, handoff) = at_work().await;
    let (database, ada, me) = (desk.database.clone(), desk.ada.clone(), ana.me.clone());
    ana.until_read(handoff).await;
    desk.kill().await;
    let (pool, id) = (database.pool().await, MessageId::new());
    store::replies::queue(&pool, handoff, id, "hello", &me).await.expect("stored");
    // A lease that is over at once stands for the time that it takes to run out.
    let claimed = store::deliveries::claim(&pool, Duration::ZERO, 10).await.expect("claimed");
    assert_eq!(claimed.iter().filter(|claimed| claimed.message == Some(id)).count(), 1);
    store::replies::begin_attempt(&pool, handoff, id).await.expect("begun");
    if ada_has_it {
        let mut written = row("at-ada", "human_agent", "hello", time::OffsetDateTime::now_utc());
        written["author"]["display_name"] = json!("Ana");
        ada.change("c1", |conversation| conversation.messages.push(written));
    }
    let before = ada.seen().len();
    let desk = TestDesk::setup().on(&database).with_ada(ada).start().await;
    let ana = desk.browser_of(me).await;
    sent(&ana, handoff, id).await;
    let calls: Vec<_> = desk.ada.seen()[before..].iter().map(|seen| seen.method.clone()).collect();
    let expected: &[&str] = if ada_has_it { &["GET"] } else { &["GET", "POST"] };
    assert_eq!(calls, expected, "the conversation is read back first");
    assert_eq!(desk.ada.replies("c1"), ["hello"]);
    assert_eq!(texts(&ana.load(handoff).await.expect("readable").messages), ["hello"]);
}

#[tokio::test]
async fn a_reply_that_arrived_before_the_crash_is_not_sent_again() {
    found_by_the_next_server(true).await;
}

#[tokio::test]
async fn a_reply_that_did_not_leave_before_the_crash_is_sent() {
    found_by_the_next_server(false).await;
}

#[tokio::test]
async fn what_is_owed_when_a_server_stops_is_sent_by_the_next() {
    let (desk, ana, handoff) = at_work().await;
    let (database, ada, me) = (desk.database.clone(), desk.ada.clone(), ana.me.clone());
    let gate = ada.holds("POST", "/messages", When::Before);
    let under_way = ana.reply(handoff, "under way").await;
    gate.reached().await;
    let behind = ana.reply(handoff, "behind").await;
    let stopping = tokio::spawn(desk.stop());
    gate.open();
    stopping.await.expect("stopped");
    // What was under way was finished and written down.
    assert_eq!(ada.replies("c1")[0], "under way");
    let desk = TestDesk::setup().on(&database).with_ada(ada).start().await;
    let ana = desk.browser_of(me).await;
    for reply in [under_way, behind] {
        sent(&ana, handoff, reply).await;
    }
    assert_eq!(desk.ada.replies("c1"), ["under way", "behind"]);
    assert_eq!(desk.ada.calls("POST", "/messages").len(), 2);
}

#[tokio::test]
async fn two_servers_send_each_reply_once() {
    let (desk, ana, handoff) = at_work().await;
    let _elsewhere = desk.another_server().await;
    let written: Vec<_> = (0..20).map(|number| format!("reply {number}")).collect();
    let mut last = None;
    for text in &written {
        last = Some(ana.reply(handoff, text).await);
    }
    sent(&ana, handoff, last.expect("a reply")).await;
    assert_eq!(desk.ada.replies("c1"), written);
}

#[tokio::test]
async fn what_a_killed_server_had_under_way_is_taken_over_soon() {
    let (desk, ana, handoff) = at_work().await;
    ana.until_read(handoff).await;
    let (database, ada, me) = (desk.database.clone(), desk.ada.clone(), ana.me.clone());
    // Ada has it, but the server dies before the answer comes.
    let gate = ada.holds("POST", "/messages", When::After);
    let id = ana.reply(handoff, "hello").await;
    gate.reached().await;
    let elsewhere = desk.another_server().await;
    let ana = elsewhere.browser_of(me).await;
    desk.kill().await;
    let killed = Instant::now();
    // As long as the lease holds nobody touches it.
    let pool = database.pool().await;
    // In two steps: together they may take as long as anything is waited for.
    for left in [7.0, 0.0] {
        eventually("the lease runs out", async || {
            let held = sqlx::query_scalar::<_, bool>(
                "select exists (select 1 from deliveries where lease_until > now() + make_interval(secs => $1))",
            );
            (!held.bind(left).fetch_one(&pool).await.expect("known")).then_some(())
        })
        .await;
    }
    sent(&ana, handoff, id).await;
    assert!(killed.elapsed() < Duration::from_secs(20), "after {:?}", killed.elapsed());
    assert_eq!(ada.replies("c1"), ["hello"]);
    assert_eq!(ada.calls("POST", "/messages").len(), 1);
    gate.open();
}

#[tokio::test]
async fn a_doubt_that_cannot_be_resolved_is_the_agents_to_decide_and_deciding_looks_first() {
    let (desk, ana, handoff) = at_work().await;
    ana.until_read(handoff).await;
    desk.ada.breaks("POST", "/messages", When::After);
    for _ in 0..5 {
        desk.ada.refuses("GET", "/messages", 500, "Internal error");
    }
    let id = ana.reply(handoff, "hello").await;
    ana.until_reply(handoff, id, "it is looked for", |reply| reply.problem.as_ref().is_some_and(|words| words.contains("in 8 s"))).await;
    let unknown = ana.until_reply(handoff, id, "nobody knows", |reply| reply.state == MessageState::Unknown).await;
    assert!(unknown.problem.is_some());
    assert_eq!(desk.ada.calls("POST", "/messages").len(), 1);
    // The customer has it. Sending it again finds that out first.
    ana.with_reply("retry_reply", handoff, id).await.expect("owed again");
    let found = sent(&ana, handoff, id).await;
    assert_eq!(found.problem, None);
    assert_eq!((desk.ada.replies("c1"), desk.ada.calls("POST", "/messages").len()), (vec!["hello".to_owned()], 1));
}

#[tokio::test]
async fn an_echo_settles_a_doubt_without_a_look() {
    let (desk, ana, handoff) = at_work().await;
    ana.until_read(handoff).await;
    let before = desk.ada.calls("GET", "/messages").len();
    desk.ada.breaks("POST", "/messages", When::After);
    let id = ana.reply(handoff, "hello").await;
    ana.until_reply(handoff, id, "it is in doubt", |reply| reply.problem.is_some()).await;
    desk.tell(&event::echo("c1", "sent-1", "Ana", "hello")).await;
    sent(&ana, handoff, id).await;
    let next = ana.reply(handoff, "next").await;
    sent(&ana, handoff, next).await;
    assert_eq!(desk.ada.calls("GET", "/messages").len(), before, "no read was needed");
    assert_eq!(desk.ada.replies("c1"), ["hello", "next"]);
}

#[tokio::test]
async fn an_echo_that_ada_has_edited_is_still_ours() {
    for (written, shown) in [("see *this*  page", "see this page"), (" two\n\nlines", "two\nlines"), ("a_b \u{200b}c", "a\\_b c")] {
        let (desk, ana, handoff) = at_work().await;
        ana.until_read(handoff).await;
        desk.ada.breaks("POST", "/messages", When::After);
        let id = ana.reply(handoff, written).await;
        ana.until_reply(handoff, id, "it is in doubt", |reply| reply.problem.is_some()).await;
        // Ada has it under an id that nobody has heard of, and in other letters.
        desk.ada.change("c1", |conversation| {
            let last = conversation.messages.last_mut().expect("it arrived");
            last["message_id"] = json!("edited-1");
            last["content"]["body"] = json!(shown);
        });
        sent(&ana, handoff, id).await;
        assert_eq!(desk.ada.calls("POST", "/messages").len(), 1, "{written}");
        let messages = ana.load(handoff).await.expect("readable").messages;
        assert_eq!(messages.len(), 1, "{messages:?}");
    }
}
