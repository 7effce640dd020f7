//! Pages: followed where they lead to this conversation's messages, and never anywhere else.

use serde_json::json;

use super::super::{AdaError, Client, Next};
use super::fake::Fake;
use crate::model::ids::AdaConversationId;

const LIST: &str = "/v2/conversations/c1/messages/";

fn c1() -> AdaConversationId {
    "c1".into()
}

fn page(id: &str, next: &serde_json::Value) -> String {
    json!({"data": [{"type": "message_logs", "message_id": id}], "meta": {"next_page_url": next}}).to_string()
}

async fn all(client: &Client) -> Result<Vec<String>, AdaError> {
    let whole = client.list_all(&c1()).await?;
    Ok(whole.messages.into_iter().map(|message| message.id.0).collect())
}

#[tokio::test]
async fn pages_are_followed_to_the_last_one() {
    let ada = Fake::start().await;
    let base = ada.base();
    ada.answer(200, &[], page("m1", &json!(format!("{base}{LIST}?cursor=NjhmNWQx%3D&limit=1"))));
    // Without the slash, and not repeating the limit.
    ada.answer(200, &[], page("m2", &json!(format!("{base}{}?cursor=b", LIST.trim_end_matches('/')))));
    // Without the host.
    ada.answer(200, &[], page("m3", &json!("?cursor=c")));
    ada.answer(200, &[], json!({"data": [{"message_id": "m4"}, {}, {"type": "other"}]}).to_string());
    let whole = ada.client().list_all(&c1()).await.expect("all");
    let ids: Vec<&str> = whole.messages.iter().map(|message| message.id.as_str()).collect();
    assert_eq!((ids, whole.skipped, whole.other_kinds), (vec!["m1", "m2", "m3", "m4"], 1, 1));
    let lines: Vec<String> = ada.seen().into_iter().map(|seen| seen.line).collect();
    let expected = ["limit=100", "cursor=NjhmNWQx%3D&limit=1", "cursor=b", "cursor=c"].map(|query| format!("GET /api{LIST}?{query}"));
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn a_next_page_elsewhere_is_refused_and_never_asked_for() {
    let evil = Fake::start().await;
    let ada = Fake::start().await;
    let (here, there) = (ada.address, evil.address);
    let port = here.port();
    let hostile = [
        format!("http://{there}/api{LIST}?cursor=1"),
        format!("//{there}/api{LIST}?cursor=1"),
        format!("http://{here}@{there}/api{LIST}?cursor=1"),
        format!("http://user:pw@{here}/api{LIST}?cursor=1"),
        format!("http://user@{here}/api{LIST}?cursor=1"),
        format!("https://{here}/api{LIST}?cursor=1"),
        format!("http://localhost:{port}/api{LIST}?cursor=1"),
        format!("http://127.0.0.1:{}/api{LIST}?cursor=1", port ^ 1),
        format!("http://127.0.0.1{LIST}?cursor=1"),
        format!("http://{here}{LIST}?cursor=1"),
        format!("http://{here}/api/v2/conversations/c2/messages/?cursor=1"),
        format!("http://{here}/api/v2/conversations/c1/messages/../../c2/messages/?cursor=1"),
        format!("http://{here}/api/v2/conversations/c1/messages//?cursor=1"),
        format!("http://{here}/api/v2/conversations/c1/end/?cursor=1"),
        format!("http://{here}/api{LIST}"),
        format!("http://{here}/api{LIST}?"),
        "file:///etc/passwd?cursor=1".to_owned(),
        "javascript:alert(1)".to_owned(),
        "http://[".to_owned(),
    ];
    for url in &hostile {
        ada.answer(200, &[], page("m1", &json!(url)));
        let before = ada.seen().len();
        let refused = all(&ada.client()).await.expect_err(url);
        assert!(matches!(refused, AdaError::NextPageRefused { .. }), "{url}: {refused:?}");
        assert_eq!((refused.next(), refused.is_ambiguous()), (Next::Report, false));
        assert_eq!(ada.seen().len(), before + 1, "{url}");
    }
    for odd in [json!(7), json!({}), json!([])] {
        ada.answer(200, &[], page("m1", &odd));
        assert!(matches!(all(&ada.client()).await, Err(AdaError::NextPageRefused { .. })), "{odd}");
    }
    assert!(evil.seen().is_empty());
}

#[tokio::test]
async fn a_circle_of_pages_is_noticed() {
    let ada = Fake::start().await;
    for cursor in ["a", "b", "a"] {
        ada.answer(200, &[], page(cursor, &json!(format!("?cursor={cursor}"))));
    }
    assert!(matches!(all(&ada.client()).await, Err(AdaError::NextPageRefused { .. })));
    assert_eq!(ada.seen().len(), 3);
    // A page that names itself is noticed by whoever reads page by page, too.
    ada.answer(200, &[], page("m", &json!("?cursor=a")));
    ada.answer(200, &[], page("m", &json!("?cursor=a")));
    let client = ada.client();
    let first = client.list_messages(&c1(), None, 50).await.expect("page");
    let next = first.next.expect("a page of this conversation");
    let again = client.list_messages(&c1(), next.as_ref(), 50).await.expect("its messages are good all the same");
    assert_eq!(again.messages.len(), 1);
    assert!(matches!(again.next, Err(AdaError::NextPageRefused { .. })));
}

#[tokio::test]
async fn pages_without_end_come_to_one() {
    let ada = Fake::start().await;
    for number in 0..300 {
        ada.answer(200, &[], page("m", &json!(format!("?cursor={number}"))));
    }
    assert!(matches!(all(&ada.client()).await, Err(AdaError::Unexpected { .. })));
    assert_eq!(ada.seen().len(), 200);
}

#[tokio::test]
async fn a_page_of_one_conversation_is_none_of_another() {
    let ada = Fake::start().await;
    ada.answer(200, &[], page("m", &json!("?cursor=a")));
    let client = ada.client();
    let first = client.list_messages(&c1(), None, 50).await.expect("page");
    let other = client.list_messages(&"c2".into(), first.next.expect("a page of this conversation").as_ref(), 50).await;
    assert!(matches!(other, Err(AdaError::FixInput { status: None, .. })));
    assert_eq!(ada.seen().len(), 1);
}

#[tokio::test]
async fn a_list_that_is_none_is_an_error_not_an_empty_conversation() {
    let ada = Fake::start().await;
    for body in ["{}", "{\"data\":null}", "[]", "null", "{\"data\":{}}"] {
        ada.answer(200, &[], body);
        assert!(matches!(all(&ada.client()).await, Err(AdaError::Unexpected { ambiguous: false, .. })), "{body}");
    }
}
