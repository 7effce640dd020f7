//! Switching faults: whole settings, patches, and what is not a fault.

use reqwest::Method;
use serde_json::json;

use super::support::{Ada, error};

#[tokio::test]
async fn settings_are_put_whole_and_patched_in_part() {
    let ada = Ada::quiet().await;
    let off = ada.play(Method::GET, "faults", None).await.body;
    assert_eq!((&off["seed"], &off["webhooks"]["late_ms"], &off["limits"]["per_day"]), (&json!(1), &json!(20_000), &json!(10_000)));
    let put = ada.play(Method::PUT, "faults", Some(json!({ "webhooks": { "lose": 0.25 }, "files_expire": true }))).await;
    assert_eq!((put.status, &put.body["webhooks"]["lose"]), (200, &json!(0.25)));
    let patched = ada.play(Method::PATCH, "faults", Some(json!({ "webhooks": { "stop": true }, "files_expire": null }))).await.body;
    assert_eq!((&patched["webhooks"]["lose"], &patched["webhooks"]["stop"]), (&json!(0.25), &json!(true)));
    assert_eq!(patched["files_expire"], false);
    assert_eq!(ada.play(Method::GET, "faults", None).await.body, patched);
    let rules = json!([{ "endpoint": "create_message", "share": 0.5, "fault": "429", "retry_after": "date" }]);
    let changed = ada.play(Method::PATCH, "faults", Some(json!({ "api": rules }))).await.body;
    let on = ada.settled().await["on"].clone();
    assert_eq!(on, json!(["api.create_message.429", "webhooks.lose", "webhooks.stop"]));
    // What is shown can be put back as it is.
    assert_eq!(ada.play(Method::PUT, "faults", Some(changed.clone())).await.body, changed);
    assert_eq!(ada.play(Method::PUT, "faults", Some(json!({}))).await.body, off);
}

#[tokio::test]
async fn what_is_not_a_fault_is_named() {
    let ada = Ada::quiet().await;
    let wrong = json!({ "sed": 1, "webhooks": { "loose": 1.0, "stop": true }, "api": [{ "endpoint": "*", "fault": "500", "shar": 1 }] });
    let refused = error(&ada.play(Method::PUT, "faults", Some(wrong)).await, 400);
    let named: Vec<_> = refused["details"].as_array().expect("details").iter().filter_map(|d| d["parameter"].as_str()).collect();
    assert_eq!(named, ["$.api[0].shar", "$.sed", "$.webhooks.loose"]);
    for (wrong, parameter) in [
        (json!({ "webhooks": { "lose": 1.5 } }), "$.webhooks.lose"),
        (json!({ "webhooks": { "timestamps": "late" } }), "$.webhooks.timestamps"),
        (json!({ "api": [{ "endpoint": "create_message", "fault": "418" }] }), "$.api[0].fault"),
        (json!({ "trigger": 7 }), "$.trigger"),
    ] {
        let refused = error(&ada.play(Method::PATCH, "faults", Some(wrong)).await, 400);
        assert_eq!(refused["details"][0]["parameter"], parameter);
    }
    assert_eq!(ada.settled().await["on"], json!([]), "what is refused switches nothing");
}
