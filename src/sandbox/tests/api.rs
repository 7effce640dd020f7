//! Conversations, messages, end users: answers, errors and the order of the checks.

use reqwest::Method;
use serde_json::{Value, json};

use super::support::{API_KEY, Ada, error, human, text};

const PATHS: [(&str, &str); 9] = [
    ("POST", "conversations"),
    ("GET", "conversations/{id}"),
    ("PATCH", "conversations/{id}"),
    ("GET", "conversations/{id}/messages"),
    ("POST", "conversations/{id}/messages"),
    ("POST", "conversations/{id}/end-handoff"),
    ("POST", "conversations/{id}/attachments"),
    ("PATCH", "conversations/{id}/handoff-queue"),
    ("POST", "conversations/{id}/end"),
];

#[tokio::test]
async fn every_path_is_served_with_and_without_its_slash() {
    let ada = Ada::quiet().await;
    let id = ada.chat().await;
    for (method, path) in PATHS.iter().chain(&[("GET", "end-users/none"), ("PATCH", "end-users/none")]) {
        let path = path.replace("{id}", &id);
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let one = ada.api(method.clone(), &path, None).await;
        let other = ada.api(method.clone(), &format!("{path}/"), None).await;
        assert!(one.status < 500 && ![301, 302, 307, 308, 405].contains(&one.status), "{method} {path}: {}", one.status);
        // The second `end` finds an ended conversation.
        if !path.ends_with("/end") {
            assert_eq!((one.status, &one.body), (other.status, &other.body), "{method} {path}");
        }
    }
    assert_eq!(error(&ada.api(Method::GET, "nonsense", None).await, 404)["type"], "resource_not_found");
    error(&ada.api(Method::DELETE, &format!("conversations/{id}"), None).await, 405);
}

#[tokio::test]
async fn checks_come_as_key_then_id_then_shape_then_state() {
    let ada = Ada::quiet().await;
    let id = ada.chat().await;
    for (method, path) in PATHS {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        for key in [None, Some("wrong"), Some("api-key-of-the-tes")] {
            let mut request = ada.http.request(method.clone(), format!("{}/api/v2/{path}", ada.base));
            if let Some(key) = key {
                request = request.bearer_auth(key);
            }
            let answer = request.send().await.expect("an answer");
            assert_eq!(answer.status(), 401, "{method} {path}");
            let body: Value = answer.json().await.expect("JSON");
            assert!(body["errors"][0]["message"].is_string());
        }
        if path.contains("{id}") {
            let unknown = ada.api(method.clone(), &path.replace("{id}", "none"), Some(json!([]))).await;
            let error = error(&unknown, 404);
            assert_eq!(error["type"], "resource_not_found");
            assert_eq!(error["message"], "Conversation not found");
        }
    }
    // Outside a handoff: the wrong shape is named before the wrong moment.
    let path = format!("conversations/{id}/messages/");
    error(&ada.api(Method::POST, &path, Some(json!({}))).await, 400);
    error(&ada.api(Method::POST, &path, Some(human("hello"))).await, 422);
}

#[tokio::test]
async fn every_fault_of_a_message_is_named() {
    let ada = Ada::quiet().await;
    let id = ada.handed_off().await;
    let path = format!("conversations/{id}/messages/");
    let cases = [
        (json!({}), vec!["$.author", "$.content"]),
        (json!({ "author": { "role": "human_agent" }, "content": { "type": "text" } }), vec!["$.author.display_name", "$.content.body"]),
        (
            json!({ "author": { "role": "ai_agent" }, "content": { "type": "link", "url": "https://a.example" } }),
            vec!["$.author.role", "$.content.type"],
        ),
        (
            json!({ "author": { "role": "end_user" }, "content": { "type": "file", "url": "javascript:0", "mime_type": "a/b", "filename": "f" } }),
            vec!["$.author.id", "$.content.url"],
        ),
        (
            json!({ "author": { "role": "human_agent", "display_name": "P", "avatar": 7 }, "content": { "type": "text", "body": " " } }),
            vec!["$.author.avatar", "$.content.body"],
        ),
    ];
    for (body, parameters) in cases {
        let error = error(&ada.api(Method::POST, &path, Some(body)).await, 400);
        assert_eq!(error["type"], "validation_error");
        let details = error["details"].as_array().expect("details");
        let named: Vec<&str> = details.iter().filter_map(|d| d["parameter"].as_str()).collect();
        assert_eq!(named, parameters);
        assert!(details.iter().all(|d| d["location"] == "body" && d["message"].is_string()));
    }
    let request = ada.http.post(format!("{}/api/v2/{path}", ada.base)).bearer_auth(API_KEY);
    let broken = request.header("content-type", "application/json").body("{").send().await.expect("an answer");
    assert_eq!(broken.status(), 400);
}

#[tokio::test]
async fn a_transcript_is_read_page_by_page_in_the_order_of_writing() {
    let ada = Ada::with(|config| {
        config.page_size = 2;
        config.reply_delay = std::time::Duration::from_secs(3_600);
    })
    .await;
    let id = ada.chat().await;
    let mut said = Vec::new();
    for number in 0..5 {
        said.push(ada.say(&id, &format!("line {number}")).await);
    }
    let mut url = format!("{}/api/v2/conversations/{id}/messages/", ada.base);
    let (mut read, mut pages) = (Vec::new(), Vec::new());
    loop {
        let page: Value = ada.http.get(&url).bearer_auth(API_KEY).send().await.expect("an answer").json().await.expect("JSON");
        let data = page["data"].as_array().expect("data");
        pages.push(data.len());
        read.extend(data.iter().map(|message| text(&message["message_id"])));
        assert!(data.iter().all(|message| message["type"] == "message_logs"));
        match page["meta"]["next_page_url"].as_str() {
            Some(next) => next.clone_into(&mut url),
            None => break,
        }
        assert!(url.starts_with(&ada.base), "absolute");
    }
    assert_eq!((read, pages), (said, vec![2, 2, 1]));
    let path = format!("conversations/{id}/messages");
    let three = ada.api(Method::GET, &format!("{path}?limit=3"), None).await;
    assert_eq!(three.body["data"].as_array().map(Vec::len), Some(3));
    for query in ["limit=0", "limit=101", "limit=x", "cursor=zzz", "cursor=bm9uZS4y"] {
        let error = error(&ada.api(Method::GET, &format!("{path}?{query}"), None).await, 400);
        assert_eq!(error["details"][0]["location"], "query");
    }
}

#[tokio::test]
async fn metadata_is_merged_and_null_removes_a_key() {
    let ada = Ada::quiet().await;
    let id = ada.chat().await;
    let path = format!("conversations/{id}/");
    let first = json!({ "metadata": { "plan": "gold", "vip": true, "score": 0.5, "visits": 3 } });
    assert_eq!(ada.api(Method::PATCH, &path, Some(first)).await.status, 200);
    let second = json!({ "metadata": { "plan": null, "vip": false } });
    let merged = ada.api(Method::PATCH, &path, Some(second)).await;
    assert_eq!(merged.body["metadata"]["vip"], false);
    assert_eq!(merged.body["metadata"]["score"], 0.5);
    assert!(merged.body["metadata"].get("plan").is_none());
    assert_eq!(ada.api(Method::GET, &path, None).await.body, merged.body);
    for wrong in [json!({}), json!({ "metadata": { "a": {} } }), json!({ "metadata": { "a": "x".repeat(4_096) } })] {
        let refused = ada.api(Method::PATCH, &path, Some(wrong)).await;
        assert!(error(&refused, 400)["details"][0]["parameter"].as_str().is_some_and(|p| p.starts_with("$.metadata")));
    }
    assert_eq!(ada.api(Method::GET, &path, None).await.body, merged.body, "a refused change changes nothing");
}

#[tokio::test]
async fn conversations_are_created_on_custom_channels_only() {
    let ada = Ada::quiet().await;
    let body = json!({ "channel_id": "sandbox-custom", "metadata": { "a": 1 } });
    let made = ada.api(Method::POST, "conversations/", Some(body)).await;
    assert_eq!(made.status, 201);
    let (id, end_user) = (text(&made.body["id"]), text(&made.body["end_user_id"]));
    assert_eq!((&made.body["status"], &made.body["metadata"]["a"]), (&json!("active"), &json!(1)));
    assert!(text(&made.body["created_at"]).ends_with("+00:00"));
    let created = ada.desk.of_type("v1.conversation.created").await;
    assert_eq!(created["data"]["channel_id"], "sandbox-custom");
    let message = json!({ "author": { "role": "end_user", "id": end_user }, "content": { "type": "text", "body": "hello" } });
    let path = format!("conversations/{id}/messages/");
    assert_eq!(ada.api(Method::POST, &path, Some(message.clone())).await.status, 201);
    let native = ada.chat().await;
    let path = format!("conversations/{native}/messages/");
    error(&ada.api(Method::POST, &path, Some(message)).await, 400);
    error(&ada.api(Method::POST, "conversations", Some(json!({ "channel_id": "chat" }))).await, 400);
    error(&ada.api(Method::POST, "conversations", Some(json!({ "channel_id": "none" }))).await, 404);
    error(&ada.api(Method::POST, "conversations", Some(json!({}))).await, 400);
}

#[tokio::test]
async fn profiles_are_shown_and_changed() {
    let ada = Ada::quiet().await;
    let id = ada.chat().await;
    let end_user = text(&ada.state(&id).await["end_user_id"]);
    let path = format!("end-users/{end_user}");
    let shown = ada.api(Method::GET, &path, None).await;
    assert_eq!(shown.body["end_user_id"], end_user.as_str());
    let profile = &shown.body["profile"];
    assert_eq!((&profile["first_name"], &profile["last_name"]), (&json!("Jane"), &json!("Doe")));
    assert_eq!((&profile["email"], &profile["language"]), (&json!("jane@example.com"), &json!("fr")));
    let change = json!({ "profile": { "language": "de", "metadata": { "tier": "gold" } } });
    let changed = ada.api(Method::PATCH, &path, Some(change)).await;
    assert_eq!(changed.body["profile"]["language"], "de");
    assert_eq!(changed.body["profile"]["metadata"]["tier"], "gold");
    assert_eq!(changed.body["profile"]["first_name"], "Jane");
    error(&ada.api(Method::PATCH, &path, Some(json!({}))).await, 400);
    error(&ada.api(Method::PATCH, &path, Some(json!({ "profile": { "email": 7 } }))).await, 400);
    assert_eq!(error(&ada.api(Method::GET, "end-users/none", None).await, 404)["message"], "End user not found");
}

#[tokio::test]
async fn more_than_ten_megabytes_are_refused() {
    let ada = Ada::quiet().await;
    let id = ada.handed_off().await;
    let path = format!("conversations/{id}/messages/");
    let large = ada.api(Method::POST, &path, Some(human(&"x".repeat(10 * 1024 * 1024)))).await;
    assert_eq!(error(&large, 413)["type"], "content_too_large");
    assert_eq!(ada.reply(&id, &"x".repeat(1024 * 1024)).await.status, 201);
}
