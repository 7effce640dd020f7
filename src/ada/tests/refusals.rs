//! What each refusal means, for the endpoint that it comes from.

use std::time::Duration;

use serde_json::json;

use super::super::{AdaError, Next, Outgoing, QueueNotice, Sender, Upload};
use super::fake::Fake;
use crate::model::ids::{AdaConversationId, EndUserId};
use crate::model::metadata::MetadataPatch;

fn said(message: &str) -> String {
    json!({"errors": [{"type": "some_type", "message": message, "details": null}]}).to_string()
}

async fn writing(ada: &Fake) -> AdaError {
    let sender = Sender { display_name: "Priya".into(), avatar: None };
    let text = Outgoing::Text { body: "Hi".into() };
    ada.client().create_message(&AdaConversationId::from("c"), &sender, &text).await.expect_err("refusal")
}

async fn reading(ada: &Fake) -> AdaError {
    ada.client().get_conversation(&AdaConversationId::from("c")).await.expect_err("refusal")
}

#[tokio::test]
async fn over_is_told_by_404_422_and_an_expired_400() {
    let ada = Fake::start().await;
    for (status, message) in [(404, "Conversation not found"), (422, "Not in a handoff"), (400, "Error: conversation IS expired.")] {
        ada.answer(status, &[], said(message));
        assert_eq!(writing(&ada).await, AdaError::HandoffOver { status, words: message.into() });
        ada.answer(status, &[], said(message));
        let ended = ada.client().end_handoff(&"c".into()).await.expect_err("refusal");
        assert_eq!((ended.next(), ended.is_ambiguous()), (Next::Over, false));
        ada.answer(status, &[], said(message));
        let ended = ada.client().end_conversation(&"c".into()).await.expect_err("refusal");
        assert_eq!(ended.next(), Next::Over);
    }
}

#[tokio::test]
async fn another_400_shows_where_the_fault_is() {
    let details = json!([{"parameter": "$.author.display_name", "location": "body", "message": "Field required for role human_agent"}]);
    let body = json!({"errors": [{"type": "validation_error", "message": "invalid message data", "details": details}]});
    let ada = Fake::answering(400, &body).await;
    let words = "invalid message data (author.display_name: Field required for role human_agent)".to_owned();
    let error = writing(&ada).await;
    assert_eq!(error, AdaError::FixInput { status: Some(400), words: words.clone() });
    assert_eq!((error.next(), error.words()), (Next::FixInput, words));
    // The same as 422 is a fault in what was sent, not the end of the handoff.
    ada.answer(422, &[], body.to_string());
    assert_eq!(writing(&ada).await.next(), Next::FixInput);
}

#[tokio::test]
async fn too_large_and_wrong_kinds_are_faults_of_the_input() {
    let ada = Fake::start().await;
    for status in [413, 415] {
        ada.answer(status, &[], said("no"));
        let upload = Upload::bytes("a.txt", "text/plain", vec![0; 10]);
        let error = ada.client().upload_attachment(&"c".into(), upload).await.expect_err("refusal");
        assert_eq!(error, AdaError::FixInput { status: Some(status), words: "no".into() });
    }
}

#[tokio::test]
async fn a_missing_end_user_says_nothing_about_the_handoff() {
    let ada = Fake::answering(404, said("End user not found")).await;
    let error = ada.client().get_end_user(&EndUserId::from("u")).await.expect_err("refusal");
    assert_eq!(error, AdaError::NotFound { words: "End user not found".into() });
    ada.answer(400, &[], said("Conversation is expired"));
    let error = ada.client().get_end_user(&EndUserId::from("u")).await.expect_err("refusal");
    assert_eq!(error.next(), Next::FixInput);
}

#[tokio::test]
async fn a_refused_queue_notice_or_metadata_does_not_end_the_handoff() {
    let ada = Fake::answering(422, said("An agent has joined")).await;
    let error = ada.client().update_handoff_queue(&"c".into(), QueueNotice::Unknown).await.expect_err("refusal");
    assert_eq!((error.next(), error.words()), (Next::Leave, "An agent has joined".to_owned()));
    ada.answer(422, &[], said("Too big"));
    let error = ada.client().update_metadata(&"c".into(), &MetadataPatch::new()).await.expect_err("refusal");
    assert_eq!(error.next(), Next::FixInput);
    ada.answer(404, &[], said("Gone"));
    let error = ada.client().update_metadata(&"c".into(), &MetadataPatch::new()).await.expect_err("refusal");
    assert_eq!(error.next(), Next::Over);
}

#[tokio::test]
async fn a_bad_key_is_told() {
    let ada = Fake::start().await;
    for status in [401, 403] {
        ada.answer(status, &[], "<html>denied</html>");
        let error = writing(&ada).await;
        assert!(matches!(error, AdaError::FixKey { status: told, .. } if told == status));
        assert!(!error.words().contains('<'), "{error}");
    }
}

#[tokio::test]
async fn too_many_requests_say_how_long() {
    let ada = Fake::start().await;
    let cases =
        [(Some("7"), Some(7)), (Some("0"), None), (Some("86400000000000000000000"), Some(3600)), (Some("soon"), None), (None, None)];
    for (header, seconds) in cases {
        let headers: Vec<(&str, &str)> = header.into_iter().map(|value| ("retry-after", value)).collect();
        ada.answer(429, &headers, said("slow down"));
        let told = seconds.map(Duration::from_secs);
        let error = writing(&ada).await;
        assert_eq!(error, AdaError::WaitFor { told, words: "slow down".into() }, "{header:?}");
        assert_eq!(error.next(), Next::Wait(told.unwrap_or_default()));
        assert!(!error.is_ambiguous());
    }
    // A date counts from the answer's own clock, which may be far from ours.
    ada.answer(429, &[("date", "Tue, 20 Oct 2026 09:00:00 GMT"), ("retry-after", "Tue, 20 Oct 2026 09:00:45 GMT")], "");
    assert_eq!(writing(&ada).await.next(), Next::Wait(Duration::from_secs(45)));
}

#[tokio::test]
async fn faults_of_ada_are_ambiguous_only_for_what_writes() {
    let ada = Fake::start().await;
    for status in [408, 500, 502, 503, 504, 599] {
        ada.answer(status, &[], "<html>oops</html>");
        let error = writing(&ada).await;
        assert!(matches!(error, AdaError::Retry { ambiguous: true, .. }), "{error:?}");
        assert!(error.words().contains(&status.to_string()), "{error}");
        ada.answer(status, &[], "");
        assert!(matches!(reading(&ada).await, AdaError::Retry { ambiguous: false, .. }));
    }
}

#[tokio::test]
async fn an_unreadable_success_may_have_been_done() {
    let ada = Fake::start().await;
    for body in ["", "{\"id\":", "<html>ok</html>", "[]", "{\"id\":null}", "\u{0}"] {
        ada.answer(201, &[], body.to_owned());
        let error = writing(&ada).await;
        assert!(matches!(error, AdaError::Unexpected { ambiguous: true, .. }), "{body}: {error:?}");
        assert_eq!(error.next(), Next::Report);
    }
    ada.answer(200, &[], "<html>a portal</html>");
    let error = ada.client().end_handoff(&"c".into()).await.expect_err("unreadable");
    assert!(error.is_ambiguous());
    ada.answer(200, &[], "garbage");
    assert!(!reading(&ada).await.is_ambiguous());
}

#[tokio::test]
async fn an_unknown_refusal_was_surely_not_done() {
    let ada = Fake::answering(409, said("duplicate")).await;
    assert_eq!(writing(&ada).await, AdaError::Unexpected { words: "duplicate (status 409)".into(), ambiguous: false });
}

#[tokio::test]
async fn adas_words_are_shown_short_and_plain() {
    let long = format!("bad\r\n\u{1b}[31m\u{202e}{}", "x".repeat(10_000));
    let ada = Fake::answering(400, said(&long)).await;
    let words = writing(&ada).await.words();
    assert!(words.starts_with("bad [31mxxx") && words.chars().count() <= 501, "{words}");
    assert!(!words.contains(char::is_control));
}
