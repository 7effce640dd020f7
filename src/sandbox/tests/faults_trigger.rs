//! The handoff trigger: twice, wrongly, too late, or with an answer that gets lost.

use axum::http::StatusCode;
use reqwest::Method;
use serde_json::json;

use super::support::{Ada, text};

async fn asked(faults: serde_json::Value) -> (Ada, String, serde_json::Value) {
    let ada = Ada::quiet().await;
    let id = ada.chat().await;
    ada.faults(json!({ "trigger": faults })).await;
    let asked = ada.play(Method::POST, &format!("conversations/{id}/ask-person"), None).await;
    assert_eq!(asked.status, 200);
    (ada, id, asked.body["state"].clone())
}

#[tokio::test]
async fn it_can_come_twice_and_with_too_much_or_too_little() {
    let (ada, id, state) = asked(json!({ "twice": 1.0, "extra_fields": true })).await;
    assert_eq!(state, "handoff");
    let calls = ada.desk.triggers();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0].1, calls[1].1);
    assert!(calls[0].1["cart"].is_array() && calls[0].1["unset"].is_null());
    assert_eq!(calls[0].1["conversation_id"], id.as_str());
    let (ada, id, _) = asked(json!({ "missing_fields": true })).await;
    assert_eq!(ada.desk.triggers()[0].1, json!({ "ada_conversation_id": id }));
}

#[tokio::test]
async fn a_wrong_key_or_a_lost_answer_is_no_handoff() {
    let (ada, _, _) = asked(json!({ "wrong_key": true })).await;
    assert_ne!(ada.desk.triggers()[0].0.as_deref(), Some("Bearer trigger-key-of-the-test"));
    let (ada, id, state) = asked(json!({ "lose_answer": 1.0 })).await;
    assert_eq!(state, "active_ai");
    let trigger = ada.state(&id).await["trigger"].clone();
    assert_eq!((&trigger["status"], &trigger["accepted"], &trigger["lost"]), (&json!(200), &json!(false), &json!(true)));
    assert_eq!(ada.desk.triggers().len(), 1);
    assert_eq!(ada.ledger().await["conversations"][0]["handoffs"], json!([]));
}

#[tokio::test]
async fn a_message_can_arrive_first_and_is_in_the_ledger() {
    let (ada, id, state) = asked(json!({ "message_first": true, "late_ms": 30 })).await;
    assert_eq!(state, "handoff");
    let early = ada.desk.event(|event| event["data"]["content"]["body"] == "Hello? Is anybody there?").await;
    assert_eq!(early["data"]["handoff_integration"], "acme-desk");
    let listed = ada.ledger().await["conversations"][0]["messages"].clone();
    let last = listed.as_array().and_then(|all| all.last()).expect("messages").clone();
    assert_eq!((&last["message_id"], &last["order"]), (&early["data"]["message_id"], &json!(2)));
    assert!(ada.state(&id).await["trigger"]["took_ms"].is_u64());
}

#[tokio::test]
async fn the_ledger_knows_every_handoff_and_who_ended_it() {
    let ada = Ada::quiet().await;
    let id = ada.handed_off().await;
    ada.api(Method::POST, &format!("conversations/{id}/end-handoff/"), None).await;
    for by in ["end_user", "system"] {
        ada.ask(&id).await;
        ada.play(Method::POST, &format!("conversations/{id}/end-handoff"), Some(json!({ "by": by }))).await;
    }
    ada.desk.answer_triggers_with(StatusCode::SERVICE_UNAVAILABLE);
    ada.play(Method::POST, &format!("conversations/{id}/ask-person"), None).await;
    let entry = ada.ledger().await["conversations"][0].clone();
    assert_eq!((&entry["conversation_id"], &entry["state"]), (&json!(id), &json!("active_ai")));
    let handoffs = entry["handoffs"].as_array().expect("handoffs");
    let by: Vec<_> = handoffs.iter().map(|one| text(&one["ended_by"])).collect();
    assert_eq!(by, ["human_agent", "end_user", "system"]);
    assert!(handoffs.iter().all(|one| one["started_at"].as_str() <= one["ended_at"].as_str()));
}
