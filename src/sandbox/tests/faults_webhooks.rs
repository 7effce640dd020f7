//! Webhooks that are lost, doubled, late, spoiled or strange.

use std::collections::HashSet;

use reqwest::Method;
use serde_json::{Value, json};

use super::support::{Ada, text};

const MESSAGE: &str = "v1.conversation.message";

/// A conversation in which the customer has said so many things; the ids of the messages.
async fn chatter(ada: &Ada, lines: usize) -> (String, Vec<String>) {
    let id = ada.chat().await;
    let mut said = Vec::new();
    for number in 0..lines {
        said.push(ada.say(&id, &format!("line {number}")).await);
    }
    (id, said)
}

/// The messages that arrived, in the order of their arrival.
fn arrived(ada: &Ada) -> Vec<String> {
    let messages = ada.desk.received().into_iter().filter(|one| one.event["type"] == MESSAGE);
    messages.map(|one| text(&one.event["data"]["message_id"])).collect()
}

#[tokio::test]
async fn what_was_lost_comes_when_it_is_recovered() {
    let ada = Ada::quiet().await;
    ada.faults(json!({ "webhooks": { "lose": 1.0 } })).await;
    let (_, said) = chatter(&ada, 20).await;
    let state = ada.settled().await;
    assert_eq!((&state["lost"], &state["delivered"], &state["on"]), (&json!(21), &json!(0), &json!(["webhooks.lose"])));
    assert!(ada.desk.received().is_empty());
    let recovered = ada.play(Method::POST, "recover", None).await;
    assert_eq!((recovered.status, &recovered.body["sent"]), (202, &json!(21)));
    let state = ada.settled().await;
    assert_eq!((&state["lost"], &state["delivered"]), (&json!(0), &json!(21)));
    let now: HashSet<String> = arrived(&ada).into_iter().collect();
    assert_eq!(now, said.into_iter().collect());
    assert_eq!(ada.play(Method::POST, "recover", None).await.body["sent"], 0);
}

#[tokio::test]
async fn a_seed_repeats_which_are_lost() {
    async fn kept(seed: u64) -> Vec<bool> {
        let ada = Ada::quiet().await;
        ada.faults(json!({ "seed": seed, "webhooks": { "lose": 0.5 } })).await;
        let (_, said) = chatter(&ada, 40).await;
        ada.settled().await;
        let arrived = arrived(&ada);
        said.iter().map(|id| arrived.contains(id)).collect()
    }
    let first = kept(11).await;
    assert_eq!(first, kept(11).await);
    assert_ne!(first, kept(12).await);
    assert!(first.contains(&true) && first.contains(&false));
}

#[tokio::test]
async fn stopped_webhooks_come_only_when_somebody_asks() {
    let ada = Ada::quiet().await;
    ada.faults(json!({ "webhooks": { "stop": true } })).await;
    let (_, said) = chatter(&ada, 3).await;
    ada.faults(json!({ "webhooks": { "stop": false } })).await;
    assert_eq!(ada.settled().await["stopped"], 4);
    assert!(ada.desk.received().is_empty());
    let log = ada.play(Method::GET, &format!("deliveries?type={MESSAGE}"), None).await;
    let first = &log.body["deliveries"][0];
    assert_eq!((&first["state"], &first["attempts"]), (&json!("stopped"), &json!(0)));
    ada.play(Method::POST, &format!("resend/{}", text(&first["svix_id"])), None).await;
    ada.settled().await;
    assert_eq!(arrived(&ada), [said[0].clone()]);
    assert_eq!(ada.play(Method::POST, "recover", None).await.body["sent"], 3);
    ada.settled().await;
    assert_eq!(ada.desk.received().len(), 4);
}

#[tokio::test]
async fn doubles_have_the_same_id_or_a_new_one() {
    let ada = Ada::quiet().await;
    ada.faults(json!({ "webhooks": { "duplicate": 1.0 } })).await;
    ada.chat().await;
    ada.settled().await;
    let twice = ada.desk.received();
    assert_eq!((twice.len(), &twice[0].svix_id), (2, &twice[1].svix_id));
    let ada = Ada::quiet().await;
    ada.faults(json!({ "webhooks": { "resend": 1.0 } })).await;
    ada.chat().await;
    ada.settled().await;
    let replayed = ada.desk.received();
    assert_eq!((replayed.len(), &replayed[0].event), (2, &replayed[1].event));
    assert_ne!(replayed[0].svix_id, replayed[1].svix_id);
}

#[tokio::test]
async fn deliveries_overtake_one_another() {
    let ada = Ada::quiet().await;
    ada.faults(json!({ "webhooks": { "shuffle_ms": 400, "late": 0.2, "late_ms": 500 } })).await;
    let (_, said) = chatter(&ada, 25).await;
    ada.settled().await;
    let order = arrived(&ada);
    assert_eq!(order.len(), said.len());
    assert_ne!(order, said);
}

#[tokio::test]
async fn wrong_signatures_come_first_and_right_ones_after() {
    let ada = Ada::quiet().await;
    ada.faults(json!({ "webhooks": { "bad_signature": 1.0, "stale": 1.0, "fail_first": 1.0 } })).await;
    ada.chat().await;
    let state = ada.settled().await;
    assert_eq!((&state["delivered"], &state["forged_accepted"]), (&json!(1), &json!(0)));
    assert_eq!((ada.desk.refused(), ada.desk.received().len()), (2, 1));
    let log = ada.play(Method::GET, "deliveries", None).await;
    let tries: Vec<_> = log.body["deliveries"][0]["tries"].as_array().expect("tries").iter().map(|one| one["status"].as_u64()).collect();
    assert_eq!(tries, [None, Some(400), Some(400), Some(200)]);
}

#[tokio::test]
async fn headers_have_two_names_and_rotations_two_signatures() {
    let ada = Ada::quiet().await;
    ada.faults(json!({ "webhooks": { "headers": "mixed", "two_signatures": true } })).await;
    chatter(&ada, 20).await;
    ada.settled().await;
    let all = ada.desk.received();
    assert_eq!(all.len(), 21);
    assert!(all.iter().all(|one| one.signatures == 2));
    let names: HashSet<_> = all.iter().map(|one| one.names).collect();
    assert_eq!(names.len(), 2);
}

#[tokio::test]
async fn noise_is_nobody_s_and_strange_content_is_part_of_the_conversation() {
    let ada = Ada::quiet().await;
    let id = ada.handed_off().await;
    let noise = json!({ "other_label": 1.0, "null_label": 1.0, "unknown_type": 1.0, "unknown_content": 1.0, "presence": 1.0 });
    ada.faults(json!({ "webhooks": noise })).await;
    ada.settled().await;
    let before = ada.desk.received().len();
    ada.say(&id, "hello").await;
    ada.settled().await;
    let all = ada.desk.received().split_off(before);
    // Three messages of the conversation, each followed by three events that are not.
    assert_eq!(all.len(), 12);
    let (ours, others): (Vec<_>, Vec<_>) = all.iter().partition(|one| one.event["data"]["handoff_integration"] == "acme-desk");
    assert_eq!(ours.len(), 3);
    assert!(others.iter().all(|one| one.event["type"] != MESSAGE || one.event["data"]["conversation_id"] != id.as_str()));
    let ledger = ada.ledger().await;
    let listed: HashSet<_> =
        ledger["conversations"][0]["messages"].as_array().expect("messages").iter().map(|m| text(&m["message_id"])).collect();
    assert!(ours.iter().all(|one| listed.contains(&text(&one.event["data"]["message_id"]))));
    let kinds: HashSet<_> = ours.iter().map(|one| text(&one.event["data"]["content"]["type"])).collect();
    assert_eq!(kinds, ["text", "carousel", "presence"].map(str::to_owned).into());
}

#[tokio::test]
async fn messages_can_share_a_moment_and_a_label_can_be_wrong() {
    let ada = Ada::quiet().await;
    let id = ada.handed_off().await;
    ada.faults(json!({ "webhooks": { "same_instant": 1.0, "wrong_label": "zendesk", "extra_keys": true } })).await;
    let (one, other) = (ada.say(&id, "one").await, ada.say(&id, "two").await);
    let (one, other) = (ada.desk.message(&one).await, ada.desk.message(&other).await);
    assert_eq!(one["timestamp"], other["timestamp"]);
    assert_eq!(one["data"]["handoff_integration"], "zendesk");
    assert!(one["data"]["channel"]["x_new_field"].is_object());
}

#[tokio::test]
async fn the_clock_of_ada_can_be_wrong() {
    let ada = Ada::quiet().await;
    let seconds = 120;
    ada.faults(json!({ "clock_offset_ms": seconds * 1_000 })).await;
    let before = time::OffsetDateTime::now_utc().unix_timestamp();
    let (id, said) = chatter(&ada, 1).await;
    let event = ada.desk.message(&said[0]).await;
    let form = &time::format_description::well_known::Rfc3339;
    for told in [&event["timestamp"], &event["data"]["created_at"], &ada.ledger().await["conversations"][0]["messages"][0]["created_at"]] {
        let told = time::OffsetDateTime::parse(&text(told), form).expect("a time").unix_timestamp();
        assert!((before + seconds - 1..before + seconds + 60).contains(&told));
    }
    assert!(ada.desk.received()[0].timestamp >= before + seconds);
    let answer = ada.http.get(format!("{}/api/v2/conversations/{id}", ada.base)).bearer_auth("x").send().await.expect("an answer");
    assert!(answer.headers()["date"].to_str().expect("text").ends_with("GMT"));
    let ended = ada.play(Method::POST, &format!("conversations/{id}/close"), Some(json!({ "by": "system" }))).await;
    assert_eq!(ended.body["state"], Value::from("ended"));
    assert_eq!(ada.desk.of_type("v1.conversation.ended").await["data"]["ended_by"]["role"], "system");
}
