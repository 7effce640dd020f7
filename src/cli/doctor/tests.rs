//! Against a small server that stands in for the desk, and one for Ada, over real HTTP with real signatures.

use std::collections::HashMap;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use svix::webhooks::Webhook;
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::*;

const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3";
const OLD_SECRET: &str = "whsec_b2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xk";
const KEY: &str = "0123456789abcdef0123456789abcdef";

/// A desk that knows one secret and one key.
fn desk() -> Router {
    async fn webhook(headers: HeaderMap, body: Bytes) -> StatusCode {
        match Webhook::new(SECRET).expect("a secret").verify(&body, &headers) {
            Ok(()) => StatusCode::OK,
            Err(_) => StatusCode::BAD_REQUEST,
        }
    }
    async fn trigger(headers: HeaderMap) -> (StatusCode, &'static str) {
        match headers.get("authorization").and_then(|value| value.to_str().ok()) {
            Some(value) if value == format!("Bearer {KEY}") => (StatusCode::BAD_REQUEST, r#"{"error":"conversation_id is missing"}"#),
            _ => (StatusCode::UNAUTHORIZED, ""),
        }
    }
    Router::new().route("/webhooks/message", post(webhook)).route("/handoffs/start", post(trigger))
}

/// Ada, with a key of its own.
fn ada() -> Router {
    async fn conversation(headers: HeaderMap) -> (StatusCode, &'static str) {
        match headers.get("authorization").and_then(|value| value.to_str().ok()) {
            Some("Bearer good-key") => (StatusCode::NOT_FOUND, r#"{"errors":[{"type":"NotFound","message":"No conversation"}]}"#),
            _ => (StatusCode::UNAUTHORIZED, r#"{"errors":[{"type":"Unauthorized","message":"Bad key"}]}"#),
        }
    }
    Router::new().route("/api/v2/conversations/{id}/", get(conversation)).fallback(|| async { (StatusCode::OK, "Ada") })
}

async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// A server that answers everything in one way.
async fn serve_only(status: u16, body: &'static str) -> SocketAddr {
    let status = StatusCode::from_u16(status).expect("a status");
    serve(Router::new().fallback(|State(answer): State<(StatusCode, &'static str)>| async move { answer }).with_state((status, body))).await
}

/// The report for these variables, in a new data folder.
async fn examined(variables: &[(&str, String)]) -> Report {
    let folder = TempDir::new().expect("a folder");
    let mut map: HashMap<String, String> = variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    map.insert("DATA_DIR".to_owned(), folder.path().display().to_string());
    examine(Config::from_source(&|name| map.get(name).cloned())).await
}

async fn with_desk(desk: SocketAddr, ada: SocketAddr, changes: &[(&str, &str)]) -> Report {
    let mut variables = HashMap::from([
        ("PUBLIC_URL", format!("http://{desk}")),
        ("ADA_BASE_URL", format!("http://{ada}/api")),
        ("ADA_API_KEY", "good-key".to_owned()),
        ("WEBHOOK_SECRET", SECRET.to_owned()),
        ("HANDOFF_AUTH_KEY", KEY.to_owned()),
    ]);
    variables.extend(changes.iter().map(|(name, value)| (*name, (*value).to_owned())));
    let report = examined(&variables.into_iter().collect::<Vec<_>>()).await;
    for secret in [&SECRET[6..], &OLD_SECRET[6..], KEY, "good-key", "bad-key"] {
        assert!(!report.to_string().contains(secret) && !report.json().contains(secret), "{report}");
    }
    report
}

/// The outcome's word and the whole text of a check.
fn found(report: &Report, name: &str) -> (String, String) {
    let check = report.0.iter().find(|check| check.name == name).unwrap_or_else(|| panic!("no {name} in\n{report}"));
    let json = serde_json::to_value(check).expect("JSON");
    (json["outcome"].as_str().expect("a word").to_owned(), format!("{} {}", json["detail"], json["remedy"]))
}

#[track_caller]
fn expect(report: &Report, name: &str, outcome: &str, words: &[&str]) {
    let (word, text) = found(report, name);
    assert_eq!(word, outcome, "{name}: {text}");
    assert!(words.iter().all(|words| text.contains(words)), "{name}: {text} lacks one of {words:?}");
}

#[tokio::test]
async fn a_desk_that_works() {
    let report = with_desk(serve(desk()).await, serve(ada()).await, &[]).await;
    expect(&report, "configuration", "ok", &[]);
    expect(&report, "data folder", "ok", &["can be written"]);
    expect(&report, "Ada", "ok", &[]);
    expect(&report, "clock and Ada", "ok", &["within 30 s"]);
    expect(&report, "Ada's key", "ok", &[]);
    expect(&report, "webhook", "ok", &["from this machine"]);
    expect(&report, "handoff trigger", "ok", &["from this machine"]);
    expect(&report, "way from Ada", "ok", &[]);
    assert!(!report.must_repair(), "{report}");
}

#[tokio::test]
async fn a_database_that_does_not_answer() {
    let report = examined(&[("DATABASE_URL", "postgres://nobody:hidden@127.0.0.1:1/none".to_owned())]).await;
    expect(&report, "database", "fail", &["does not answer", "host, port, user"]);
    assert!(report.must_repair() && !report.to_string().contains("hidden"));
}

#[tokio::test]
async fn secrets_that_differ_from_the_desks() {
    let (desk, ada) = (serve(desk()).await, serve(ada()).await);
    let changes = [("WEBHOOK_SECRET", OLD_SECRET), ("HANDOFF_AUTH_KEY", "another-key-another-key"), ("ADA_API_KEY", "bad-key")];
    let report = with_desk(desk, ada, &changes).await;
    expect(&report, "webhook", "fail", &["refuses", "WEBHOOK_SECRET", "(400)"]);
    expect(&report, "handoff trigger", "fail", &["refuses", "HANDOFF_AUTH_KEY", "(401)"]);
    expect(&report, "Ada's key", "fail", &["does not take it", "Bad key"]);

    let both = format!("{SECRET} {OLD_SECRET}");
    let report = with_desk(desk, ada, &[("WEBHOOK_SECRET", &both)]).await;
    expect(&report, "webhook", "fail", &["secret 2 of 2"]);
}

#[tokio::test]
async fn secrets_that_are_missing() {
    let (desk, ada) = (serve(desk()).await, serve(ada()).await);
    let report = with_desk(desk, ada, &[("WEBHOOK_SECRET", ""), ("HANDOFF_AUTH_KEY", ""), ("ADA_API_KEY", "")]).await;
    expect(&report, "webhook", "fail", &["WEBHOOK_SECRET is not set", "/webhooks/message"]);
    expect(&report, "handoff trigger", "fail", &["HANDOFF_AUTH_KEY is not set"]);
    expect(&report, "Ada's key", "fail", &["ADA_API_KEY is not set"]);
}

#[tokio::test]
async fn nothing_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let nobody = listener.local_addr().expect("an address");
    drop(listener);
    let report = with_desk(nobody, nobody, &[]).await;
    for name in ["webhook", "handoff trigger"] {
        expect(&report, name, "fail", &["cannot be reached from this machine", "babbage serve"]);
    }
    expect(&report, "Ada", "fail", &["cannot be reached from this machine", "ADA_BASE_URL"]);
    expect(&report, "clock and Ada", "skipped", &[]);
    expect(&report, "Ada's key", "warn", &["could not be checked"]);
}

#[tokio::test]
async fn something_else_answers() {
    let ada = serve(ada()).await;
    for (status, body, outcome, words) in [
        // A page that says yes to everything, as some tunnels have.
        (200, "welcome", "fail", "not this desk"),
        (404, "", "fail", "not this desk"),
        (308, "", "fail", "redirects"),
        (502, "", "fail", "proxy or tunnel"),
        (503, "", "warn", "/readyz"),
    ] {
        let report = with_desk(serve_only(status, body).await, ada, &[]).await;
        expect(&report, "webhook", outcome, &[words]);
        expect(&report, "handoff trigger", outcome, &[words]);
    }
    // It refuses everything alike.
    let report = with_desk(serve_only(400, "bad request").await, ada, &[]).await;
    expect(&report, "handoff trigger", "fail", &["not this desk", "does not name the field"]);
    // Ada's address leads to a page.
    let page = serve_only(200, "<h1>Welcome</h1>").await;
    expect(&with_desk(page, page, &[]).await, "Ada's key", "fail", &["could not be checked", "ADA_BASE_URL"]);
}

#[tokio::test]
async fn what_ada_cannot_reach_is_said() {
    let desk = serve(desk()).await;
    let report = with_desk(desk, desk, &[("ADA_BASE_URL", "https://127.0.0.1:1/api")]).await;
    expect(&report, "way from Ada", "fail", &["Ada cannot call", "tunnel"]);
}

#[tokio::test]
async fn faults_of_the_configuration_are_all_told() {
    let report = examined(&[("BIND_ADDR", "8090".to_owned()), ("ADA_API_KEY", "k".to_owned())]).await;
    let text = report.to_string();
    assert!(text.contains("BIND_ADDR") && text.contains("ADA_API_KEY") && text.contains("To do: set it right"), "{text}");
    assert!(report.must_repair());
    expect(&report, "everything else", "skipped", &[]);
}

#[tokio::test]
async fn a_private_postgres_is_examined_and_put_back_to_sleep() {
    use crate::store::cluster::{Durability, PrivateCluster};

    let folder = TempDir::new().expect("a folder");
    let data = folder.path().join("data");
    let source = |name: &str| (name == "DATA_DIR").then(|| data.display().to_string());
    let config = || Config::from_source(&source);

    let report = examine(config()).await;
    expect(&report, "database", "ok", &["the first start makes"]);
    assert!(!data.exists(), "looking makes nothing");

    let (cluster, _) = PrivateCluster::start_with(&data, Durability::ForTests).await.expect("starts");
    cluster.stop().await.expect("stops");
    let report = examine(config()).await;
    expect(&report, "database", "ok", &["the private one in DATA_DIR"]);
    expect(&report, "durability", "ok", &["fsync"]);
    expect(&report, "clock and database", "skipped", &[]);
    assert!(report.0.iter().any(|check| check.name == "migrations"));
    expect(&report, "webhook", "skipped", &["ADA_BASE_URL"]);
    assert!(!data.join("postgres/postmaster.pid").exists(), "stopped again");
}

#[test]
fn migrations_are_compared_both_ways() {
    let known = [(1, vec![1]), (2, vec![2])];
    let word = |applied: &[(i64, u8, bool)]| {
        let applied = applied.iter().map(|(version, sum, success)| (*version, (vec![*sum], *success))).collect();
        let json = serde_json::to_value(database::compare(&known, &applied)).expect("JSON");
        (json["outcome"].as_str().expect("a word").to_owned(), json["detail"].as_str().expect("text").to_owned())
    };
    assert_eq!(word(&[(1, 1, true), (2, 2, true)]).0, "ok");
    assert_eq!(word(&[]).0, "warn");
    assert_eq!(word(&[(1, 1, true)]), ("fail".to_owned(), "1 are not applied".to_owned()));
    assert!(word(&[(1, 9, true), (2, 2, true)]).1.contains("differs"));
    assert!(word(&[(1, 1, true), (2, 2, true), (3, 3, true)]).1.contains("newer"));
    assert!(word(&[(1, 1, true), (2, 2, false)]).1.contains("broke off"));
}

#[test]
fn the_report_is_aligned_and_steers_no_terminal() {
    let mut report = Report::default();
    report.add("a", Outcome::ok("fine"));
    report.add("longer", Outcome::fail("said \x1b[2Jthis\nthere", "do that"));
    let text = report.to_string();
    assert_eq!(
        text,
        "ok       a       fine\nFAIL     longer  said  [2Jthis there\n                 To do: do that\n\n1 ok, 0 to look at, 1 to repair, 0 skipped"
    );
}
