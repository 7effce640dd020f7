//! The way to a person and back.

use axum::http::StatusCode;
use reqwest::Method;
use serde_json::{Value, json};

use super::support::{Ada, DOMAIN, LABEL, TRIGGER_KEY, error, human, text};

fn says(state: &Value, words: &str) -> bool {
    let messages = state["messages"].as_array().expect("messages");
    messages.iter().any(|m| m["author"]["role"] == "ai_agent" && m["content"]["body"].as_str().is_some_and(|b| b.contains(words)))
}

#[tokio::test]
async fn a_2xx_of_the_trigger_makes_it_a_handoff() {
    let ada = Ada::talkative().await;
    let id = ada.chat().await;
    let before = ada.say(&id, "I was charged twice").await;
    ada.say(&id, "Can I talk to a human?").await;
    let state = ada.state_when(&id, |state| state["state"] == "handoff").await;
    assert_eq!(state["trigger"]["status"], 200);
    let triggers = ada.desk.triggers();
    assert_eq!(triggers.len(), 1);
    let (key, body) = &triggers[0];
    assert_eq!(key.as_deref(), Some(format!("Bearer {TRIGGER_KEY}").as_str()));
    let expected = [
        ("conversation_id", id.as_str()),
        ("ai_agent_domain", DOMAIN),
        ("name", "Jane Doe"),
        ("email", "jane@example.com"),
        ("issue_category", "billing"),
        ("language", "fr"),
    ];
    for (field, value) in expected {
        assert_eq!(body[field], value, "{field}");
    }
    assert_eq!(body["end_user_id"], state["end_user_id"]);
    let after = ada.say(&id, "Hello?").await;
    assert_eq!(ada.desk.message(&before).await["data"]["handoff_integration"], Value::Null);
    assert_eq!(ada.desk.message(&after).await["data"]["handoff_integration"], LABEL);
}

#[tokio::test]
async fn a_refused_trigger_leaves_the_customer_with_the_ai_agent() {
    let ada = Ada::talkative().await;
    ada.desk.answer_triggers_with(StatusCode::SERVICE_UNAVAILABLE);
    let id = ada.chat().await;
    let asked = ada.play(Method::POST, &format!("conversations/{id}/ask-person"), None).await;
    assert_eq!(asked.body["state"], "active_ai");
    let state = ada.state(&id).await;
    assert!(says(&state, "couldn't reach a person"));
    assert_eq!((&state["trigger"]["status"], &state["trigger"]["accepted"]), (&json!(503), &json!(false)));
    error(&ada.reply(&id, "hello").await, 422);
    ada.say(&id, "When are you open?").await;
    ada.state_when(&id, |state| says(state, "Monday to Saturday")).await;
    ada.desk.answer_triggers_with(StatusCode::NO_CONTENT);
    ada.ask(&id).await;
}

#[tokio::test]
async fn a_person_s_first_message_makes_them_join_and_comes_back_as_an_echo() {
    let ada = Ada::quiet().await;
    let id = ada.handed_off().await;
    let queue = format!("conversations/{id}/handoff-queue");
    let banner = ada.api(Method::PATCH, &queue, Some(json!({ "unit": "position", "amount": 3 }))).await;
    assert_eq!(banner.status, 200);
    let waiting = ada.state(&id).await;
    assert_eq!((&waiting["presence"], &waiting["queue"]["amount"]), (&Value::Null, &json!(3)));
    let sent = ada.reply(&id, "Hi, I'm Priya").await;
    assert_eq!(sent.status, 201);
    assert_eq!(sent.body["conversation_id"], id.as_str());
    assert_eq!(sent.body["created_at"], sent.body["updated_at"]);
    let joined = ada.state(&id).await;
    assert_eq!((&joined["presence"]["display_name"], &joined["queue"]), (&json!("Priya"), &Value::Null));
    assert!(joined["notices"].to_string().contains("Priya joined"));
    let echo = ada.desk.message(&text(&sent.body["id"])).await;
    assert_eq!((&echo["data"]["author"], &echo["data"]["content"]), (&sent.body["author"], &sent.body["content"]));
    assert_eq!((&echo["data"]["created_at"], &echo["data"]["handoff_integration"]), (&sent.body["created_at"], &json!(LABEL)));
    error(&ada.api(Method::PATCH, &queue, Some(json!({ "unit": "unknown" }))).await, 422);
}

#[tokio::test]
async fn the_banner_has_its_rules() {
    let ada = Ada::quiet().await;
    let id = ada.handed_off().await;
    let path = format!("conversations/{id}/handoff-queue/");
    for wrong in [
        json!({}),
        json!({ "unit": "miles", "amount": 1 }),
        json!({ "unit": "position" }),
        json!({ "unit": "position", "amount": -1 }),
        json!({ "unit": "position", "amount": 10_000 }),
        json!({ "unit": "time", "amount": 86_401 }),
        json!({ "unit": "time", "amount": 1.5 }),
    ] {
        error(&ada.api(Method::PATCH, &path, Some(wrong)).await, 400);
    }
    for (right, shown) in [
        (json!({ "unit": "time", "amount": 240 }), "about 4 minutes"),
        (json!({ "unit": "time", "amount": -1 }), "Waiting for a person"),
        (json!({ "unit": "position", "amount": 1 }), "1 customer is ahead"),
        (json!({ "unit": "unknown" }), "Waiting for a person"),
    ] {
        assert_eq!(ada.api(Method::PATCH, &path, Some(right)).await.status, 200);
        assert!(text(&ada.state(&id).await["queue"]["text"]).contains(shown));
    }
    for channel in ["email", "voice", "sandbox-custom"] {
        let other = ada.chat_on(channel).await;
        ada.ask(&other).await;
        let path = format!("conversations/{other}/handoff-queue/");
        error(&ada.api(Method::PATCH, &path, Some(json!({ "unit": "unknown" }))).await, 422);
    }
}

#[tokio::test]
async fn the_desk_gives_the_conversation_back() {
    let ada = Ada::talkative().await;
    let id = ada.handed_off().await;
    ada.reply(&id, "Hi").await;
    let path = format!("conversations/{id}/end-handoff/");
    let ended = ada.api(Method::POST, &path, Some(json!({}))).await;
    assert_eq!((ended.status, &ended.body["message"]), (200, &json!("Handoff ended successfully.")));
    error(&ada.api(Method::POST, &path, None).await, 422);
    let event = ada.desk.of_type("v1.conversation.handoff.ended").await;
    let end_user = ada.state(&id).await["end_user_id"].clone();
    let data = json!({ "conversation_id": id, "end_user_id": end_user, "handoff_integration": LABEL, "ai_agent_domain": DOMAIN });
    assert_eq!(event["data"], data);
    let survey = ada.desk.event(|event| event["data"]["content"]["type"] == "link").await;
    assert_eq!(survey["data"]["handoff_integration"], Value::Null);
    let state = ada.state(&id).await;
    assert_eq!(state["state"], "active_ai");
    assert!(says(&state, "I'm back") && state["notices"].to_string().contains("Priya left"));
    let conversation = ada.api(Method::GET, &format!("conversations/{id}"), None).await;
    assert_eq!(conversation.body["status"], "active");
    // The same conversation can be handed off again; the person has to join anew.
    ada.ask(&id).await;
    assert_eq!(ada.state(&id).await["presence"], Value::Null);
    assert_eq!(ada.reply(&id, "Hi again").await.status, 201);
}

#[tokio::test]
async fn the_customer_leaves_the_person() {
    let ada = Ada::quiet().await;
    let id = ada.handed_off().await;
    let left = ada.play(Method::POST, &format!("conversations/{id}/end-handoff"), None).await;
    assert_eq!((left.status, &left.body["state"]), (200, &json!("active_ai")));
    ada.desk.of_type("v1.conversation.handoff.ended").await;
    error(&ada.reply(&id, "too late").await, 422);
    error(&ada.play(Method::POST, &format!("conversations/{id}/end-handoff"), None).await, 422);
}

#[tokio::test]
async fn closing_the_chat_ends_the_handoff_first() {
    let ada = Ada::quiet().await;
    let id = ada.handed_off().await;
    let closed = ada.play(Method::POST, &format!("conversations/{id}/close"), None).await;
    assert_eq!(closed.body["state"], "ended");
    let ended = ada.desk.of_type("v1.conversation.ended").await;
    let end_user = ada.state(&id).await["end_user_id"].clone();
    assert_eq!(ended["data"]["ended_by"], json!({ "id": end_user, "role": "end_user" }));
    let log = ada.play(Method::GET, &format!("deliveries?conversation_id={id}"), None).await;
    let types: Vec<&str> = log.body["deliveries"].as_array().expect("a list").iter().filter_map(|d| d["type"].as_str()).collect();
    assert_eq!(types[types.len() - 2..], ["v1.conversation.handoff.ended", "v1.conversation.ended"]);
    let handoff_ended = ada.desk.of_type("v1.conversation.handoff.ended").await;
    assert!(text(&handoff_ended["timestamp"]) <= text(&ended["timestamp"]));
}

#[tokio::test]
async fn an_ended_conversation_is_over() {
    let ada = Ada::quiet().await;
    let id = ada.handed_off().await;
    let path = |tail: &str| format!("conversations/{id}/{tail}");
    let ended = ada.api(Method::POST, &path("end/"), None).await;
    assert_eq!((ended.status, &ended.body["message"]), (200, &json!("Conversation ended successfully.")));
    let event = ada.desk.of_type("v1.conversation.ended").await;
    assert_eq!(event["data"]["ended_by"], json!({ "id": null, "role": "human_agent" }));
    assert_eq!(ada.api(Method::GET, &path(""), None).await.body["status"], "ended");
    for again in [
        ada.api(Method::POST, &path("end"), None).await,
        ada.api(Method::POST, &path("messages"), Some(human("hello"))).await,
        ada.play(Method::POST, &path("say"), Some(json!({ "text": "hello" }))).await,
        ada.play(Method::POST, &path("close"), None).await,
    ] {
        assert!(text(&error(&again, 400)["message"]).contains("Conversation is expired"));
    }
    error(&ada.api(Method::POST, &path("end-handoff/"), None).await, 422);
    error(&ada.api(Method::PATCH, &path("handoff-queue/"), Some(json!({ "unit": "unknown" }))).await, 422);
    let merged = ada.api(Method::PATCH, &path(""), Some(json!({ "metadata": { "a": 1 } }))).await;
    assert_eq!(merged.status, 200);
    assert_eq!(ada.api(Method::GET, &path("messages/"), None).await.status, 200);
}

#[tokio::test]
async fn who_is_not_understood_twice_gets_a_person() {
    let ada = Ada::talkative().await;
    let id = ada.chat().await;
    ada.say(&id, "flurble").await;
    ada.state_when(&id, |state| says(state, "not sure that I understood")).await;
    ada.say(&id, "wobble").await;
    ada.state_when(&id, |state| state["state"] == "handoff").await;
}
