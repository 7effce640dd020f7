//! Conversations are compared with what Ada has: after outages, now and then, and before the end.

use std::time::Duration;

use babbage::model::handoff::{EndCause, EndWay, HandoffState};
use babbage::model::ids::HandoffId;
use babbage::readback::Pace;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::support::{Browser, FakeAda, TestDesk, When, event, row, texts};

const NEVER: Duration = Duration::from_secs(3_600);
const SOON: Duration = Duration::from_millis(30);

/// A watch that looks often and finds nothing due by itself: a test says what is.
pub fn still() -> Pace {
    Pace {
        tick: SOON,
        note: SOON * 2,
        lease: SOON * 10,
        outage: NEVER,
        ada_outage: NEVER,
        unheard: NEVER,
        remembered: NEVER,
        refused: NEVER,
        quiet: NEVER,
        probe: NEVER,
        probe_longest: NEVER,
        poll_busy: SOON * 4,
        poll_calm: SOON * 4,
        poll_idle: SOON * 4,
        check: NEVER,
        check_gap: SOON,
        at_once: 4,
        too_early: NEVER,
        before_end: Duration::from_secs(5),
    }
}

/// Ana at work on `c1`, with its transcript read.
pub async fn at_work_with(pace: Pace) -> (TestDesk, Browser, HandoffId) {
    let desk = TestDesk::setup().pace(pace).start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    ana.accept(handoff).await.expect("accepted");
    ana.until_read(handoff).await;
    (desk, ana, handoff)
}

/// The customer writes, and no webhook tells.
pub fn written_unheard(ada: &FakeAda, id: &str, body: &str) {
    ada.change("c1", |conversation| conversation.messages.push(row(id, "end_user", body, OffsetDateTime::now_utc())));
}

async fn until_shown(ana: &Browser, handoff: HandoffId, expected: &[&str]) {
    ana.until("the messages are shown", handoff, |loaded| texts(&loaded.messages) == expected).await;
}

#[tokio::test]
async fn what_was_written_while_no_server_was_there_is_found() {
    let pace = still();
    let (desk, ana, handoff) = at_work_with(pace).await;
    let (database, ada, me) = (desk.database.clone(), desk.ada.clone(), ana.me.clone());
    desk.kill().await;
    written_unheard(&ada, "m1", "is anybody there?");
    // Whoever takes over after the lease does so after an outage.
    let next = TestDesk::setup().pace(Pace { outage: pace.lease, ..pace }).on(&database).with_ada(ada).start().await;
    let ana = next.browser_of(me).await;
    until_shown(&ana, handoff, &["is anybody there?"]).await;
}

#[tokio::test]
async fn what_was_written_while_ada_did_not_answer_is_found() {
    let (desk, ana, handoff) = at_work_with(Pace { ada_outage: SOON, ..still() }).await;
    desk.ada.refuses("PATCH", "/c1", 503, "down");
    desk.ada.refuses("PATCH", "/c1", 503, "down");
    written_unheard(&desk.ada, "m1", "hello?");
    ana.change_metadata(handoff, &json!({ "vip": true })).await.expect("taken");
    desk.ada.until_called("PATCH", "/c1", 3).await;
    until_shown(&ana, handoff, &["hello?"]).await;
}

#[tokio::test]
async fn what_came_last_is_there_before_the_handoff_is_over() {
    let (desk, ana, handoff) = at_work_with(still()).await;
    written_unheard(&desk.ada, "m1", "one more thing");
    let end = desk.ada.holds("POST", "/end-handoff", When::Before);
    ana.end(handoff, EndWay::ReturnToAi, "", "").await.expect("asked");
    end.reached().await;
    assert_eq!(texts(&ana.load(handoff).await.expect("readable").messages), ["one more thing"]);
    end.open();
    ana.until("it ended", handoff, |loaded| loaded.detail.summary.state == HandoffState::Ended).await;
}

#[tokio::test]
async fn a_list_that_does_not_answer_holds_no_end_up() {
    let (desk, ana, handoff) = at_work_with(Pace { before_end: SOON, ..still() }).await;
    let list = desk.ada.holds("GET", "/messages", When::Before);
    ana.end(handoff, EndWay::ReturnToAi, "", "").await.expect("asked");
    ana.until("it ended", handoff, |loaded| loaded.detail.summary.state == HandoffState::Ended).await;
    list.open();
}

fn many(count: usize, first: &str) -> Vec<Value> {
    let start = OffsetDateTime::now_utc() - time::Duration::hours(1);
    let at = |number: usize| start + time::Duration::seconds(i64::try_from(number).expect("few"));
    let id = |number: usize| if number == 0 { first.to_owned() } else { format!("m{number}") };
    (0..count).map(|number| row(&id(number), "end_user", &number.to_string(), at(number))).collect()
}

#[tokio::test]
async fn a_long_conversation_is_read_on_from_where_the_last_read_ended() {
    let desk = TestDesk::setup().pace(still()).start().await;
    let ana = desk.agent("Ana").await;
    desk.ada.pages_of(10);
    desk.ada.change("c1", |conversation| conversation.messages = many(35, "m0"));
    let handoff = desk.hand_off("c1").await;
    ana.accept(handoff).await.expect("accepted");
    ana.until_read(handoff).await;
    assert_eq!(desk.ada.calls("GET", "/messages").len(), 4);
    written_unheard(&desk.ada, "new", "new");
    ana.end(handoff, EndWay::ReturnToAi, "", "").await.expect("asked");
    let loaded = ana.until("it ended", handoff, |loaded| loaded.detail.summary.state == HandoffState::Ended).await;
    assert_eq!((loaded.messages.len(), texts(&loaded.messages).pop()), (36, Some("new")));
    let reads = desk.ada.calls("GET", "/messages");
    assert_eq!(reads[4..].iter().map(|read| read.query.as_str()).collect::<Vec<_>>(), ["cursor=30"]);
}

#[tokio::test]
async fn a_list_that_has_moved_is_read_from_the_beginning() {
    let desk = TestDesk::setup().pace(still()).start().await;
    let ana = desk.agent("Ana").await;
    desk.ada.pages_of(10);
    desk.ada.change("c1", |conversation| conversation.messages = many(15, "m0"));
    let handoff = desk.hand_off("c1").await;
    ana.accept(handoff).await.expect("accepted");
    ana.until_read(handoff).await;
    // Something stands before all the rest now: no page begins where it did.
    let oldest = row("oldest", "end_user", "oldest", OffsetDateTime::now_utc() - time::Duration::hours(2));
    desk.ada.change("c1", |conversation| conversation.messages.insert(0, oldest));
    ana.end(handoff, EndWay::ReturnToAi, "", "").await.expect("asked");
    let loaded = ana.until("it ended", handoff, |loaded| loaded.detail.summary.state == HandoffState::Ended).await;
    assert_eq!((loaded.messages.len(), texts(&loaded.messages).first().copied()), (16, Some("oldest")));
}

#[tokio::test]
async fn a_conversation_that_ended_at_ada_is_found_while_it_waits() {
    let desk = TestDesk::setup().pace(Pace { check: SOON, ..still() }).start().await;
    let ana = desk.agent("Ana").await;
    let socket = ana.open_socket().await;
    let handoff = desk.hand_off("c1").await;
    socket.until("it waits", |page| page.listed(handoff).is_some()).await;
    desk.ada.change("c1", |conversation| conversation.ended = true);
    socket.until("it left the queue", |page| page.listed(handoff).is_none()).await;
}

#[tokio::test]
async fn a_conversation_that_ada_has_forgotten_is_closed_with_words() {
    let (desk, ana, handoff) = at_work_with(Pace { check: SOON, too_early: SOON, ..still() }).await;
    desk.ada.forgets("c1");
    let loaded = ana.until("it ended", handoff, |loaded| loaded.detail.summary.state == HandoffState::Ended).await;
    let ended = loaded.detail.summary.ended.expect("an end");
    assert_eq!((ended.cause, ended.by), (EndCause::FoundOver, None));
    assert!(ended.detail.is_some_and(|words| words.contains("not found")), "Ada's own words");
}

#[tokio::test]
async fn a_conversation_that_ada_does_not_know_yet_is_left_open() {
    let desk = TestDesk::setup().pace(Pace { check: SOON, ..still() }).start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    desk.ada.forgets("c1");
    desk.ada.until_called("GET", "/c1", 1).await;
    desk.tell(&event::message("c1", "m1", "hello")).await;
    assert_eq!(ana.load(handoff).await.expect("readable").detail.summary.state, HandoffState::Waiting);
    // It may be one that a person works on in a moment.
    ana.accept(handoff).await.expect("accepted");
}
