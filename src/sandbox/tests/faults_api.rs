//! Calls that are refused, cut off, slow, or answered with nonsense; and the rate limits.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::support::{API_KEY, Ada, error, human};

async fn with_rule(endpoint: &str, fault: &str) -> (Ada, String) {
    let ada = Ada::quiet().await;
    let id = ada.handed_off().await;
    ada.faults(json!({ "api": [{ "endpoint": endpoint, "fault": fault, "slow_ms": 80 }] })).await;
    (ada, id)
}

/// How many messages people have written.
async fn written(ada: &Ada, id: &str) -> usize {
    let messages = ada.state(id).await["messages"].as_array().cloned().unwrap_or_default();
    messages.iter().filter(|message| message["author"]["role"] == "human_agent").count()
}

/// Posts a message; an error where no answer came.
async fn post(ada: &Ada, id: &str, patience: Duration) -> Result<reqwest::Response, reqwest::Error> {
    let request = ada.http.post(format!("{}/api/v2/conversations/{id}/messages/", ada.base));
    request.bearer_auth(API_KEY).timeout(patience).json(&human("hello")).send().await
}

const LONG: Duration = Duration::from_secs(10);

#[tokio::test]
async fn each_status_can_be_had() {
    let cases = [
        ("401", 401),
        ("404", 404),
        ("413", 413),
        ("422", 422),
        ("429", 429),
        ("500", 500),
        ("502", 502),
        ("503", 503),
        ("expired", 400),
        ("bad_type", 400),
        ("redirect", 307),
    ];
    let (ada, id) = with_rule("create_message", "500").await;
    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    for (fault, status) in cases {
        ada.faults(json!({ "api": [{ "endpoint": "create_message", "fault": fault }] })).await;
        let request = http.post(format!("{}/api/v2/conversations/{id}/messages", ada.base)).bearer_auth(API_KEY);
        let answer = request.json(&human("hello")).send().await.expect("an answer");
        assert_eq!(answer.status(), status, "{fault}");
        assert!(!answer.headers().contains_key("retry-after"));
    }
    assert_eq!(written(&ada, &id).await, 0);
    // Another endpoint is untouched.
    assert_eq!(ada.api(Method::GET, &format!("conversations/{id}"), None).await.status, 200);
}

#[tokio::test]
async fn a_429_can_say_when_to_come_again() {
    let (ada, id) = with_rule("*", "500").await;
    for (told, wanted) in [(json!(7), "7"), (json!("date"), "GMT")] {
        ada.faults(json!({ "api": [{ "endpoint": "*", "fault": "429", "retry_after": told }] })).await;
        let answer = post(&ada, &id, LONG).await.expect("an answer");
        let header = answer.headers()["retry-after"].to_str().expect("text");
        assert!(header.ends_with(wanted), "{header}");
    }
}

#[tokio::test]
async fn connections_break_before_or_after_the_effect() {
    for (fault, effects) in [("reset_before", 0), ("reset_after", 1)] {
        let (ada, id) = with_rule("create_message", fault).await;
        let failed = post(&ada, &id, LONG).await.expect_err("no answer");
        assert!(!failed.is_timeout());
        assert_eq!(written(&ada, &id).await, effects, "{fault}");
        let calls = ada.play(Method::GET, "calls?limit=1", None).await.body;
        assert_eq!(
            (&calls[0]["endpoint"], &calls[0]["status"], &calls[0]["fault"]),
            (&json!("create_message"), &Value::Null, &json!(fault))
        );
        assert_eq!(calls[0]["conversation_id"], id.as_str());
        assert!(calls[0]["at_us"].as_i64().is_some_and(|at| at > 1_700_000_000_000_000));
    }
}

#[tokio::test]
async fn answers_never_come_or_come_late() {
    for (fault, effects) in [("hang", 0), ("hang_after", 1)] {
        let (ada, id) = with_rule("create_message", fault).await;
        assert!(post(&ada, &id, Duration::from_millis(300)).await.expect_err("no answer").is_timeout());
        assert_eq!(written(&ada, &id).await, effects, "{fault}");
    }
    let (ada, id) = with_rule("create_message", "slow").await;
    let begun = tokio::time::Instant::now();
    assert_eq!(post(&ada, &id, LONG).await.expect("an answer").status(), 201);
    assert!(begun.elapsed() >= Duration::from_millis(80));
}

#[tokio::test]
async fn answers_lie_about_an_effect_or_say_nothing_of_it() {
    let (ada, id) = with_rule("create_message", "500_after").await;
    assert_eq!(post(&ada, &id, LONG).await.expect("an answer").status(), 500);
    ada.faults(json!({ "api": [{ "endpoint": "create_message", "fault": "garbage" }] })).await;
    let answer = post(&ada, &id, LONG).await.expect("an answer");
    assert_eq!(answer.status(), 201);
    assert!(answer.json::<Value>().await.is_err());
    ada.faults(json!({ "api": [{ "endpoint": "create_message", "fault": "no_id" }] })).await;
    let answer: Value = post(&ada, &id, LONG).await.expect("an answer").json().await.expect("JSON");
    assert!(answer.get("id").is_none() && answer["content"]["body"] == "hello");
    assert_eq!(written(&ada, &id).await, 3);
}

#[tokio::test]
async fn whoever_follows_a_foreign_link_is_noticed() {
    let ada = Ada::with(|config| config.page_size = 1).await;
    let id = ada.handed_off().await;
    ada.faults(json!({ "api": [{ "endpoint": "list_messages", "fault": "foreign_page" }] })).await;
    let page = ada.api(Method::GET, &format!("conversations/{id}/messages"), None).await.body;
    let next = page["meta"]["next_page_url"].as_str().expect("a page");
    assert!(!next.starts_with(&ada.base));
    let calls = async || ada.ledger().await["calls"]["elsewhere"].clone();
    assert_eq!(calls().await, json!({ "requests": 0, "with_key": 0 }));
    let there = next.replace("localhost", "127.0.0.1");
    ada.http.get(&there).send().await.expect("an answer");
    ada.http.get(&there).bearer_auth(API_KEY).send().await.expect("an answer");
    assert_eq!(calls().await, json!({ "requests": 2, "with_key": 1 }));
}

#[tokio::test]
async fn a_share_of_the_calls_fails_and_a_seed_repeats_which() {
    async fn statuses(seed: u64) -> Vec<u16> {
        let ada = Ada::quiet().await;
        let id = ada.handed_off().await;
        ada.faults(json!({ "seed": seed, "api": [{ "endpoint": "create_message", "share": 0.5, "fault": "500" }] })).await;
        let mut found = Vec::new();
        for _ in 0..30 {
            // Calls of other endpoints do not move the draws.
            ada.api(Method::GET, &format!("conversations/{id}"), None).await;
            found.push(ada.reply(&id, "hello").await.status);
        }
        found
    }
    let first = statuses(3).await;
    assert_eq!(first, statuses(3).await);
    assert!(first.contains(&500) && first.contains(&201));
}

#[tokio::test]
async fn rate_limits_are_counted_and_enforced_when_asked() {
    let ada = Ada::quiet().await;
    let id = ada.chat().await;
    let path = format!("conversations/{id}");
    ada.faults(json!({ "limits": { "per_day": 3 } })).await;
    for _ in 0..4 {
        assert_eq!(ada.api(Method::GET, &path, None).await.status, 200, "counted, not enforced");
    }
    ada.faults(json!({ "limits": { "enforce": true } })).await;
    let request = ada.http.get(format!("{}/api/v2/{path}", ada.base)).bearer_auth(API_KEY);
    let refused = request.send().await.expect("an answer");
    assert_eq!(refused.status(), 429);
    assert!(refused.headers()["retry-after"].to_str().expect("text").parse::<u64>().expect("seconds") > 80_000);
    ada.faults(json!({ "limits": { "retry_after": false } })).await;
    let request = ada.http.get(format!("{}/api/v2/{path}", ada.base)).bearer_auth(API_KEY);
    assert!(!request.send().await.expect("an answer").headers().contains_key("retry-after"));
    let calls = ada.ledger().await["calls"].clone();
    assert_eq!((&calls["total"], &calls["violations"]["day"], &calls["most"]["day"]), (&json!(6), &json!(3), &json!(5)));
    assert_eq!(calls["per_endpoint"]["get_conversation"], json!({ "calls": 6, "by_status": { "200": 4, "429": 2 } }));
}

#[tokio::test]
async fn pages_can_be_small_and_links_can_run_out() {
    let ada = Ada::quiet().await;
    let id = ada.handed_off().await;
    ada.say(&id, "one").await;
    ada.faults(json!({ "page_size": 1, "files_expire": true })).await;
    let page = ada.api(Method::GET, &format!("conversations/{id}/messages?limit=100"), None).await.body;
    assert_eq!(page["data"].as_array().map(Vec::len), Some(1));
    let file = ada.file(&id).await;
    assert_eq!(ada.http.get(&file).send().await.expect("an answer").status(), 403);
    ada.faults(json!({ "files_expire": false })).await;
    assert_eq!(ada.http.get(&file).send().await.expect("an answer").status(), 200);
    error(&ada.api(Method::GET, "conversations/none", None).await, 404);
}
