//! What events change: each message once, nothing of others, nothing dropped in silence.

use babbage::model::handoff::HandoffState;
use babbage::model::ids::AdaMessageId;
use babbage::model::message::{AuthorRole, Content};
use futures::future::join_all;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::support::{TestDesk, answer, event, texts};

#[tokio::test]
async fn a_message_is_shown_with_all_that_ada_says_of_it() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    desk.tell(&event::message("c1", "m1", "My card was charged twice")).await;
    let loaded = ana.load(handoff).await.expect("readable");
    let message = &loaded.messages[0];
    assert_eq!(message.ada_id.as_ref().map(AdaMessageId::as_str), Some("m1"));
    assert_eq!((message.author.role, message.author.name.as_deref()), (AuthorRole::EndUser, Some("Jane")));
    assert_eq!(message.content, Content::Text { body: "My card was charged twice".to_owned() });
    assert_eq!(loaded.detail.channel.as_deref(), Some("Chat"));
    let last = loaded.detail.summary.last.expect("a last word");
    assert_eq!((last.author, last.text.as_str()), (AuthorRole::EndUser, "My card was charged twice"));
    assert!(loaded.detail.summary.customer_waits_since.is_some());
}

#[tokio::test]
async fn a_delivery_that_comes_twice_counts_once() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    let message = event::message("c1", "m1", "hello");
    assert_eq!(desk.deliver("msg_same", &message).await.status(), 200);
    let once = ana.load(handoff).await.expect("readable");
    assert_eq!(desk.deliver("msg_same", &message).await.status(), 200);
    assert_eq!(ana.load(handoff).await.expect("readable"), once);
}

#[tokio::test]
async fn the_same_message_in_another_delivery_counts_once() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    let message = event::message("c1", "m1", "hello");
    desk.tell(&message).await;
    desk.tell(&message).await;
    let mut later = message.clone();
    later["timestamp"] = json!(event::stamp(OffsetDateTime::now_utc() + time::Duration::hours(1)));
    desk.tell(&later).await;
    assert_eq!(texts(&ana.load(handoff).await.expect("readable").messages), ["hello"]);
    // The same id in another conversation is another message.
    let other = desk.hand_off("c2").await;
    desk.tell(&event::message("c2", "m1", "hello too")).await;
    assert_eq!(texts(&ana.load(other).await.expect("readable").messages), ["hello too"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_at_once_count_once() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    let message = event::message("c1", "m1", "hello");
    // Half of them retries of one delivery, half of them deliveries of their own.
    let statuses = join_all((0..50).map(|number| {
        let (desk, message) = (&desk, &message);
        async move {
            let id = if number % 2 == 0 { "msg_same".to_owned() } else { format!("msg_{number}") };
            desk.deliver(&id, message).await.status().as_u16()
        }
    }))
    .await;
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    assert_eq!(texts(&ana.load(handoff).await.expect("readable").messages), ["hello"]);
}

#[tokio::test]
async fn what_is_not_for_this_desk_changes_nothing() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    desk.tell(&event::message("c1", "m1", "hello")).await;
    let before = ana.load(handoff).await.expect("readable");
    let message = event::message("c1", "m2", "not for us");
    let with = |path: &[&str], value: Value| {
        let mut event = message.clone();
        let place = path.iter().fold(&mut event, |place, name| &mut place[*name]);
        *place = value;
        event
    };
    let ended = event::handoff_ended("c1", OffsetDateTime::now_utc());
    let mut ended_elsewhere = ended.clone();
    ended_elsewhere["data"]["handoff_integration"] = json!("zendesk_chat");
    let mut of_other_domain = ended;
    of_other_domain["data"]["ai_agent_domain"] = json!("somebody.else.example");
    let cases = [
        with(&["data", "handoff_integration"], json!("zendesk_chat")),
        with(&["data", "handoff_integration"], json!("Custom-Handoff")),
        with(&["data", "handoff_integration"], json!(null)),
        with(&["data", "handoff_integration"], json!(7)),
        with(&["data", "ai_agent_domain"], json!("other.ada.support")),
        with(&["type"], json!("v1.audit_log.emitted")),
        with(&["type"], json!("v9.something.new")),
        ended_elsewhere,
        of_other_domain,
        event::conversation_ended("c-unknown", "end_user"),
        event::handoff_ended("c-unknown", OffsetDateTime::now_utc()),
    ];
    for case in &cases {
        desk.tell(case).await;
        assert_eq!(ana.load(handoff).await.expect("readable"), before, "{case}");
    }
    assert!(desk.kept_events().await.is_empty());
    assert_eq!(ana.desk().await.handoffs.len(), 1);
}

#[tokio::test]
async fn what_cannot_be_read_is_kept_once_with_its_reason() {
    let desk = TestDesk::start().await;
    let mut nameless = event::message("c1", "m1", "hello");
    nameless["data"]["message_id"] = json!(null);
    let mut homeless = event::message("c1", "m1", "hello");
    homeless["data"].as_object_mut().expect("data").remove("conversation_id");
    let cases = [
        (nameless, "message_id"),
        (homeless, "conversation_id"),
        (json!({ "data": {} }), "type"),
        (json!([1]), "type"),
        (json!("x"), "type"),
    ];
    for (number, (case, reason)) in cases.iter().enumerate() {
        let id = format!("msg_{number}");
        for _ in 0..2 {
            let (status, _) = answer(desk.deliver(&id, case).await).await;
            assert_eq!(status, 200, "{case}");
        }
        let kept = desk.kept_events().await;
        assert_eq!(kept.len(), number + 1, "{case}");
        let last = kept.last().expect("kept");
        assert_eq!(last.payload, case.to_string().into_bytes());
        let said = last.reason.as_deref().unwrap_or_default();
        assert!(said.contains(reason), "{said}");
        assert!(!said.contains("hello"), "a reason quotes no customer: {said}");
    }
}

#[tokio::test]
async fn a_message_before_its_trigger_is_there_when_the_handoff_comes() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    desk.tell(&event::message("c1", "m1", "anybody there?")).await;
    assert!(ana.desk().await.handoffs.is_empty());
    let handoff = desk.hand_off("c1").await;
    assert_eq!(texts(&ana.load(handoff).await.expect("readable").messages), ["anybody there?"]);
    ana.accept(handoff).await.expect("accepted");
    assert_eq!(texts(&ana.load(handoff).await.expect("readable").messages), ["anybody there?"]);
}

#[tokio::test]
async fn whatever_kind_of_content_comes_is_shown() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    let text = |text: &str| Some(text.to_owned());
    let cases = [
        (json!({ "type": "presence", "body": "Jane joined" }), Content::Presence { body: "Jane joined".to_owned() }),
        (
            json!({ "type": "link", "url": "https://survey.example/1", "link_text": "Rate us" }),
            Content::Link { url: "https://survey.example/1".to_owned(), link_text: text("Rate us") },
        ),
        (json!({ "type": "link", "url": "javascript:alert(1)" }), Content::Link { url: "javascript:alert(1)".to_owned(), link_text: None }),
        (
            json!({ "type": "file", "url": "https://s3.example/x?X-Amz-Signature=a", "mime_type": "image/png", "filename": "x.png" }),
            Content::File {
                url: "https://s3.example/x?X-Amz-Signature=a".to_owned(),
                mime_type: text("image/png"),
                filename: text("x.png"),
            },
        ),
        (json!({ "type": "carousel", "body": "Pick one" }), Content::Unsupported { kind: "carousel".to_owned(), body: text("Pick one") }),
        (json!({ "type": "video" }), Content::Unsupported { kind: "video".to_owned(), body: None }),
        (json!(null), Content::Unsupported { kind: "unknown".to_owned(), body: None }),
        (json!({ "type": "text", "body": "" }), Content::Text { body: String::new() }),
    ];
    for (number, (content, expected)) in cases.iter().enumerate() {
        let mut event = event::message("c1", &format!("m{number}"), "");
        event["data"]["content"] = content.clone();
        desk.tell(&event).await;
        let id = format!("m{number}");
        let messages = ana.load(handoff).await.expect("readable").messages;
        let shown = messages.iter().find(|message| message.ada_id.as_ref().is_some_and(|ada| ada.as_str() == id));
        assert_eq!(shown.map(|message| &message.content), Some(expected), "{content}");
    }
    assert!(desk.kept_events().await.is_empty());
}

#[tokio::test]
async fn nothing_but_the_ids_is_needed() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    let bare = json!({
        "type": "v1.conversation.message",
        "data": { "message_id": "m1", "conversation_id": "c1", "handoff_integration": "custom-handoff", "content": { "type": "text", "body": "bare" } }
    });
    desk.tell(&bare).await;
    let mut undated = event::message("c1", "m2", "undated");
    undated["data"]["created_at"] = json!("yesterday");
    undated["timestamp"] = json!(null);
    undated["data"]["author"] = json!(null);
    undated["data"]["channel"] = json!("odd");
    undated["data"]["new_field"] = json!({ "from": "a newer Ada" });
    desk.tell(&undated).await;
    let messages = ana.load(handoff).await.expect("readable").messages;
    assert_eq!(texts(&messages), ["bare", "undated"]);
    assert!(messages.iter().all(|message| message.author.role == AuthorRole::System && message.created_at.is_none()));
}

#[tokio::test]
async fn characters_that_the_database_cannot_hold_do_no_harm() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    let mut poison = event::message("c1", "m\u{0}1", "a\u{0}b \u{d7ff}\u{10ffff} \u{202e}");
    poison["data"]["author"]["display_name"] = json!("Ja\u{0}ne");
    poison["data"]["channel"]["name"] = json!("Ch\u{0}at");
    poison["data"]["end_user_id"] = json!("us\u{0}er");
    desk.tell(&poison).await;
    let mut file = event::message("c1", "m2", "");
    file["data"]["content"] = json!({ "type": "file", "url": "https://x.example/\u{0}", "filename": "\u{0}.png", "mime_type": "\u{0}" });
    desk.tell(&file).await;
    let mut odd = event::message("c1", "m3", "");
    odd["data"]["content"] = json!({ "type": "form\u{0}", "body": { "deep": ["\u{0}"] } });
    desk.tell(&odd).await;
    assert!(desk.kept_events().await.is_empty());
    let messages = ana.load(handoff).await.expect("readable").messages;
    assert_eq!(messages.len(), 3);
    assert_eq!(texts(&messages)[0], "a\u{fffd}b \u{d7ff}\u{10ffff} \u{202e}");
    assert_eq!(messages[0].author.name.as_deref(), Some("Ja\u{fffd}ne"));
}

#[tokio::test]
async fn a_message_after_the_end_lands_in_its_place() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    ana.accept(handoff).await.expect("accepted");
    desk.tell(&event::message_at("c1", "m1", "first", "2026-10-20T09:00:00+00:00", "2026-10-20T09:00:00.100+00:00")).await;
    desk.tell(&event::message_at("c1", "m3", "third", "2026-10-20T09:00:09+00:00", "2026-10-20T09:00:09.100+00:00")).await;
    desk.tell(&event::handoff_ended("c1", OffsetDateTime::now_utc())).await;
    desk.tell(&event::message_at("c1", "m2", "second", "2026-10-20T09:00:05+00:00", "2026-10-20T09:00:05.100+00:00")).await;
    let loaded = ana.load(handoff).await.expect("readable");
    assert_eq!(texts(&loaded.messages), ["first", "second", "third"]);
    assert_eq!(loaded.detail.summary.state, HandoffState::Ended);
}

#[tokio::test]
async fn what_ada_learns_of_the_customer_reaches_the_panes() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    let profile = json!({ "first_name": "Jane", "last_name": "Doe", "email": "jane@example.com", "language": "fr-CA", "metadata": { "plan": "gold", "seats": 3, "nothing": null } });
    desk.tell(&json!({ "type": "v1.end_user.updated", "data": { "end_user_id": "user-1", "profile": profile } })).await;
    desk.tell(&json!({ "type": "v1.conversation.created", "data": { "conversation_id": "c1", "metadata": { "order": 7 } } })).await;
    let detail = ana.load(handoff).await.expect("readable").detail;
    assert_eq!(detail.end_user.name.as_deref(), Some("Jane Doe"));
    assert_eq!((detail.end_user.email.as_deref(), detail.end_user.language.as_deref()), (Some("jane@example.com"), Some("fr-CA")));
    let metavariables: Vec<_> = detail.end_user.metavariables.iter().map(|entry| (entry.name.as_str(), entry.value.as_str())).collect();
    assert_eq!(metavariables, [("plan", "gold"), ("seats", "3")]);
    assert_eq!(detail.metadata["order"].display(), "7");
    assert_eq!(detail.summary.customer.as_deref(), Some("Jane Doe"));
}
