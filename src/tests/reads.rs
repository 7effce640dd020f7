//! What is read from Ada when somebody accepts.

use babbage::model::change::HandoffSnapshot;
use babbage::model::handoff::ReadState;
use babbage::model::ids::EndUserId;
use babbage::model::metadata::MetadataValue;
use babbage::model::problem::Problem;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::support::{API_KEY, FakeAda, TestDesk, When, event, row, texts};

/// Messages `m1`, `m2`, … a minute apart.
fn history(length: usize) -> Vec<Value> {
    let start = OffsetDateTime::now_utc() - Duration::hours(1);
    let at = |number: usize| start + Duration::seconds(i64::try_from(number).expect("few"));
    (1..=length)
        .map(|number| row(&format!("m{number}"), if number % 2 == 0 { "ai_agent" } else { "end_user" }, &number.to_string(), at(number)))
        .collect()
}

#[tokio::test]
async fn a_long_transcript_is_shown_page_by_page() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    desk.ada.pages_of(2);
    desk.ada.change("c1", |conversation| conversation.messages = history(5));
    let handoff = desk.hand_off("c1").await;
    let (first, second) = (desk.ada.holds("GET", "/messages", When::Before), desk.ada.holds("GET", "/messages", When::Before));
    first.open();
    let socket = ana.open_socket().await;
    socket.watch(&ana, handoff).await;
    ana.accept(handoff).await.expect("accepted");
    second.reached().await;
    socket.until("the first page", |page| page.texts() == ["1", "2"]).await;
    assert_eq!(ana.load(handoff).await.expect("readable").detail.transcript_read, ReadState::Loading);
    // The agent can work already.
    ana.reply(handoff, "hello").await;
    desk.ada.until_called("POST", "/messages", 1).await;
    second.open();
    socket.until("all of it", |page| page.texts() == ["1", "2", "3", "4", "5", "hello"]).await;
    ana.until("it is complete", handoff, |loaded| loaded.detail.transcript_read == ReadState::Complete).await;
    let reads = desk.ada.calls("GET", "/messages");
    assert!(reads.iter().all(|read| read.authorization == format!("Bearer {API_KEY}")));
    assert!(reads[0].query.contains("limit=100"), "{}", reads[0].query);
}

#[tokio::test]
async fn a_read_meets_webhooks_in_one_row_each() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    desk.ada.change("c1", |conversation| conversation.messages = history(3));
    let handoff = desk.hand_off("c1").await;
    for number in 2..=4 {
        desk.tell(&event::message("c1", &format!("m{number}"), &number.to_string())).await;
    }
    ana.accept(handoff).await.expect("accepted");
    let loaded = ana.until("it is complete", handoff, |loaded| loaded.detail.transcript_read == ReadState::Complete).await;
    assert_eq!(texts(&loaded.messages), ["1", "2", "3", "4"]);
}

#[tokio::test]
async fn a_next_page_elsewhere_is_never_asked_for() {
    let elsewhere = FakeAda::start();
    for next in [
        format!("http://{}/api/v2/conversations/c1/messages/?cursor=2", elsewhere.address),
        "https://evil.example/api/v2/conversations/c1/messages/?cursor=2".to_owned(),
        "//evil.example/?cursor=2".to_owned(),
    ] {
        let desk = TestDesk::start().await;
        let ana = desk.agent("Ana").await;
        desk.ada.next_page_is(&next);
        desk.ada.change("c1", |conversation| conversation.messages = history(3));
        let handoff = desk.hand_off("c1").await;
        ana.accept(handoff).await.expect("accepted");
        let failed = |loaded: &HandoffSnapshot| matches!(loaded.detail.transcript_read, ReadState::Failed { .. });
        let loaded = ana.until("the read stops", handoff, failed).await;
        assert!(
            matches!(&loaded.detail.transcript_read, ReadState::Failed { reason } if reason.contains("next page")),
            "{:?}",
            loaded.detail
        );
        assert_eq!(desk.ada.calls("GET", "/messages").len(), 1, "{next}");
    }
    assert!(elsewhere.seen().is_empty(), "{:?}", elsewhere.seen());
}

#[tokio::test]
async fn a_next_page_that_leads_in_a_circle_ends() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    desk.ada.change("c1", |conversation| conversation.messages = history(3));
    desk.ada.next_page_is(&format!("{}/v2/conversations/c1/messages/?cursor=0", desk.ada.base_url()));
    let handoff = desk.hand_off("c1").await;
    ana.accept(handoff).await.expect("accepted");
    let loaded = ana.until("the read ends", handoff, |loaded| loaded.detail.transcript_read != ReadState::Loading).await;
    assert_eq!(texts(&loaded.messages), ["1", "2", "3"]);
    assert!(desk.ada.calls("GET", "/messages").len() <= 3);
}

#[tokio::test]
async fn a_read_that_failed_can_be_asked_for_again() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    desk.ada.change("c1", |conversation| conversation.messages = history(3));
    desk.ada.knows_end_user("user-1", &json!({ "display_name": "Jane" }));
    for end in ["/messages", "/c1", "/end-users/user-1"] {
        desk.ada.refuses("GET", end, 401, "Invalid API key");
    }
    let handoff = desk.hand_off("c1").await;
    ana.accept(handoff).await.expect("accepted");
    let is_failed = |state: &ReadState| matches!(state, ReadState::Failed { reason } if reason.contains("Invalid API key"));
    ana.until("all reads failed", handoff, |loaded| {
        let detail = &loaded.detail;
        is_failed(&detail.transcript_read) && is_failed(&detail.metadata_read) && is_failed(&detail.end_user_read)
    })
    .await;
    ana.with_handoff("read_again", handoff).await.expect("asked");
    let loaded = ana
        .until("all is read", handoff, |loaded| {
            let detail = &loaded.detail;
            [&detail.transcript_read, &detail.metadata_read, &detail.end_user_read].iter().all(|state| **state == ReadState::Complete)
        })
        .await;
    assert_eq!(texts(&loaded.messages), ["1", "2", "3"]);
    assert_eq!(loaded.detail.end_user.name.as_deref(), Some("Jane"));
    let ben = desk.agent("Ben").await;
    assert_eq!(ben.with_handoff("read_again", handoff).await, Err(Problem::NotFound));
}

#[tokio::test]
async fn a_read_that_ada_fails_once_is_tried_again_by_itself() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    desk.ada.change("c1", |conversation| conversation.messages = history(3));
    desk.ada.refuses("GET", "/messages", 500, "Internal error");
    let handoff = desk.hand_off("c1").await;
    ana.accept(handoff).await.expect("accepted");
    let loaded = ana.until("it is complete", handoff, |loaded| loaded.detail.transcript_read == ReadState::Complete).await;
    assert_eq!(texts(&loaded.messages), ["1", "2", "3"]);
}

#[tokio::test]
async fn the_panes_show_what_ada_knows() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let profile =
        json!({ "display_name": "Jane D.", "email": "jane@example.com", "language": "fr", "metadata": { "plan": "gold", "admin": true } });
    desk.ada.knows_end_user("user-1", &profile);
    let metadata = json!({ "locale": "en-CA", "vip": true, "score": 0.93, "odd": ["a"], "nothing": null });
    desk.ada.change("c1", |conversation| conversation.metadata = metadata.as_object().expect("an object").clone());
    // The trigger did not say who the customer is: the conversation does.
    let handoff = desk.hand_off_with(json!({ "conversation_id": "c1", "name": "from the trigger" })).await;
    assert_eq!(ana.load(handoff).await.expect("readable").detail.summary.customer.as_deref(), Some("from the trigger"));
    ana.accept(handoff).await.expect("accepted");
    let loaded = ana.until("all is read", handoff, |loaded| loaded.detail.end_user_read == ReadState::Complete).await.detail;
    assert_eq!(loaded.metadata_read, ReadState::Complete);
    let text = |text: &str| MetadataValue::Text(text.to_owned());
    let expected = [
        ("locale".to_owned(), text("en-CA")),
        ("odd".to_owned(), text("[\"a\"]")),
        ("score".to_owned(), MetadataValue::Number(serde_json::Number::from_f64(0.93).expect("a number"))),
        ("vip".to_owned(), MetadataValue::Flag(true)),
    ];
    assert_eq!(loaded.metadata.into_iter().collect::<Vec<_>>(), expected);
    assert_eq!(loaded.end_user.id.as_ref().map(EndUserId::as_str), Some("user-1"));
    assert_eq!((loaded.end_user.name.as_deref(), loaded.summary.customer.as_deref()), (Some("Jane D."), Some("Jane D.")));
    assert_eq!((loaded.end_user.email.as_deref(), loaded.end_user.language.as_deref()), (Some("jane@example.com"), Some("fr")));
    assert_eq!(loaded.end_user.metavariables.len(), 2);
}

#[tokio::test]
async fn a_customer_that_ada_does_not_know_fails_alone() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    ana.accept(handoff).await.expect("accepted");
    let loaded = ana.until("all is read", handoff, |loaded| loaded.detail.metadata_read == ReadState::Complete).await.detail;
    assert!(matches!(loaded.end_user_read, ReadState::Failed { .. }));
}
