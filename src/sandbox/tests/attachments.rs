//! Files of people and of customers.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::support::{API_KEY, Ada, Answer, error, text};

async fn upload(ada: &Ada, url: &str, part: &'static str, name: &str, kind: &str, bytes: Vec<u8>) -> Answer {
    let file = Part::bytes(bytes).file_name(name.to_owned()).mime_str(kind).expect("a type");
    let request = ada.http.post(url).bearer_auth(API_KEY).multipart(Form::new().part(part, file));
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let body = answer.json().await.unwrap_or_default();
    Answer { status, body }
}

#[tokio::test]
async fn an_attachment_is_kept_behind_a_signed_link() {
    let ada = Ada::quiet().await;
    let id = ada.chat().await;
    let url = format!("{}/api/v2/conversations/{id}/attachments/", ada.base);
    let png = || b"not really a picture".to_vec();
    error(&upload(&ada, &url, "file", "a.png", "image/png", png()).await, 422);
    ada.ask(&id).await;
    let made = upload(&ada, &url, "file", "my photo.png", "image/png", png()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!((&made.body["mime_type"], &made.body["filename"]), (&json!("image/png"), &json!("my photo.png")));
    let link = text(&made.body["url"]);
    let fetched = ada.http.get(&link).send().await.expect("an answer");
    assert_eq!(fetched.headers()["content-type"], "image/png");
    assert_eq!(fetched.bytes().await.expect("bytes"), png());
    for changed in [link.replace("X-Amz-Expires=604800", "X-Amz-Expires=9604800"), link.split('?').next().unwrap_or_default().to_owned()] {
        let refused = ada.http.get(&changed).send().await.expect("an answer");
        assert_eq!(refused.status(), 403);
        assert!(refused.text().await.expect("text").contains("<Code>AccessDenied</Code>"));
    }
    // Uploading alone shows nothing; a message does.
    let before = ada.state(&id).await["messages"].as_array().map(Vec::len);
    let message = json!({ "author": { "role": "human_agent", "display_name": "Priya" },
        "content": { "type": "file", "url": link, "mime_type": "image/png", "filename": "my photo.png" } });
    let sent = ada.api(Method::POST, &format!("conversations/{id}/messages"), Some(message)).await;
    assert_eq!(sent.status, 201);
    assert_eq!(ada.state(&id).await["messages"].as_array().map(Vec::len), before.map(|count| count + 1));
}

#[tokio::test]
async fn wrong_uploads_are_refused() {
    let ada = Ada::quiet().await;
    let id = ada.handed_off().await;
    let url = format!("{}/api/v2/conversations/{id}/attachments", ada.base);
    let small = || vec![1, 2, 3];
    error(&upload(&ada, &url, "file", "page.html", "text/html", small()).await, 400);
    error(&upload(&ada, &url, "file", "photo.webp", "image/webp", small()).await, 400);
    error(&upload(&ada, &url, "other", "a.png", "image/png", small()).await, 400);
    let json = ada.api(Method::POST, &format!("conversations/{id}/attachments"), Some(json!({}))).await;
    error(&json, 400);
    let limit = 50 * 1024 * 1024;
    error(&upload(&ada, &url, "file", "a.zip", "application/zip", vec![0; limit + 1]).await, 413);
    assert_eq!(upload(&ada, &url, "file", "a.zip", "application/zip", vec![0; limit]).await.status, 201);
}

#[tokio::test]
async fn a_customer_s_file_is_a_file_message_with_a_link_of_ours() {
    let ada = Ada::quiet().await;
    let id = ada.chat().await;
    let url = format!("{}/sandbox/conversations/{id}/file", ada.base);
    let sent = upload(&ada, &url, "file", "receipt.html", "text/html", b"<script>".to_vec()).await;
    assert_eq!(sent.status, 201, "{}", sent.body);
    let event = ada.desk.message(&text(&sent.body["message_id"])).await;
    let content = &event["data"]["content"];
    assert_eq!((&content["type"], &content["mime_type"]), (&json!("file"), &json!("text/html")));
    assert_eq!((&content["filename"], &event["data"]["author"]["role"]), (&json!("receipt.html"), &json!("end_user")));
    let link = text(&content["url"]);
    assert!(link.starts_with(&format!("{}/files/", ada.base)));
    let fetched = ada.http.get(&link).send().await.expect("an answer");
    let policy = fetched.headers()["content-security-policy"].to_str().expect("text");
    assert!(policy.starts_with("sandbox;"), "a stranger's page must not run");
    let listed: Value = ada.api(Method::GET, &format!("conversations/{id}/messages/"), None).await.body;
    assert_eq!(listed["data"][0]["content"]["filename"], "receipt.html");
}
