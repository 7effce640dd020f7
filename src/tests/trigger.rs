//! `POST /handoffs/start`: Ada hands a conversation over.

use babbage::model::handoff::HandoffState;
use babbage::model::ids::EndUserId;
use babbage::model::person::Role;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::support::{FakeAda, TRIGGER_KEY, TestDesk, answer, event, row, texts};

#[tokio::test]
async fn a_trigger_is_answered_with_its_handoff_once_it_is_stored() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let (status, body) = answer(desk.trigger(&json!({ "conversation_id": "c1", "end_user_id": "u1" })).await).await;
    assert_eq!((status, &body["status"]), (200, &json!("ok")));
    // Whoever asks after the answer sees it: nothing is stored later.
    let waiting = ana.desk().await.handoffs;
    assert_eq!(waiting.len(), 1);
    assert_eq!(json!(waiting[0].id), body["handoff_id"]);
    assert_eq!(waiting[0].state, HandoffState::Waiting);
    let loaded = ana.load(waiting[0].id).await.expect("readable while it waits");
    assert_eq!(loaded.detail.conversation.as_str(), "c1");
    assert_eq!(loaded.detail.end_user.id.as_ref().map(EndUserId::as_str), Some("u1"));
}

#[tokio::test]
async fn both_paths_and_both_names_of_the_ids_are_taken() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    for (path, body) in [
        ("/handoffs/start", json!({ "conversation_id": "c1", "end_user_id": "u1" })),
        ("/webhooks/start-handoff", json!({ "ada_conversation_id": "c2", "ada_user_id": "u2" })),
        (
            "/webhooks/start-handoff",
            json!({ "conversation_id": null, "ada_conversation_id": "c3", "end_user_id": "", "ada_user_id": "u3" }),
        ),
    ] {
        let response = desk.http.post(desk.url(path)).bearer_auth(TRIGGER_KEY).json(&body).send().await.expect("an answer");
        assert_eq!(response.status(), 200, "{path} {body}");
    }
    let mut known = Vec::new();
    for entry in ana.desk().await.handoffs {
        let detail = ana.load(entry.id).await.expect("readable").detail;
        known.push((detail.conversation.0, detail.end_user.id.expect("an end user").0));
        assert!(detail.context.is_empty(), "ids are no context: {:?}", detail.context);
    }
    let expected = [("c1", "u1"), ("c2", "u2"), ("c3", "u3")].map(|(c, u)| (c.to_owned(), u.to_owned()));
    assert_eq!(known, expected);
}

#[tokio::test]
async fn a_malformed_trigger_is_refused_by_the_name_of_the_field() {
    let desk = TestDesk::start().await;
    for (body, field) in [
        (r"{}", "conversation_id"),
        (r#"{"conversation_id":""}"#, "conversation_id"),
        (r#"{"conversation_id":null}"#, "conversation_id"),
        (r#"{"conversation_id":7}"#, "conversation_id"),
        (r#"{"conversation_id":["c"]}"#, "conversation_id"),
        (r#"{"ada_conversation_id":{"id":"c"}}"#, "ada_conversation_id"),
        (r#"{"conversation_id":"c","end_user_id":7}"#, "end_user_id"),
        (r#"{"conversation_id":"c\u0000"}"#, "conversation_id"),
        (r#"[{"conversation_id":"c"}]"#, "body"),
        (r#""c""#, "body"),
        ("not JSON", "body"),
        ("", "body"),
    ] {
        let request = desk.http.post(desk.url("/handoffs/start")).bearer_auth(TRIGGER_KEY).body(body);
        let (status, said) = answer(request.send().await.expect("an answer")).await;
        assert_eq!(status, 400, "{body}");
        let words = said["error"].as_str().expect("words");
        assert!(words.starts_with(field), "{body}: {words}");
    }
    assert!(desk.agent("Ana").await.desk().await.handoffs.is_empty());
}

#[tokio::test]
async fn only_the_bearer_of_the_key_may_hand_off() {
    let desk = TestDesk::start().await;
    let body = json!({ "conversation_id": "c1" });
    for authorization in [
        None,
        Some(String::new()),
        Some("Bearer".to_owned()),
        Some("Bearer ".to_owned()),
        Some("Bearer wrong-key-wrong-key".to_owned()),
        Some(format!("Bearer {TRIGGER_KEY}x")),
        Some(format!("Basic {TRIGGER_KEY}")),
        Some(TRIGGER_KEY.to_owned()),
    ] {
        let request = desk.http.post(desk.url("/handoffs/start")).json(&body);
        let request = match &authorization {
            Some(value) => request.header("authorization", value),
            None => request,
        };
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 401, "{authorization:?}");
        assert_eq!(response.headers().get("www-authenticate").map(reqwest::header::HeaderValue::as_bytes), Some(&b"Bearer"[..]));
    }
    assert!(desk.agent("Ana").await.desk().await.handoffs.is_empty());
}

#[tokio::test]
async fn a_body_above_64_kib_is_refused() {
    let desk = TestDesk::start().await;
    let with_note = |length: usize| json!({ "conversation_id": "c1", "note": "x".repeat(length) });
    let around = with_note(0).to_string().len();
    assert_eq!(desk.trigger(&with_note(64 * 1024 - around)).await.status(), 200);
    assert_eq!(desk.trigger(&with_note(64 * 1024 - around + 1)).await.status(), 413);
}

#[tokio::test]
async fn two_keys_work_during_rotation_and_no_other() {
    let desk = TestDesk::setup().set("HANDOFF_AUTH_KEY", "the-old-key-of-ada the-new-key-of-ada").start().await;
    for (key, status) in [("the-old-key-of-ada", 200), ("the-new-key-of-ada", 200), ("the-old-key-of-ada the-new-key-of-ada", 401)] {
        let request = desk.http.post(desk.url("/handoffs/start")).bearer_auth(key).json(&json!({ "conversation_id": "c1" }));
        assert_eq!(request.send().await.expect("an answer").status(), status, "{key}");
    }
}

#[tokio::test]
async fn the_same_conversation_is_the_same_handoff_until_it_has_ended() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let first = desk.hand_off("c1").await;
    assert_eq!(desk.hand_off("c1").await, first);
    ana.accept(first).await.expect("accepted");
    assert_eq!(desk.hand_off("c1").await, first, "also while somebody works on it");
    assert_ne!(desk.hand_off("c2").await, first);
    desk.tell(&event::handoff_ended("c1", time::OffsetDateTime::now_utc())).await;
    let second = desk.hand_off("c1").await;
    assert_ne!(second, first);
    assert_eq!(ana.load(second).await.expect("readable").detail.earlier_handoffs, 1);
}

#[tokio::test]
async fn what_was_said_between_two_triggers_of_one_handoff_is_read() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    ana.accept(handoff).await.expect("the handoff is free");
    ana.until_read(handoff).await;
    // Our answer was lost on the way: the AI agent went on, under no label, until the customer asked once more.
    let said = row("m1", "end_user", "a person, please", OffsetDateTime::now_utc());
    desk.ada.change("c1", |conversation| conversation.messages.push(said));
    assert_eq!(desk.hand_off("c1").await, handoff);
    ana.until("the line is there", handoff, |loaded| texts(&loaded.messages) == ["a person, please"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_trigger_many_times_at_once_is_one_handoff() {
    let desk = TestDesk::start().await;
    let body = json!({ "conversation_id": "c1" });
    let answers = futures::future::join_all((0..20).map(|_| async { answer(desk.trigger(&body).await).await })).await;
    let (status, first) = &answers[0];
    assert_eq!(*status, 200);
    assert!(answers.iter().all(|(_, said)| said == first), "{answers:?}");
    assert_eq!(desk.agent("Ana").await.desk().await.handoffs.len(), 1);
}

#[tokio::test]
async fn every_scalar_is_context_and_what_says_nothing_is_not() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk
        .hand_off_with(json!({
            "conversation_id": "c1", "ai_agent_domain": "acme.ada.support", "email": "jane@example.com", "issue_category": "billing",
            "language": "fr", "name": "Jane Doe", "amount": 12.5, "vip": true, "nothing": null, "blank": "  ", "order": { "id": 7, "n\u{0}": "a\u{0}b" },
            "tags": ["a", "b"], "nul\u{0}": "a\u{0}b",
        }))
        .await;
    let detail = ana.load(handoff).await.expect("readable").detail;
    let mut context: Vec<_> = detail.context.iter().map(|entry| (entry.name.as_str(), entry.value.as_str())).collect();
    context.sort_unstable();
    let expected = [
        ("amount", "12.5"),
        ("email", "jane@example.com"),
        ("issue_category", "billing"),
        ("language", "fr"),
        ("name", "Jane Doe"),
        ("nul\u{fffd}", "a\u{fffd}b"),
        ("order", "{\"id\":7,\"n\u{fffd}\":\"a\u{fffd}b\"}"),
        ("tags", "[\"a\",\"b\"]"),
        ("vip", "yes"),
    ];
    assert_eq!(context, expected);
    let entry = &ana.desk().await.handoffs[0];
    let shown = (entry.topic.as_deref(), entry.customer.as_deref(), entry.language.as_deref());
    assert_eq!(shown, (Some("billing"), Some("Jane Doe"), Some("fr")));
}

#[tokio::test]
async fn without_a_key_the_trigger_is_closed_and_not_open() {
    let desk = TestDesk::setup().set("HANDOFF_AUTH_KEY", "").start().await;
    let (status, said) = answer(desk.trigger(&json!({ "conversation_id": "c1" })).await).await;
    assert_eq!(status, 503);
    assert!(said["error"].as_str().is_some_and(|words| words.contains("HANDOFF_AUTH_KEY")), "{said}");
    let availability = desk.http.get(desk.url("/availability")).bearer_auth(TRIGGER_KEY).send().await.expect("an answer");
    assert_eq!(availability.status(), 503);
}

#[tokio::test]
async fn no_call_to_ada_happens_before_the_answer() {
    // An Ada that cannot even be reached does not hold the trigger up.
    let desk = TestDesk::setup().with_ada(FakeAda::unreachable()).start().await;
    let started = std::time::Instant::now();
    assert_eq!(desk.trigger(&json!({ "conversation_id": "c1" })).await.status(), 200);
    assert!(started.elapsed() < std::time::Duration::from_secs(1), "{:?}", started.elapsed());
    let desk = TestDesk::start().await;
    desk.hand_off("c1").await;
    assert!(desk.ada.seen().is_empty(), "{:?}", desk.ada.seen());
}

#[tokio::test]
async fn a_key_tells_which_ai_agent_hands_off() {
    let other = FakeAda::start();
    let keys = babbage::server::tenants::Keys {
        api_key: Some(super::support::API_KEY.to_owned()),
        webhook_secrets: vec![],
        trigger_keys: vec!["key-of-the-other-agent".to_owned()],
    };
    let desk = TestDesk::setup().with_other_agent(&other, keys).start().await;
    let sam = desk.person("Sam", Role::Supervisor).await;
    let sam = desk.browser_of(sam).await;
    // The same conversation id at both: Ada's ids are one tenant's only.
    let ours = desk.hand_off("c1").await;
    let body = json!({ "conversation_id": "c1", "ai_agent_domain": "acme.ada.support" });
    let request = desk.http.post(desk.url("/handoffs/start")).bearer_auth("key-of-the-other-agent").json(&body);
    let (status, said) = answer(request.send().await.expect("an answer")).await;
    assert_eq!(status, 200);
    let theirs = said["handoff_id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    assert_ne!(ours, theirs);
    assert_eq!(sam.load(ours).await.expect("readable").detail.ai_agent_domain, "acme.ada.support");
    assert_eq!(sam.load(theirs).await.expect("readable").detail.ai_agent_domain, "other.ada.support");
    let names: Vec<Value> = sam.desk().await.handoffs.iter().map(|entry| json!(entry.ai_agent)).collect();
    assert_eq!(names, [json!("acme"), json!("Other")]);
}
