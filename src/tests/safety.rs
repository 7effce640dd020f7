//! Every door that browsers have, for those who may not come in.

use std::fs;
use std::path::Path;

use babbage::model::ids::{EventId, MessageId};
use babbage::model::person::PersonRef;
use babbage::model::problem::Problem;
use serde_json::{Value, json};

use super::support::{Browser, TestDesk, answer};

/// Open to everybody: they decide by themselves.
const FOR_EVERYBODY: [&str; 2] = ["sign_in", "sign_out"];
/// Open to those who look after the desk, and to no agent.
const UPKEEP: [&str; 7] = ["load_alarms", "load_health", "load_events", "open_event", "replay_event", "replay_events", "set_event_aside"];
/// They take nothing, or nothing that must be there.
const WITHOUT_ARGUMENTS: [&str; 6] = ["who_am_i", "load_desk", "load_alarms", "load_health", "load_events", "replay_events"];

/// The endpoints that stand in the source, so that a new one is tested without anybody thinking of it.
fn endpoints() -> Vec<String> {
    let mut found = Vec::new();
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/api")).expect("the folder of the server functions") {
        let text = fs::read_to_string(file.expect("a file").path()).expect("a source file");
        for attribute in text.split("#[server(").skip(1) {
            let name = attribute.split("endpoint = \"").nth(1).and_then(|rest| rest.split('"').next());
            found.push(name.expect("each server function names its endpoint").to_owned());
        }
    }
    found.sort();
    assert!(found.len() >= 12, "{found:?}");
    found
}

/// Arguments that would do for any of them.
fn arguments(handoff: &Value) -> Value {
    json!({
        "handoff": handoff, "id": MessageId::new(), "body": "written by nobody", "way": "return_to_ai", "outcome": "x", "note": "x",
        "patch": { "x": "y" }, "event": EventId::new(), "after": null, "email": "ana@desk.test", "password": "some words of no use",
    })
}

/// How everything stands, to see that nothing changed.
async fn all_there_is(desk: &TestDesk) -> Vec<i64> {
    let counts = sqlx::query_scalar(
        "select sum(head)::bigint from handoffs union all select count(*) from messages union all select count(*) from deliveries
         union all select count(*) from audit union all select count(*) from sessions",
    );
    counts.fetch_all(&desk.pool).await.expect("counts")
}

#[tokio::test]
async fn nobody_does_anything_without_a_session() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    ana.accept(handoff).await.expect("accepted");
    ana.until_read(handoff).await;
    let nobody = Browser::new(&desk, ana.me.clone());
    let before = all_there_is(&desk).await;
    let calls = desk.ada.seen().len();
    for verb in endpoints().iter().filter(|verb| !FOR_EVERYBODY.contains(&verb.as_str())) {
        let problem = nobody.call::<Value>(verb, &arguments(&json!(handoff))).await.expect_err(verb);
        assert_eq!(problem, Problem::SignedOut, "{verb}");
    }
    assert_eq!(all_there_is(&desk).await, before);
    assert_eq!(desk.ada.seen().len(), calls);
}

#[tokio::test]
async fn nothing_is_done_for_a_page_of_another_site() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    let before = all_there_is(&desk).await;
    let cookie = ana.cookie().expect("a cookie");
    for verb in endpoints() {
        for origin in [None, Some("null"), Some("http://evil.test"), Some("http://desk.test.evil.test"), Some("https://desk.test")] {
            let request = desk.http.post(desk.url(&format!("/api/{verb}"))).header("cookie", &cookie).json(&arguments(&json!(handoff)));
            let request = match origin {
                Some(origin) => request.header("origin", origin),
                None => request,
            };
            assert_eq!(request.send().await.expect("an answer").status(), 403, "{verb} from {origin:?}");
        }
    }
    assert_eq!(all_there_is(&desk).await, before);
}

#[tokio::test]
async fn a_handoff_of_somebody_else_does_not_exist() {
    let desk = TestDesk::start().await;
    let (ana, ben) = (desk.agent("Ana").await, desk.agent("Ben").await);
    let handoff = desk.hand_off("c1").await;
    ana.accept(handoff).await.expect("accepted");
    ana.until_read(handoff).await;
    let before = all_there_is(&desk).await;
    for verb in endpoints() {
        if FOR_EVERYBODY.contains(&verb.as_str()) || ["who_am_i", "load_desk"].contains(&verb.as_str()) {
            continue;
        }
        let problem = ben.call::<Value>(&verb, &arguments(&json!(handoff))).await.expect_err(&verb);
        // Who comes too late to accept is told who was faster; that is all they learn.
        let expected = if verb == "accept_handoff" {
            let owner = PersonRef { id: ana.me.id, name: "Ana".to_owned() };
            Problem::Taken { owner }
        } else if UPKEEP.contains(&verb.as_str()) {
            Problem::Forbidden
        } else {
            Problem::NotFound
        };
        assert_eq!(problem, expected, "{verb}");
    }
    assert_eq!(all_there_is(&desk).await, before);
}

#[tokio::test]
async fn what_no_page_sends_is_refused_with_words_and_not_with_a_crash() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    for verb in endpoints() {
        if FOR_EVERYBODY.contains(&verb.as_str()) || WITHOUT_ARGUMENTS.contains(&verb.as_str()) {
            continue;
        }
        for body in ["", "null", "[]", "{}", "not JSON", r#"{"handoff":"not-an-id"}"#, r#"{"handoff":7}"#] {
            let request = ana.request(&format!("/api/{verb}")).header("content-type", "application/json").body(body);
            let (status, said) = answer(request.send().await.expect("an answer")).await;
            assert_eq!((status, &said["problem"]), (422, &json!("invalid")), "{verb} {body}: {said}");
        }
    }
    let nowhere = ana.request("/api/no_such_verb").json(&json!({})).send().await.expect("an answer");
    assert!(nowhere.status().is_client_error(), "{}", nowhere.status());
    let huge = ana.request("/api/send_reply").json(&json!({ "body": "x".repeat(300 * 1024) })).send().await.expect("an answer");
    assert!(huge.status().is_client_error(), "{}", huge.status());
}

#[tokio::test]
async fn every_answer_keeps_other_sites_out() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let get = async |path: &str| desk.http.get(desk.url(path)).send().await.expect("an answer");
    let answers = [
        ("page", get("/login").await),
        ("health", get("/healthz").await),
        ("nothing", get("/no/such/page").await),
        ("function", ana.request("/api/load_desk").json(&json!({})).send().await.expect("an answer")),
        ("refusal", desk.http.post(desk.url("/handoffs/start")).send().await.expect("an answer")),
    ];
    for (what, answer) in answers {
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        assert_eq!(header("x-content-type-options"), "nosniff", "{what}");
        assert_eq!(header("x-frame-options"), "DENY", "{what}");
        assert_eq!(header("referrer-policy"), "same-origin", "{what}");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin", "{what}");
        assert_eq!(header("cache-control"), "no-store", "{what}");
        let policy = header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{what}: {policy}");
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{what}: {policy}");
    }
}
