//! What browsers get.

use futures::StreamExt as _;
use reqwest::Method;
use serde_json::{Value, json};

use super::support::{API_KEY, Ada, TRIGGER_KEY};

#[tokio::test]
async fn pages_carry_a_policy_and_everything_they_load_is_here() {
    let ada = Ada::quiet().await;
    for page in ["/", "/control", "/survey/any", "/survey/thanks"] {
        let answer = ada.http.get(format!("{}{page}", ada.base)).send().await.expect("an answer");
        let policy = answer.headers()["content-security-policy"].to_str().expect("text").to_owned();
        assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"));
        let html = answer.text().await.expect("text");
        assert!(!html.contains("style=") && !html.contains("<style") && !html.contains("onclick"));
        for (start, _) in html.match_indices("/assets/") {
            let path = html[start..].split('"').next().expect("a path");
            let loaded = ada.http.get(format!("{}{path}", ada.base)).send().await.expect("an answer");
            assert_eq!(loaded.status(), 200, "{path}");
        }
    }
}

#[tokio::test]
async fn other_sites_cannot_play_the_customer() {
    let ada = Ada::quiet().await;
    let ask = |site: &'static str| {
        let request = ada.http.post(format!("{}/sandbox/conversations", ada.base));
        request.header("sec-fetch-site", site).send()
    };
    assert_eq!(ask("cross-site").await.expect("an answer").status(), 403);
    assert_eq!(ask("same-origin").await.expect("an answer").status(), 201);
}

#[tokio::test]
async fn settings_are_shown_without_secrets() {
    let ada = Ada::quiet().await;
    let shown = ada.play(Method::GET, "config", None).await.body.to_string();
    assert!(shown.contains("acme-desk"));
    assert!(!shown.contains(API_KEY) && !shown.contains(TRIGGER_KEY) && !shown.contains("whsec_"));
}

#[tokio::test]
async fn a_survey_s_answer_is_kept() {
    let ada = Ada::quiet().await;
    let id = ada.chat().await;
    let url = format!("{}/survey/{id}", ada.base);
    let send = |score: &str| {
        let request = ada.http.post(&url).header("content-type", "application/x-www-form-urlencoded");
        request.body(format!("score={score}")).send()
    };
    assert_eq!(send("4").await.expect("an answer").status(), 200);
    assert_eq!(send("9").await.expect("an answer").status(), 400);
    assert_eq!(ada.state(&id).await["survey_score"], 4);
}

#[tokio::test]
async fn the_stream_brings_the_state_and_every_change() {
    let ada = Ada::quiet().await;
    let id = ada.chat().await;
    let url = format!("{}/sandbox/stream?conversation={id}", ada.base);
    let answer = ada.http.get(url).send().await.expect("an answer");
    let mut chunks = answer.bytes_stream();
    let mut seen = String::new();
    let mut said = false;
    // Ends with the stream's break or with the words; a test that hangs fails by the time limit.
    let watch = async {
        while let Some(chunk) = chunks.next().await {
            seen.push_str(&String::from_utf8_lossy(&chunk.expect("bytes")));
            if !said && seen.contains("event: conversation") {
                said = true;
                ada.say(&id, "over the stream").await;
            }
            let found = seen.lines().filter_map(|line| line.strip_prefix("data: ")).any(|data| {
                let data: Value = serde_json::from_str(data).unwrap_or_default();
                data["messages"][0]["content"] == json!({ "type": "text", "body": "over the stream" })
            });
            if found {
                return true;
            }
        }
        false
    };
    let found = tokio::time::timeout(std::time::Duration::from_secs(10), watch).await;
    assert!(found.expect("in time"));
    assert!(seen.contains("event: list"));
}
