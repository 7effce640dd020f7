//! Deliveries: payloads, retries, resends, unusual content.

use axum::http::StatusCode;
use reqwest::Method;
use serde_json::{Value, json};

use super::support::{Ada, DOMAIN, text};

const CREATED: &str = "v1.conversation.created";

#[tokio::test]
async fn a_message_event_has_exactly_the_documented_fields() {
    let ada = Ada::quiet().await;
    let id = ada.chat().await;
    let message = ada.say(&id, "My card was charged twice").await;
    let event = ada.desk.message(&message).await;
    let end_user = ada.state(&id).await["end_user_id"].clone();
    let created_at = text(&event["data"]["created_at"]);
    let expected = json!({
        "message_id": message, "conversation_id": id, "end_user_id": end_user, "handoff_integration": null,
        "channel": { "type": "native", "id": "chat", "name": "Chat", "description": "Web chat", "modality": "messaging",
            "capabilities": { "markdown": true } },
        "created_at": created_at,
        "author": { "id": end_user, "role": "end_user", "avatar": null, "display_name": "Jane Doe" },
        "content": { "type": "text", "body": "My card was charged twice" },
        "ai_agent_domain": DOMAIN,
    });
    assert_eq!(event["data"], expected);
    assert_eq!(event["type"], "v1.conversation.message");
    let (timestamp, seconds) = (text(&event["timestamp"]), created_at.trim_end_matches("+00:00"));
    assert_eq!((created_at.len(), timestamp.len()), (25, 29));
    assert!(timestamp.starts_with(seconds), "one moment, two precisions");
    let listed = ada.api(Method::GET, &format!("conversations/{id}/messages/"), None).await.body;
    assert_eq!(listed["data"][0]["message_id"], message.as_str());
}

#[tokio::test]
async fn a_failed_delivery_is_tried_again_under_the_same_id() {
    let ada = Ada::quiet().await;
    ada.desk.answer_with(&[StatusCode::INTERNAL_SERVER_ERROR, StatusCode::FOUND]);
    ada.chat().await;
    let all = ada.desk.received_when(|all| all.len() == 3).await;
    assert!(all.iter().all(|one| one.svix_id == all[0].svix_id && one.event == all[0].event));
    let entry = ada.delivery_when(CREATED, |entry| entry["state"] == "delivered").await;
    assert_eq!((&entry["attempts"], &entry["last_status"]), (&json!(3), &json!(200)));
    assert_eq!(entry["svix_id"], all[0].svix_id.as_str());
    let statuses: Vec<Option<u64>> = entry["tries"].as_array().expect("tries").iter().map(|one| one["status"].as_u64()).collect();
    assert_eq!(statuses, [Some(500), Some(302), Some(200)]);
    let delivered = entry["delivered_at_us"].as_i64().expect("microseconds");
    assert!(delivered / 1_000_000 >= all[2].timestamp);
    assert!(Some(delivered) > entry["tries"][1]["answered_at_us"].as_i64());
}

#[tokio::test]
async fn after_eight_attempts_it_is_given_up_until_somebody_resends_it() {
    let ada = Ada::with(|config| config.retry_scale = 0.0).await;
    ada.desk.answer_with(&[StatusCode::BAD_GATEWAY; 8]);
    let emitted = ada.play(Method::POST, "emit", Some(json!({ "type": CREATED, "data": { "a": 1 } }))).await;
    let svix_id = text(&emitted.body["svix_id"]);
    let failed = ada.delivery_when(CREATED, |entry| entry["state"] == "failed").await;
    assert_eq!((&failed["attempts"], &failed["delivered_at_us"]), (&json!(8), &Value::Null));
    let resent = ada.play(Method::POST, &format!("resend/{svix_id}"), None).await;
    assert_eq!(resent.status, 202);
    let all = ada.desk.received_when(|all| all.len() == 9).await;
    assert!(all.iter().all(|one| one.svix_id == svix_id));
    ada.delivery_when(CREATED, |entry| entry["state"] == "delivered").await;
    // What had arrived can be sent again, too: a duplicate.
    ada.play(Method::POST, &format!("resend/{svix_id}"), None).await;
    ada.desk.received_when(|all| all.len() == 10).await;
    assert_eq!(ada.play(Method::POST, "resend/none", None).await.status, 404);
}

#[tokio::test]
async fn a_receiver_can_ask_for_no_more() {
    let ada = Ada::quiet().await;
    ada.desk.answer_with(&[StatusCode::GONE]);
    ada.chat().await;
    let entry = ada.delivery_when(CREATED, |entry| entry["state"] == "failed").await;
    assert_eq!(entry["attempts"], 1);
}

#[tokio::test]
async fn nobody_listening_is_a_failure_too() {
    let ada = Ada::with(|config| {
        config.webhook_url = "http://127.0.0.1:9/none".to_owned();
        config.retry_scale = 0.0;
    })
    .await;
    ada.chat().await;
    let entry = ada.delivery_when(CREATED, |entry| entry["state"] == "failed").await;
    assert_eq!((&entry["attempts"], &entry["last_status"]), (&json!(8), &Value::Null));
    assert_eq!(entry["last_error"], "no connection");
}

#[tokio::test]
async fn unusual_content_goes_out_as_it_is() {
    let ada = Ada::quiet().await;
    let id = ada.chat().await;
    let path = format!("conversations/{id}/raw");
    for content in
        [json!({ "type": "presence", "body": "Ana joined" }), json!({ "type": "carousel", "items": [1] }), json!(null), json!("text")]
    {
        let sent = ada.play(Method::POST, &path, Some(json!({ "content": content }))).await;
        assert_eq!(sent.status, 201);
        assert_eq!(ada.desk.message(&text(&sent.body["message_id"])).await["data"]["content"], content);
    }
    let author = json!({ "role": "human_agent", "display_name": "Elsewhere" });
    let sent = ada.play(Method::POST, &path, Some(json!({ "content": { "type": "text", "body": "x" }, "author": author }))).await;
    let event = ada.desk.message(&text(&sent.body["message_id"])).await;
    assert_eq!(event["data"]["author"]["display_name"], "Elsewhere");
    let link = ada.play(Method::POST, &format!("conversations/{id}/link"), Some(json!({ "url": "https://a.example" }))).await;
    let event = ada.desk.message(&text(&link.body["message_id"])).await;
    assert_eq!(event["data"]["content"]["type"], "link");
    let event = json!({ "type": "v9.unheard.of", "data": { "x": 1 }, "timestamp": "2024-01-17T22:23:35.835" });
    ada.play(Method::POST, "emit", Some(event.clone())).await;
    assert_eq!(ada.desk.of_type("v9.unheard.of").await, event);
}
