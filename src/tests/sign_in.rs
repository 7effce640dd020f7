//! Signing in and out.

use std::collections::BTreeMap;

use babbage::model::person::Role;
use babbage::store;
use futures::future::join_all;
use serde_json::{Value, json};

use super::support::{Browser, PASSWORD, TestDesk, answer};

/// What a request without arguments gets with a cookie.
async fn status_with(desk: &TestDesk, cookie: &str) -> u16 {
    let request = desk.http.post(desk.url("/api/load_desk")).header("origin", &desk.origin).header("cookie", cookie).json(&json!({}));
    request.send().await.expect("an answer").status().as_u16()
}

#[tokio::test]
async fn a_plain_form_leads_to_the_desk() {
    let desk = TestDesk::start().await;
    let ana = desk.person("Ana", Role::Agent).await;
    let form = format!("email=%20ANA%40desk.test&password={}", PASSWORD.replace(' ', "+"));
    let request = desk.http.post(desk.url("/api/sign_in")).header("origin", &desk.origin).header("accept", "text/html");
    let answer = request.header("content-type", "application/x-www-form-urlencoded").body(form).send().await.expect("an answer");
    assert_eq!(answer.status(), 302);
    assert_eq!(answer.headers()["location"], "/");
    let cookie = answer.headers()["set-cookie"].to_str().expect("text").split(';').next().expect("a cookie").to_owned();
    assert_eq!(status_with(&desk, &cookie).await, 200);
    let browser = desk.browser_of(ana.clone()).await;
    assert_eq!(browser.desk().await.me, ana);
}

#[tokio::test]
async fn a_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    for (address, name, secure) in [("http://desk.test", "babbage=", false), ("https://desk.test", "__Host-babbage=", true)] {
        let desk = TestDesk::setup().set("PUBLIC_URL", address).start().await;
        let ana = desk.person("Ana", Role::Agent).await;
        let answer = Browser::new(&desk, ana).sign_in(PASSWORD).await;
        assert!(answer.status().is_success());
        let set: Vec<_> = answer.headers().get_all("set-cookie").iter().map(|value| value.to_str().expect("text").to_owned()).collect();
        assert_eq!(set.len(), 1, "{set:?}");
        assert!(set[0].starts_with(name), "{set:?}");
        let flags: Vec<_> = set[0].split("; ").skip(1).collect();
        for flag in ["HttpOnly", "SameSite=Strict", "Path=/"] {
            assert!(flags.contains(&flag), "{flag} is not in {flags:?}");
        }
        assert_eq!(flags.contains(&"Secure"), secure, "{flags:?}");
        assert!(!flags.iter().any(|flag| flag.starts_with("Domain")), "{flags:?}");
        let strict = answer.headers().contains_key("strict-transport-security");
        assert_eq!(strict, secure);
    }
}

#[tokio::test]
async fn each_sign_in_is_a_new_session_and_the_old_one_of_that_browser_ends() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let first = ana.cookie().expect("a cookie");
    assert!(ana.sign_in(PASSWORD).await.status().is_success());
    let second = ana.cookie().expect("a cookie");
    assert_ne!(first, second);
    assert_eq!(status_with(&desk, &first).await, 401, "a session id that somebody planted is worth nothing after the sign-in");
    assert_eq!(status_with(&desk, &second).await, 200);
    ana.sign_out().await;
    assert_eq!(status_with(&desk, &second).await, 401);
}

#[tokio::test]
async fn nobody_learns_which_half_was_wrong() {
    let desk = TestDesk::start().await;
    let ana = desk.person("Ana", Role::Agent).await;
    let mut nobody = ana.clone();
    nobody.email = "nobody@desk.test".to_owned();
    let ben = desk.person("Ben", Role::Agent).await;
    store::people::disable(&desk.pool, &ben.email).await.expect("disabled");
    let mut said = Vec::new();
    for (person, password) in [(ana, "not the right words"), (nobody, PASSWORD), (ben, PASSWORD)] {
        let browser = Browser::new(&desk, person);
        let response = browser.sign_in(password).await;
        assert!(response.headers().get("set-cookie").is_none());
        said.push(answer(response).await);
        assert_eq!(browser.cookie(), None);
    }
    assert_eq!(said[0].0, 422);
    assert!(said.iter().all(|one| *one == said[0]), "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_guesses_at_once_do_not_slip_through() {
    let desk = TestDesk::start().await;
    let ana = desk.person("Ana", Role::Agent).await;
    for _ in 0..3 {
        assert_eq!(Browser::new(&desk, ana.clone()).sign_in("one after the other").await.status(), 422);
    }
    let guesses = join_all((0..30).map(|number| {
        let browser = Browser::new(&desk, ana.clone());
        async move { browser.sign_in(&format!("guess number {number}")).await.status().as_u16() }
    }))
    .await;
    let mut counts = BTreeMap::new();
    for status in guesses {
        *counts.entry(status).or_insert(0) += 1;
    }
    let looked_at = counts.remove(&422).unwrap_or(0);
    assert!(looked_at <= 7, "{looked_at} were looked at after the first three");
    assert_eq!(counts, BTreeMap::from([(429, 30 - looked_at)]));
    // Not even the right one is looked at now, in any spelling of the address.
    let mut spelled = ana.clone();
    spelled.email = "ANA@Desk.Test".to_owned();
    for person in [ana, spelled] {
        assert_eq!(Browser::new(&desk, person).sign_in(PASSWORD).await.status(), 429);
    }
    let ben = desk.person("Ben", Role::Agent).await;
    assert!(Browser::new(&desk, ben).sign_in(PASSWORD).await.status().is_success(), "others are not kept out");
}

#[tokio::test]
async fn no_answer_holds_a_password() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    ana.accept(handoff).await.expect("accepted");
    let desk_lists: Value = ana.call("load_desk", &json!({})).await.expect("the lists");
    let loaded: Value = ana.call("load_handoff", &json!({ "handoff": handoff })).await.expect("the handoff");
    let signed_in = ana.sign_in(PASSWORD).await;
    let headers = format!("{:?}", signed_in.headers());
    let body = signed_in.text().await.expect("a body");
    for text in [desk_lists.to_string(), loaded.to_string(), headers, body] {
        assert!(!text.contains("argon2") && !text.contains("password") && !text.contains(PASSWORD), "{text}");
    }
}
