//! Agents change a conversation's metadata.

use babbage::model::change::HandoffSnapshot;
use babbage::model::problem::Problem;
use serde_json::{Value, json};

use super::replies::at_work;
use super::support::{TestDesk, When};

fn saved(loaded: &HandoffSnapshot) -> bool {
    !loaded.detail.metadata_saving
}

fn at_ada(desk: &TestDesk) -> Value {
    Value::Object(desk.ada.conversation("c1").metadata)
}

#[tokio::test]
async fn entries_are_added_changed_and_removed_and_keep_their_kind() {
    let (desk, ana, handoff) = at_work().await;
    ana.until_read(handoff).await;
    for (patch, expected) in [
        (json!({ "order": "A-7", "seats": 3 }), json!({ "order": "A-7", "seats": 3 })),
        (json!({ "seats": 4, "vip": true, "score": 0.5 }), json!({ "order": "A-7", "score": 0.5, "seats": 4, "vip": true })),
        (json!({ "order": null, "vip": false }), json!({ "score": 0.5, "seats": 4, "vip": false })),
        (json!({ " padded ": "x\u{0}y" }), json!({ "padded": "x\u{fffd}y", "score": 0.5, "seats": 4, "vip": false })),
    ] {
        ana.change_metadata(handoff, &patch).await.expect("owed");
        let shown = ana
            .until("it is saved", handoff, |loaded| {
                saved(loaded) && serde_json::to_value(&loaded.detail.metadata).is_ok_and(|shown| shown == expected)
            })
            .await;
        assert_eq!(shown.detail.metadata_problem, None);
        assert_eq!(at_ada(&desk), expected);
    }
}

#[tokio::test]
async fn only_what_ada_confirmed_is_shown() {
    let (desk, ana, handoff) = at_work().await;
    let gate = desk.ada.holds("PATCH", "/c1", When::Before);
    ana.change_metadata(handoff, &json!({ "order": 7 })).await.expect("owed");
    gate.reached().await;
    let waiting = ana.load(handoff).await.expect("readable").detail;
    assert!(waiting.metadata_saving && waiting.metadata.is_empty());
    gate.open();
    ana.until("it is saved", handoff, |loaded| saved(loaded) && loaded.detail.metadata.len() == 1).await;
}

#[tokio::test]
async fn a_change_that_ada_refuses_is_shown_with_its_words() {
    let (desk, ana, handoff) = at_work().await;
    desk.ada.refuses("PATCH", "/c1", 400, "metadata: too odd");
    ana.change_metadata(handoff, &json!({ "order": 7 })).await.expect("owed");
    let failed = ana.until("it failed", handoff, |loaded| loaded.detail.metadata_problem.is_some()).await.detail;
    assert!(failed.metadata_problem.is_some_and(|words| words.contains("too odd")));
    assert!(!failed.metadata_saving && failed.metadata.is_empty());
    ana.change_metadata(handoff, &json!({ "order": 8 })).await.expect("owed");
    let saved = ana.until("the next one works", handoff, |loaded| loaded.detail.metadata.len() == 1).await.detail;
    assert_eq!(saved.metadata_problem, None);
}

#[tokio::test]
async fn what_ada_would_refuse_is_refused_by_the_name_of_the_field() {
    let (desk, ana, handoff) = at_work().await;
    for (patch, field) in [
        (json!({ "order": "x".repeat(4 * 1024) }), "value:"),
        (json!({ "": "x" }), "name:"),
        (json!({ "  ": "x" }), "name:"),
        (json!({ "n".repeat(101): "x" }), "name:"),
        (json!({}), "name:"),
    ] {
        let problem = ana.change_metadata(handoff, &patch).await.expect_err("refused");
        assert!(matches!(&problem, Problem::Invalid { message } if message.starts_with(field)), "{problem:?}");
    }
    // Neither a list nor an object is a value.
    assert!(matches!(ana.change_metadata(handoff, &json!({ "order": ["x"] })).await, Err(Problem::Invalid { .. })));
    assert!(!ana.load(handoff).await.expect("readable").detail.metadata_saving);
    assert!(desk.ada.calls("PATCH", "/c1").is_empty());
}

#[tokio::test]
async fn what_others_wrote_at_ada_meanwhile_is_not_lost() {
    let (desk, ana, handoff) = at_work().await;
    ana.until_read(handoff).await;
    desk.ada.change("c1", |conversation| drop(conversation.metadata.insert("by_ai".to_owned(), json!("kept"))));
    ana.change_metadata(handoff, &json!({ "order": 7 })).await.expect("owed");
    ana.until("both are shown", handoff, |loaded| loaded.detail.metadata.len() == 2).await;
    assert_eq!(at_ada(&desk), json!({ "by_ai": "kept", "order": 7 }));
}

#[tokio::test]
async fn only_its_owner_changes_it() {
    let (desk, _, handoff) = at_work().await;
    let ben = desk.agent("Ben").await;
    assert_eq!(ben.change_metadata(handoff, &json!({ "order": 7 })).await, Err(Problem::NotFound));
    assert!(desk.ada.calls("PATCH", "/c1").is_empty());
}
