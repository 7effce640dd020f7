//! Whatever comes to a door: it is taken, kept or refused, and nobody falls over.

use babbage::live::frames::FromBrowser;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio_tungstenite::tungstenite::Message;

use super::runner;
use crate::support::{BrowserSocket, SECRET, TestDesk, event, texts};

/// What no field expects.
fn odd() -> impl Strategy<Value = Value> {
    let told = [
        "",
        " ",
        "\0",
        "a\0b",
        "\u{feff}",
        "null",
        "-1",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-14:00",
        "0000-01-01T00:00:00+14:00",
        "1970-01-01T00:00:00",
        "2026-02-30T00:00:00Z",
        "2026-10-20T24:00:00Z",
        "2026-10-20T09:00:60Z",
        "2026-10-20T09:00:00.1234567890123Z",
        "human_agent",
        "end_user",
        "file",
        "link",
        "text",
        "http://",
        "javascript:alert(1)",
    ];
    prop_oneof![
        4 => prop::sample::select(told.to_vec()).prop_map(|text| json!(text)),
        1 => any::<String>().prop_map(|text| json!(text)),
        1 => (1usize..6_000).prop_map(|length| json!("ä".repeat(length))),
        1 => prop_oneof![Just(json!(null)), Just(json!({})), Just(json!([])), any::<bool>().prop_map(|value| json!(value))],
        1 => prop_oneof![any::<i64>().prop_map(|number| json!(number)), any::<f64>().prop_map(|number| json!(number))],
        1 => (1usize..100).prop_map(|depth| (0..depth).fold(json!("deep"), |inner, _| json!([inner]))),
        1 => prop::collection::btree_map(any::<String>(), any::<i32>(), 0..4).prop_map(|map| json!(map)),
    ]
}

/// Every place in a value, as pointers.
fn places(value: &Value, here: &str, all: &mut Vec<String>) {
    all.push(here.to_owned());
    match value {
        Value::Object(map) => map.iter().for_each(|(name, inner)| places(inner, &format!("{here}/{name}"), all)),
        Value::Array(list) => list.iter().enumerate().for_each(|(at, inner)| places(inner, &format!("{here}/{at}"), all)),
        _ => {}
    }
}

/// One of these, with some of its parts replaced.
fn spoilt(good: Vec<Value>) -> impl Strategy<Value = Value> {
    (prop::sample::select(good), prop::collection::vec((any::<Index>(), odd()), 1..4)).prop_map(|(mut value, changes)| {
        for (place, odd) in changes {
            let mut all = Vec::new();
            places(&value, "", &mut all);
            if let Some(part) = value.pointer_mut(place.get(&all[..]).as_str()) {
                *part = odd;
            }
        }
        value
    })
}

fn events() -> Vec<Value> {
    let profile = json!({ "type": "v1.end_user.updated", "data": { "end_user_id": "user-1", "profile": {
        "first_name": "Jane", "email": "jane@example.com", "language": "en", "metadata": { "plan": "gold", "vip": true } } } });
    let created = json!({ "type": "v1.conversation.created", "timestamp": "2026-10-20T09:00:00+00:00",
        "data": { "conversation_id": "c1", "channel_id": "chat", "end_user_id": "user-1", "metadata": { "locale": "en", "score": 0.5 } } });
    let mut link = event::message("c1", "m-link", "");
    link["data"]["content"] = json!({ "type": "link", "url": "https://example.com", "link_text": "here" });
    let mut file = event::message("c1", "m-file", "");
    file["data"]["content"] = json!({ "type": "file", "url": "https://example.com/f", "mime_type": "image/png", "filename": "f.png" });
    vec![
        event::message("c1", "m-text", "hello"),
        event::echo("c1", "m-echo", "Ana", "hello"),
        event::conversation_ended("c2", "end_user"),
        event::handoff_ended("c2", OffsetDateTime::now_utc()),
        profile,
        created,
        link,
        file,
    ]
}

#[tokio::test]
async fn whatever_a_webhook_says_it_is_answered_and_nothing_falls_over() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    desk.hand_off("c2").await;
    ana.accept(handoff).await.expect("accepted");
    let mut runner = runner(150);
    for number in 0..runner.config().cases {
        let event = spoilt(events()).new_tree(&mut runner).expect("an event").current();
        let status = desk.deliver(&format!("odd_{number}"), &event).await.status();
        assert_eq!(status, 200, "{event}");
        // Once more: as with any retry, nothing comes of it.
        if number % 10 == 0 {
            assert_eq!(desk.deliver(&format!("odd_{number}"), &event).await.status(), 200, "{event}");
        }
    }
    desk.tell(&event::message("c1", "m-good", "still here")).await;
    let shown = ana.load(handoff).await.expect("readable");
    assert!(texts(&shown.messages).contains(&"still here"));
}

#[tokio::test]
async fn the_last_moment_of_the_calendar_is_a_time_like_any_other() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    for (id, at) in [("m1", "1970-01-01T00:00:00Z"), ("m2", "9999-12-31T23:59:59.999999Z")] {
        let mut event = event::echo("c1", id, "Somebody else", id);
        event["data"]["created_at"] = json!(at);
        desk.tell(&event).await;
    }
    // Beyond it in UTC: no time at all, and the message is there all the same.
    let mut event = event::echo("c1", "m3", "Somebody else", "m3");
    event["data"]["created_at"] = json!("9999-12-31T23:59:59-14:00");
    desk.tell(&event).await;
    assert_eq!(texts(&ana.load(handoff).await.expect("readable").messages), ["m1", "m3", "m2"]);
}

#[tokio::test]
async fn whatever_bytes_are_signed_they_are_kept_or_refused() {
    let desk = TestDesk::start().await;
    let mut runner = runner(60);
    let bytes = prop_oneof![
        any::<String>().prop_map(String::into_bytes),
        (0usize..20_000).prop_map(|depth| "[".repeat(depth).into_bytes()),
        (0usize..200).prop_map(|upto| event::message("c1", "m1", "hello").to_string()[..upto].as_bytes().to_vec()),
    ];
    for number in 0..runner.config().cases {
        let body = bytes.new_tree(&mut runner).expect("bytes").current();
        let headers = event::signed(&[SECRET], &format!("bytes_{number}"), OffsetDateTime::now_utc().unix_timestamp(), &body);
        let status = desk.webhook(&headers, body.clone()).await.status().as_u16();
        assert!(matches!(status, 200 | 400), "{status} for {body:?}");
    }
}

#[tokio::test]
async fn no_signature_but_the_right_one_opens_the_door() {
    let desk = TestDesk::start().await;
    let body = event::message("c1", "m1", "hello").to_string();
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let good = event::signed(&[SECRET], "one", now, body.as_bytes()).remove(2).1;
    let mut runner = runner(150);
    let cut = good.clone();
    let signature = prop_oneof![
        "[ -~]{0,80}",
        "(v1,[A-Za-z0-9+/=]{0,60} ?){0,40}",
        (0..good.len()).prop_map(move |upto| cut[..upto].to_owned()),
        any::<u16>().prop_map(|times| "v1, ".repeat(usize::from(times % 1_000))),
        prop::sample::select(vec![good.replace("v1,", "v2,"), good.replace("v1,", "v1a,"), good.to_lowercase(), good[3..].to_owned()]),
    ];
    let timestamp = prop_oneof![3 => Just(now.to_string()), 1 => "[ -~]{0,20}", 1 => any::<i64>().prop_map(|number| number.to_string())];
    let id = prop_oneof![3 => Just("one".to_owned()), 1 => "[!-~]{1,20}"];
    for _ in 0..runner.config().cases {
        let (signature, timestamp, id) = (&signature, &timestamp, &id).new_tree(&mut runner).expect("headers").current();
        if signature.split(' ').any(|one| one == good) {
            continue;
        }
        let headers = [("svix-id", id), ("svix-timestamp", timestamp), ("svix-signature", signature)];
        let status = desk.webhook(&headers, body.clone()).await.status().as_u16();
        assert!(matches!(status, 400 | 401), "{status} for {headers:?}");
    }
    let headers = [("svix-id", "one".to_owned()), ("svix-timestamp", now.to_string()), ("svix-signature", good)];
    assert_eq!(desk.webhook(&headers, body).await.status(), 200);
}

#[tokio::test]
async fn whatever_a_trigger_says_it_is_answered() {
    let desk = TestDesk::start().await;
    let good = json!({
        "conversation_id": "c1", "end_user_id": "user-1", "ai_agent_domain": "acme.ada.support", "language": "en", "topic": "billing",
        "priority": 3, "tags": ["a", "b"], "more": { "inner": [1, 2, { "deep": null }] },
    });
    let mut runner = runner(150);
    for _ in 0..runner.config().cases {
        let body = spoilt(vec![good.clone()]).new_tree(&mut runner).expect("a body").current();
        let status = desk.trigger(&body).await.status().as_u16();
        assert!(matches!(status, 200 | 400), "{status} for {body}");
    }
    assert_eq!(desk.trigger(&good).await.status(), 200);
}

#[tokio::test]
async fn whatever_a_browser_says_it_is_heard_or_told_goodbye() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    let good = vec![json!({ "type": "desk" }), json!({ "type": "heartbeat" }), json!({ "type": "watch", "handoff": handoff, "after": 0 })];
    let after = prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(-1), any::<i64>()];
    let frame = prop_oneof![
        spoilt(good).prop_map(|value| Message::text(value.to_string())),
        after.prop_map(move |after| Message::text(json!({ "type": "watch", "handoff": handoff, "after": after }).to_string())),
        any::<u128>()
            .prop_map(|id| Message::text(json!({ "type": "watch", "handoff": uuid::Uuid::from_u128(id), "after": 0 }).to_string())),
        "[ -~]{0,300}".prop_map(Message::text),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(Message::binary),
        prop::collection::vec(any::<u8>(), 0..100).prop_map(|bytes| Message::Ping(bytes.into())),
    ];
    let mut runner = runner(60);
    for _ in 0..runner.config().cases {
        let frame = frame.new_tree(&mut runner).expect("a frame").current();
        let socket = BrowserSocket::open(&ana).await;
        let desks = socket.look(|page| page.desks);
        socket.send(frame.clone());
        socket.say(&FromBrowser::Desk);
        // It goes on, or the server has said why not; it never just breaks off.
        socket.until(&format!("an answer after {frame:?}"), |page| page.desks > desks || page.bye.is_some()).await;
    }
}
