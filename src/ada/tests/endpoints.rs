//! Conversations, handoffs, end users and the check of the key: what is sent, and what becomes of the answer.

use serde_json::{Value, json};
use time::macros::datetime;

use super::super::{AdaError, QueueNotice};
use super::fake::Fake;
use super::{assert_request, conversation};
use crate::model::ids::{AdaConversationId, EndUserId};
use crate::model::metadata::{MetadataPatch, MetadataValue};

fn recorded_conversation() -> Value {
    json!({
        "id": "68f5c0ffee00000000000001", "channel_id": "68f5aa", "end_user_id": "68f5c0ffee00000000000002", "status": "active",
        "created_at": "2026-10-20T09:00:00+00:00", "updated_at": "2026-10-20T09:04:11+00:00",
        "metadata": {"locale": "en-CA", "vip": true, "score": 0.93}, "handoff_integration": "acme-desk"
    })
}

#[tokio::test]
async fn a_conversation_is_read() {
    let ada = Fake::answering(200, recorded_conversation()).await;
    let read = ada.client().get_conversation(&conversation()).await.expect("conversation");
    assert_request(&ada.only(), "GET /api/v2/conversations/68f5c0ffee00000000000001/");
    assert_eq!(read.end_user, Some("68f5c0ffee00000000000002".into()));
    assert_eq!(read.channel.as_deref(), Some("68f5aa"));
    assert!(!read.is_ended());
    assert_eq!(read.updated_at.map(|stamp| stamp.at), Some(datetime!(2026-10-20 09:04:11 UTC)));
    assert_eq!(serde_json::to_value(&read.metadata).expect("json"), json!({"locale": "en-CA", "vip": true, "score": 0.93}));
}

#[tokio::test]
async fn a_conversation_needs_its_identifier_only() {
    let ada = Fake::answering(200, json!({"id": "c", "status": "ended", "metadata": null, "created_at": 5})).await;
    let read = ada.client().get_conversation(&conversation()).await.expect("conversation");
    assert!(read.is_ended() && read.metadata.is_empty() && read.created_at.is_none());
    ada.answer(200, &[], json!({"status": "active"}).to_string());
    assert!(matches!(ada.client().get_conversation(&conversation()).await, Err(AdaError::Unexpected { ambiguous: false, .. })));
}

#[tokio::test]
async fn metadata_is_patched_with_null_for_removal() {
    let ada = Fake::answering(200, recorded_conversation()).await;
    let patch = MetadataPatch::from([("vip".into(), Some(MetadataValue::Flag(true))), ("old".into(), None)]);
    let after = ada.client().update_metadata(&conversation(), &patch).await.expect("conversation");
    let seen = ada.only();
    assert_request(&seen, "PATCH /api/v2/conversations/68f5c0ffee00000000000001/");
    assert_eq!(seen.json(), json!({"metadata": {"vip": true, "old": null}}));
    assert_eq!(after.metadata.get("vip"), Some(&MetadataValue::Flag(true)));
}

#[tokio::test]
async fn ends_are_posted() {
    let ada = Fake::answering(200, json!({"message": "Handoff ended successfully."})).await;
    ada.answer(204, &[], "");
    let client = ada.client();
    client.end_handoff(&conversation()).await.expect("handoff ended");
    client.end_conversation(&conversation()).await.expect("conversation ended");
    let seen = ada.seen();
    assert_request(&seen[0], "POST /api/v2/conversations/68f5c0ffee00000000000001/end-handoff/");
    assert_request(&seen[1], "POST /api/v2/conversations/68f5c0ffee00000000000001/end/");
    assert_eq!((seen[0].json(), seen[1].body.len(), seen[1].header("content-length")), (json!({}), 0, "0"));
}

#[tokio::test]
async fn a_place_in_the_queue_is_told_in_each_unit() {
    let cases = [
        (QueueNotice::Position(3), json!({"unit": "position", "amount": 3})),
        (QueueNotice::Position(60_000), json!({"unit": "position", "amount": 9_999})),
        (QueueNotice::Time(240), json!({"unit": "time", "amount": 240})),
        (QueueNotice::Time(1_000_000), json!({"unit": "time", "amount": 86_400})),
        (QueueNotice::Unknown, json!({"unit": "unknown"})),
    ];
    let ada = Fake::start().await;
    for (notice, body) in cases {
        ada.answer(200, &[], json!({"message": "ok"}).to_string());
        ada.client().update_handoff_queue(&conversation(), notice).await.expect("told");
        let seen = ada.seen().pop().expect("request");
        assert_request(&seen, "PATCH /api/v2/conversations/68f5c0ffee00000000000001/handoff-queue/");
        assert_eq!(seen.json(), body);
    }
}

#[tokio::test]
async fn an_end_user_is_read_as_far_as_known() {
    let profile = json!({"first_name": "Jane", "last_name": "Roe", "display_name": null, "email": "jane@example.com", "language": "fr", "metadata": {"plan": "gold", "n": 2, "x": "\u{0}"}});
    let ada = Fake::answering(200, json!({"end_user_id": "u1", "profile": profile})).await;
    let user = ada.client().get_end_user(&EndUserId::from("u1")).await.expect("end user");
    assert_request(&ada.only(), "GET /api/v2/end-users/u1");
    assert_eq!(
        (user.name.as_deref(), user.email.as_deref(), user.language.as_deref()),
        (Some("Jane Roe"), Some("jane@example.com"), Some("fr"))
    );
    let told: Vec<_> = user.metavariables.iter().map(|entry| (entry.name.as_str(), entry.value.as_str())).collect();
    assert_eq!(told, [("n", "2"), ("plan", "gold"), ("x", "\u{fffd}")]);

    ada.answer(200, &[], json!({"end_user_id": "u2"}).to_string());
    let bare = ada.client().get_end_user(&EndUserId::from("u2")).await.expect("end user");
    assert_eq!((bare.name, bare.metavariables.len()), (None, 0));
}

#[tokio::test]
async fn hostile_identifiers_reach_no_other_endpoint() {
    let ada = Fake::start().await;
    let client = ada.client();
    for hostile in ["..", ".", "", "a\r\nb"] {
        let refused = client.end_handoff(&AdaConversationId(hostile.to_owned())).await;
        assert!(matches!(refused, Err(AdaError::FixInput { status: None, .. })), "{hostile:?}");
    }
    assert!(ada.seen().is_empty());
    ada.answer(200, &[], "{}");
    client.end_handoff(&AdaConversationId("../x?y".to_owned())).await.expect("ended");
    assert_eq!(ada.only().line, "POST /api/v2/conversations/..%2Fx%3Fy/end-handoff/");
}

#[tokio::test]
async fn the_key_check_tells_good_from_bad_from_not_ada() {
    let not_found = json!({"errors": [{"type": "resource_not_found", "message": "Conversation not found", "details": null}]});
    let ada = Fake::answering(404, &not_found).await;
    ada.client().check_key().await.expect("good key");
    assert_request(&ada.only(), "GET /api/v2/conversations/000000000000000000000000/");

    ada.answer(401, &[], json!({"errors": [{"type": "unauthorized", "message": "Bad key"}]}).to_string());
    assert_eq!(ada.client().check_key().await, Err(AdaError::FixKey { status: 401, words: "Bad key".into() }));
    ada.answer(404, &[], "<h1>Not Found</h1>");
    assert!(matches!(ada.client().check_key().await, Err(AdaError::Unexpected { ambiguous: false, .. })));
    ada.answer(503, &[], "");
    assert!(matches!(ada.client().check_key().await, Err(AdaError::Retry { ambiguous: false, .. })));
    ada.answer(200, &[], "<h1>Welcome</h1>");
    assert!(matches!(ada.client().check_key().await, Err(AdaError::Unexpected { .. })));
}
