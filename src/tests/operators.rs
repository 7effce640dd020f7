//! What operators ask and see.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use babbage::model::handoff::EndWay;
use babbage::model::handoff::HandoffState;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use super::support::{API_KEY, PASSWORD, SECRET, TRIGGER_KEY, TestDesk, When, event, eventually};

#[tokio::test]
async fn a_server_that_serves_says_so() {
    let desk = TestDesk::start().await;
    let get = async |path: &str| {
        let answer = desk.http.get(desk.url(path)).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    };
    assert_eq!(get("/healthz").await, (200, "ok\n".to_owned()));
    // It serves before it hears other servers.
    assert_eq!(get("/readyz").await.0, 200);
    eventually("it hears them", async || (get("/readyz").await == (200, "ready\n".to_owned())).then_some(())).await;
    desk.hand_off("c1").await;
    let ana = desk.agent("Ana").await;
    let _socket = ana.open_socket().await;
    let (status, metrics) = get("/metrics").await;
    assert_eq!(status, 200);
    for name in ["babbage_triggers", "babbage_live_channels", "babbage_database_connections"] {
        assert!(metrics.contains(name), "{name} is not in {metrics}");
    }
}

#[tokio::test]
async fn a_server_without_its_database_is_up_and_not_ready() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    desk.pool.close().await;
    desk.state.inbox.close().await;
    let status = async |path: &str| desk.http.get(desk.url(path)).send().await.expect("an answer").status().as_u16();
    assert_eq!(status("/healthz").await, 200);
    assert_eq!(status("/readyz").await, 503);
    // Ada is told to come again, people that nothing was lost.
    assert_eq!(desk.trigger(&json!({ "conversation_id": "c2" })).await.status(), 503);
    assert_eq!(desk.deliver("msg_1", &event::message("c1", "m1", "hello")).await.status(), 503);
    let loaded = ana.request("/api/load_handoff").json(&json!({ "handoff": handoff })).send().await.expect("an answer");
    assert!(loaded.status().is_server_error(), "{}", loaded.status());
    assert!(!loaded.text().await.expect("a body").contains("pool"), "no inner words for people");
}

/// Everything that is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn logs_hold_no_secret_and_nothing_that_customers_said() {
    let log = Log::default();
    let filter = "info,babbage=trace,tower_http=debug,reqwest=debug,hyper=debug,hyper_util=debug,axum=debug,axum_login=debug,tower_sessions_core=debug";
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(log.clone()).finish();
    // For the whole process: what other tests make their desks say meanwhile must be as clean.
    tracing::subscriber::set_global_default(subscriber).expect("nothing else listens to the log");
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    desk.ada.knows_end_user("user-1", &json!({ "display_name": "Jane Private", "email": "jane@private.example" }));
    let handoff = desk.hand_off_with(json!({ "conversation_id": "c1", "account": "account-4711" })).await;
    ana.accept(handoff).await.expect("accepted");
    desk.tell(&event::message("c1", "m1", "my card number is 4242")).await;
    desk.ada.refuses("POST", "/messages", 500, "Internal error");
    ana.reply(handoff, "a private answer").await;
    desk.ada.until_called("POST", "/messages", 2).await;
    desk.ada.breaks("GET", "/messages", When::Before);
    ana.with_handoff("read_again", handoff).await.expect("asked");
    ana.change_metadata(handoff, &json!({ "order": "order-0815" })).await.expect("owed");
    desk.deliver("msg_odd", &json!({ "data": { "content": "unreadable but private" } })).await;
    desk.http.post(desk.url("/handoffs/start")).bearer_auth("a-wrong-key-of-somebody").send().await.expect("an answer");
    ana.sign_in("a wrong password of hers").await;
    ana.end(handoff, EndWay::ReturnToAi, "solved", "a private note").await.expect("asked");
    ana.until("it ended", handoff, |loaded| loaded.detail.summary.state == HandoffState::Ended).await;
    let log = String::from_utf8_lossy(&log.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned();
    assert!(log.contains("handoff started") && log.contains("Ada answered"), "the log is there: {log}");
    let cookie = ana.cookie().expect("a cookie");
    let session = cookie.split_once('=').expect("a cookie").1;
    for secret in [
        API_KEY,
        TRIGGER_KEY,
        &SECRET["whsec_".len()..],
        PASSWORD,
        session,
        "a wrong password",
        "a-wrong-key",
        "$argon2",
        "number is 4242",
        "a private",
        "jane@private",
        "Jane Private",
        "but private",
        "account-4711",
        "order-0815",
    ] {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret}");
    }
}
