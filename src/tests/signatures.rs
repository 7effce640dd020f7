//! `POST /webhooks/message`: what is believed, and what is not even read.

use babbage::server::tenants::Keys;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use svix::webhooks::Webhook;
use time::OffsetDateTime;

use super::support::{API_KEY, FakeAda, OTHER_DOMAIN, SECRET, TestDesk, answer, event};

const OTHER_SECRET: &str = "whsec_QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJC";

fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

/// How many messages the desk has.
async fn stored(desk: &TestDesk) -> i64 {
    sqlx::query_scalar("select count(*) from messages").fetch_one(&desk.pool).await.expect("a count")
}

/// What becomes of a message under these headers.
async fn status(desk: &TestDesk, headers: &[(&str, String)], body: &Value) -> u16 {
    desk.webhook(headers, body.to_string()).await.status().as_u16()
}

#[tokio::test]
async fn published_signatures_are_what_these_tests_sign_with() {
    let body = r#"{"type":"v1.conversation.handoff.ended","timestamp":"2026-10-20T09:15:02.417+00:00","data":{"conversation_id":"68f5c0ffee00000000000001","end_user_id":"68f5c0ffee00000000000002","handoff_integration":"acme-desk","ai_agent_domain":"acme.ada.support"}}"#;
    for (secret, id, at, body, signature) in [
        (
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
        (SECRET, "msg_testvector0001", 1_792_487_702, body, "v1,oXphjzuXcPAgdH8UTHIyhLgmPEDJKn+3XDiZPGpWGWM="),
        (OTHER_SECRET, "msg_testvector0001", 1_792_487_702, body, "v1,1NgTETKmADAPKX/5zrd25G2KKPZO11/aR6pCV0ro/mQ="),
    ] {
        let webhook = Webhook::new(secret).expect("a secret");
        assert_eq!(webhook.sign(id, at, body.as_bytes()).expect("a signature"), signature);
        // They are right, but of another day: a recorded delivery is not taken again.
        let desk = TestDesk::setup().set("WEBHOOK_SECRET", secret).start().await;
        let headers = [("svix-id", id.to_owned()), ("svix-timestamp", at.to_string()), ("svix-signature", signature.to_owned())];
        assert_eq!(desk.webhook(&headers, body).await.status(), 400);
    }
}

#[tokio::test]
async fn only_what_a_known_secret_signed_is_taken() {
    let desk = TestDesk::start().await;
    let message = event::message("c1", "m1", "hello");
    let body = message.to_string();
    let wrong = event::signed(&[OTHER_SECRET], "msg_1", now(), body.as_bytes());
    assert_eq!(status(&desk, &wrong, &message).await, 400);
    let of_other_bytes = event::signed(&[SECRET], "msg_1", now(), b"{}");
    assert_eq!(status(&desk, &of_other_bytes, &message).await, 400);
    let mut other_id = event::signed(&[SECRET], "msg_1", now(), body.as_bytes());
    other_id[0].1 = "msg_2".to_owned();
    assert_eq!(status(&desk, &other_id, &message).await, 400);
    let mut other_time = event::signed(&[SECRET], "msg_1", now(), body.as_bytes());
    other_time[1].1 = (now() + 7).to_string();
    assert_eq!(status(&desk, &other_time, &message).await, 400);
    assert_eq!(stored(&desk).await, 0);
    let right = event::signed(&[SECRET], "msg_1", now(), body.as_bytes());
    assert_eq!(status(&desk, &right, &message).await, 200);
    assert_eq!(stored(&desk).await, 1);
}

#[tokio::test]
async fn both_paths_are_taken() {
    let desk = TestDesk::start().await;
    for (number, path) in ["/webhooks/message", "/webhooks/events"].into_iter().enumerate() {
        let body = event::message("c1", &format!("m{number}"), "hello").to_string();
        let headers = event::signed(&[SECRET], &format!("msg_{number}"), now(), body.as_bytes());
        let request = desk.http.post(desk.url(path)).body(body);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        assert_eq!(request.send().await.expect("an answer").status(), 200, "{path}");
    }
    assert_eq!(stored(&desk).await, 2);
}

#[tokio::test]
async fn each_of_several_secrets_is_enough_and_so_is_one_good_signature_of_several() {
    let desk = TestDesk::setup().set("WEBHOOK_SECRET", &format!("{OTHER_SECRET} {SECRET}")).start().await;
    let stranger = "whsec_Q0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0ND";
    for (number, (secrets, expected)) in [
        (vec![SECRET], 200),
        (vec![OTHER_SECRET], 200),
        (vec![SECRET, OTHER_SECRET], 200),
        (vec![stranger, SECRET], 200),
        (vec![SECRET, stranger], 200),
        (vec![stranger], 400),
        (vec![stranger, stranger], 400),
    ]
    .into_iter()
    .enumerate()
    {
        let message = event::message("c1", &format!("m{number}"), "hello");
        let headers = event::signed(&secrets, &format!("msg_{number}"), now(), message.to_string().as_bytes());
        assert_eq!(status(&desk, &headers, &message).await, expected, "{secrets:?}");
    }
}

#[tokio::test]
async fn a_delivery_that_is_too_old_or_from_the_future_is_refused() {
    let desk = TestDesk::start().await;
    for (number, (shift, expected)) in
        [(-600, 400), (-310, 400), (-240, 200), (240, 200), (310, 400), (86_400, 400)].into_iter().enumerate()
    {
        let message = event::message("c1", &format!("m{number}"), "hello");
        let headers = event::signed(&[SECRET], &format!("msg_{number}"), now() + shift, message.to_string().as_bytes());
        assert_eq!(status(&desk, &headers, &message).await, expected, "{shift} s");
    }
}

#[tokio::test]
async fn every_header_is_needed_and_the_other_spelling_counts() {
    let desk = TestDesk::start().await;
    let message = event::message("c1", "m1", "hello");
    let headers = event::signed(&[SECRET], "msg_1", now(), message.to_string().as_bytes());
    for left_out in 0..headers.len() {
        let mut fewer = headers.clone();
        let (name, _) = fewer.remove(left_out);
        assert_eq!(status(&desk, &fewer, &message).await, 400, "without {name}");
    }
    for (name, value) in [("svix-timestamp", "soon"), ("svix-timestamp", ""), ("svix-timestamp", "99999999999999999999"), ("svix-id", "")] {
        let wrong: Vec<_> =
            headers.iter().map(|(known, text)| (*known, if *known == name { value.to_owned() } else { text.clone() })).collect();
        assert_eq!(status(&desk, &wrong, &message).await, 400, "{name}: {value}");
    }
    assert_eq!(stored(&desk).await, 0);
    let renamed: Vec<_> =
        ["webhook-id", "webhook-timestamp", "webhook-signature"].into_iter().zip(headers).map(|(name, (_, value))| (name, value)).collect();
    assert_eq!(status(&desk, &renamed, &message).await, 200);
    assert_eq!(stored(&desk).await, 1);
}

#[tokio::test]
async fn broken_signatures_are_refused_and_harm_no_good_one_beside_them() {
    let desk = TestDesk::start().await;
    let message = event::message("c1", "m1", "hello");
    let good = event::signed(&[SECRET], "msg_1", now(), message.to_string().as_bytes());
    let signature = good[2].1.clone();
    let with = |text: String| vec![good[0].clone(), good[1].clone(), ("svix-signature", text)];
    let encoded = signature.strip_prefix("v1,").expect("a version").to_owned();
    for broken in [
        String::new(),
        "v1,".to_owned(),
        ",".to_owned(),
        encoded.clone(),
        format!("v2,{encoded}"),
        format!("v1a,{encoded}"),
        signature[..signature.len() - 4].to_owned(),
        signature[..10].to_owned(),
        format!("{signature}AAAA"),
        format!("v1,{}", "A".repeat(4_000)),
        format!("v1,{encoded},{encoded}"),
        "v1,!!!".to_owned(),
        " ".to_owned(),
    ] {
        assert_eq!(status(&desk, &with(broken.clone()), &message).await, 400, "{broken}");
    }
    assert_eq!(stored(&desk).await, 0);
    for around in [format!("nocomma {signature}"), format!("v1, {signature}"), format!("{signature} v2,x"), format!("v1,AAAA  {signature}")]
    {
        assert_eq!(status(&desk, &with(around.clone()), &message).await, 200, "{around}");
    }
    assert_eq!(stored(&desk).await, 1);
}

#[tokio::test]
async fn a_body_above_1_mib_is_refused() {
    let desk = TestDesk::start().await;
    let around = event::message("c1", "m1", "").to_string().len();
    for (id, length, expected) in [("m1", 1024 * 1024 - around, 200), ("m2", 1024 * 1024 - around + 1, 413)] {
        let body = event::message("c1", id, &"x".repeat(length)).to_string();
        let headers = event::signed(&[SECRET], id, now(), body.as_bytes());
        assert_eq!(desk.webhook(&headers, body).await.status(), expected);
    }
}

/// Signs bytes as Svix signs text: its library takes nothing else.
fn signed_bytes(secret: &str, id: &str, timestamp: i64, body: &[u8]) -> Vec<(&'static str, String)> {
    let key = STANDARD.decode(secret.trim_start_matches("whsec_")).expect("a key");
    let mut signed = Hmac::<Sha256>::new_from_slice(&key).expect("a key");
    signed.update(format!("{id}.{timestamp}.").as_bytes());
    signed.update(body);
    let signature = format!("v1,{}", STANDARD.encode(signed.finalize().into_bytes()));
    vec![("svix-id", id.to_owned()), ("svix-timestamp", timestamp.to_string()), ("svix-signature", signature)]
}

#[tokio::test]
async fn bytes_that_are_no_text_are_kept_if_they_are_signed_and_refused_if_not() {
    let desk = TestDesk::start().await;
    let message = event::message("c1", "m1", "hello").to_string().replace("hello", "h?llo");
    let mut odd = message.into_bytes();
    let place = odd.iter().rposition(|byte| *byte == b'?').expect("the text");
    odd[place] = 0xe9;
    let bodies = [odd, vec![0xff, 0xfe, b'{', 0x00, 0x80], vec![0x80; 1024]];
    for (number, body) in bodies.iter().enumerate() {
        let id = format!("msg_{number}");
        let right = signed_bytes(SECRET, &id, now(), body);
        let wrong = [
            event::signed(&[SECRET], &id, now(), b"{}"),
            signed_bytes(OTHER_SECRET, &id, now(), body),
            signed_bytes(SECRET, &id, now() - 310, body),
            signed_bytes(SECRET, &id, now() + 310, body),
            right[..2].to_vec(),
        ];
        for headers in &wrong {
            assert_eq!(desk.webhook(headers, body.clone()).await.status(), 400, "{headers:?}");
        }
        assert_eq!(desk.kept_events().await.len(), number);
        for _ in 0..2 {
            assert_eq!(desk.webhook(&right, body.clone()).await.status(), 200);
        }
        let kept = desk.kept_events().await;
        assert_eq!(kept.len(), number + 1);
        assert_eq!((kept[number].payload.as_slice(), kept[number].outcome.as_str()), (body.as_slice(), "unreadable"));
    }
    desk.tell(&event::message("c1", "m1", "hello")).await;
    assert_eq!(stored(&desk).await, 1);
}

#[tokio::test]
async fn what_is_signed_and_no_json_is_kept_and_not_sent_again() {
    let desk = TestDesk::start().await;
    for (number, body) in ["not JSON", "{", "{\"type\":", ""].into_iter().enumerate() {
        let headers = event::signed(&[SECRET], &format!("msg_{number}"), now(), body.as_bytes());
        assert_eq!(desk.webhook(&headers, body).await.status(), 200, "{body}");
        let kept = desk.kept_events().await;
        assert_eq!(kept.len(), number + 1);
        assert_eq!((kept[number].payload.as_slice(), kept[number].outcome.as_str()), (body.as_bytes(), "unreadable"));
    }
}

#[tokio::test]
async fn without_a_secret_the_route_is_closed_and_not_open() {
    let desk = TestDesk::setup().set("WEBHOOK_SECRET", "").start().await;
    let (status, said) = answer(desk.deliver("msg_1", &event::message("c1", "m1", "hello")).await).await;
    assert_eq!(status, 503);
    assert!(said["error"].as_str().is_some_and(|words| words.contains("WEBHOOK_SECRET")), "{said}");
}

#[tokio::test]
async fn an_ai_agent_cannot_speak_for_another() {
    let other = FakeAda::start();
    let keys = Keys { api_key: Some(API_KEY.to_owned()), webhook_secrets: vec![OTHER_SECRET.to_owned()], trigger_keys: vec![] };
    let desk = TestDesk::setup().with_other_agent(&other, keys).start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    let number = ana.load(handoff).await.expect("readable").number;
    let message = event::message("c1", "m1", "I am somebody else");
    let theirs = event::signed(&[OTHER_SECRET], "msg_1", now(), message.to_string().as_bytes());
    assert_eq!(status(&desk, &theirs, &message).await, 200);
    assert_eq!(ana.load(handoff).await.expect("readable").number, number);
    // Of their own conversations they may speak, also of one that has the same id.
    let mut own = message;
    own["data"]["ai_agent_domain"] = json!(OTHER_DOMAIN);
    let theirs = event::signed(&[OTHER_SECRET], "msg_2", now(), own.to_string().as_bytes());
    assert_eq!(status(&desk, &theirs, &own).await, 200);
    assert_eq!(stored(&desk).await, 1);
    assert_eq!(ana.load(handoff).await.expect("readable").number, number);
}
