//! Messages and files: what is sent, and what becomes of the answer.

use futures::stream;
use serde_json::json;
use time::macros::datetime;

use super::super::{AdaError, Outgoing, Sender, Upload};
use super::fake::Fake;
use super::{assert_request, conversation};
use crate::model::message::{Author, AuthorRole, Content};

fn priya() -> Sender {
    Sender { display_name: "Priya".into(), avatar: None }
}

#[tokio::test]
async fn a_text_is_written_and_an_avatar_only_if_there_is_one() {
    let created = json!({
        "id": "68f5e0", "conversation_id": "68f5c0ffee00000000000001", "author": {"role": "human_agent", "display_name": "Priya"},
        "content": {"type": "text", "body": "Hi"}, "created_at": "2026-10-20T09:06:40+00:00"
    });
    let ada = Fake::answering(201, &created).await;
    let text = Outgoing::Text { body: "Hi\n\"you\" \u{1f600}".into() };
    let made = ada.client().create_message(&conversation(), &priya(), &text).await.expect("created");
    assert_eq!((made.id.as_str(), made.created_at.map(|stamp| stamp.at)), ("68f5e0", Some(datetime!(2026-10-20 09:06:40 UTC))));
    let seen = ada.only();
    assert_request(&seen, "POST /api/v2/conversations/68f5c0ffee00000000000001/messages/");
    let body =
        json!({"author": {"role": "human_agent", "display_name": "Priya"}, "content": {"type": "text", "body": "Hi\n\"you\" \u{1f600}"}});
    assert_eq!(seen.json(), body);

    ada.answer(201, &[], created.to_string());
    let with_picture = Sender { avatar: Some("https://pics.example/p.png".into()), ..priya() };
    ada.client().create_message(&conversation(), &with_picture, &text).await.expect("created");
    assert_eq!(ada.seen()[1].json()["author"]["avatar"], json!("https://pics.example/p.png"));
}

#[tokio::test]
async fn a_message_without_a_name_is_not_sent() {
    let ada = Fake::start().await;
    let nobody = Sender { display_name: " ".into(), avatar: None };
    let text = Outgoing::Text { body: "Hi".into() };
    let refused = ada.client().create_message(&conversation(), &nobody, &text).await;
    assert!(matches!(refused, Err(AdaError::FixInput { status: None, .. })));
    assert!(ada.seen().is_empty());
}

#[tokio::test]
async fn a_file_is_uploaded_and_then_written() {
    let stored =
        json!({"url": "https://s3.example/contract.pdf?X-Amz-Signature=abc", "mime_type": "application/pdf", "filename": "contract.pdf"});
    let ada = Fake::answering(201, &stored).await;
    let upload = Upload::bytes("../etc/con\"tr\r\nact ä.pdf", "application/pdf", b"%PDF-1".to_vec());
    let attachment = ada.client().upload_attachment(&conversation(), upload).await.expect("attachment");
    let seen = ada.only();
    assert_request(&seen, "POST /api/v2/conversations/68f5c0ffee00000000000001/attachments/");
    let boundary = seen.header("content-type").strip_prefix("multipart/form-data; boundary=").expect("form");
    let expected = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"con'tract ä.pdf\"\r\nContent-Type: application/pdf\r\n\r\n%PDF-1\r\n--{boundary}--\r\n"
    );
    assert_eq!(String::from_utf8(seen.body.clone()).expect("text"), expected);

    ada.answer(201, &[], json!({"id": "68f5e1"}).to_string());
    let made = ada.client().create_message(&conversation(), &priya(), &attachment.into_message()).await.expect("created");
    assert_eq!((made.id.as_str(), made.created_at), ("68f5e1", None));
    let mut content = stored;
    content["type"] = json!("file");
    assert_eq!(ada.seen()[1].json()["content"], content);
}

#[tokio::test]
async fn a_file_can_be_read_while_it_is_sent() {
    let ada = Fake::answering(201, json!({"url": "https://s3.example/a"})).await;
    let pieces = stream::iter(["one", "two"].map(|piece| Ok::<_, std::io::Error>(piece.as_bytes().to_vec())));
    let upload = Upload::stream("", "text/plain", reqwest::Body::wrap_stream(pieces), 6);
    let attachment = ada.client().upload_attachment(&conversation(), upload).await.expect("attachment");
    assert_eq!((attachment.mime_type.as_str(), attachment.filename.as_str()), ("text/plain", "file"));
    let seen = ada.only();
    assert_eq!(seen.header("content-length"), seen.body.len().to_string());
    assert!(String::from_utf8_lossy(&seen.body).contains("\r\n\r\nonetwo\r\n"));
}

#[tokio::test]
async fn an_impossible_kind_of_file_is_not_sent() {
    let ada = Fake::start().await;
    let upload = Upload::bytes("a", "text/plain\r\nX-Evil: 1", vec![1]);
    let refused = ada.client().upload_attachment(&conversation(), upload).await;
    assert!(matches!(refused, Err(AdaError::FixInput { status: None, .. })));
    assert!(ada.seen().is_empty());
}

#[tokio::test]
async fn messages_are_listed_with_what_cannot_be_kept_counted() {
    let page = json!({
        "data": [
            {"type": "message_logs", "message_id": "68f5d0", "created_at": "2026-10-20T09:01:10+00:00",
             "author": {"id": null, "role": "ai_agent", "avatar": null, "display_name": null}, "content": {"type": "text", "body": "How can I help?"}},
            {"message_id": "68f5d1", "created_at": "2026-10-20T09:01:32.5", "author": {"id": "u2", "role": "end_user", "display_name": "Jane"},
             "content": {"type": "sticker", "id": 7}, "new_field": {}},
            {"type": "message_logs", "content": {"type": "text", "body": "no id"}},
            {"type": "typing_logs", "message_id": "x"},
        ],
        "meta": {"next_page_url": null}
    });
    let ada = Fake::answering(200, page).await;
    let page = ada.client().list_messages(&conversation(), None, 500).await.expect("page");
    assert_request(&ada.only(), "GET /api/v2/conversations/68f5c0ffee00000000000001/messages/?limit=100");
    assert_eq!((page.messages.len(), page.skipped, page.other_kinds, &page.next), (2, 1, 1, &Ok(None)));
    assert_eq!(page.messages[0].content, Content::Text { body: "How can I help?".into() });
    let second = &page.messages[1];
    assert_eq!(second.author, Author { role: AuthorRole::EndUser, name: Some("Jane".into()) });
    assert_eq!(second.end_user, Some("u2".into()));
    assert_eq!(second.content, Content::Unsupported { kind: "sticker".into(), body: None });
    assert!(second.created_at.is_some_and(|stamp| stamp.fine));
}
