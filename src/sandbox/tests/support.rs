//! A sandbox on a port of its own, and a desk that only writes down what it receives.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::post;
use reqwest::Method;
use serde_json::{Value, json};
use svix::webhooks::Webhook;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};

use crate::sandbox::{Config, serve};

const SECRET: &str = "whsec_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB";
pub const API_KEY: &str = "api-key-of-the-test";
pub const TRIGGER_KEY: &str = "trigger-key-of-the-test";
pub const LABEL: &str = "acme-desk";
pub const DOMAIN: &str = "acme.ada.support";

/// How long a test waits for anything.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running sandbox together with its desk.
pub struct Ada {
    pub base: String,
    pub desk: Desk,
    pub http: reqwest::Client,
    _stop: oneshot::Sender<()>,
}

/// Authorization header and body of one trigger call.
pub type TriggerCall = (Option<String>, Value);

/// What the desk received and how it shall answer.
#[derive(Clone)]
pub struct Desk {
    received: watch::Sender<Vec<Received>>,
    /// Signatures that were refused.
    refused: watch::Sender<usize>,
    answers: Arc<Mutex<VecDeque<StatusCode>>>,
    triggers: Arc<Mutex<Vec<TriggerCall>>>,
    trigger_answer: Arc<Mutex<StatusCode>>,
}

/// One verified webhook.
#[derive(Clone, Debug)]
pub struct Received {
    pub svix_id: String,
    pub timestamp: i64,
    pub event: Value,
    /// `svix` or `webhook`: how its headers were called.
    pub names: &'static str,
    /// How many signatures it carried.
    pub signatures: usize,
}

/// Status and body of an answer.
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Ada {
    /// A sandbox whose AI agent never gets round to speaking, so that every message is the test's own.
    pub async fn quiet() -> Self {
        Self::with(|config| config.reply_delay = Duration::from_secs(3_600)).await
    }

    /// A sandbox whose AI agent answers at once.
    pub async fn talkative() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let desk = Desk {
            received: watch::Sender::default(),
            refused: watch::Sender::default(),
            answers: Arc::default(),
            triggers: Arc::default(),
            trigger_answer: Arc::new(Mutex::new(StatusCode::OK)),
        };
        let address = desk.open().await;
        let mut config = Config {
            api_key: API_KEY.to_owned(),
            domain: DOMAIN.to_owned(),
            integration: LABEL.to_owned(),
            webhook_url: format!("http://{address}/webhook"),
            webhook_secret: SECRET.to_owned(),
            trigger_url: format!("http://{address}/trigger"),
            trigger_key: TRIGGER_KEY.to_owned(),
            retry_scale: 0.001,
            reply_delay: Duration::ZERO,
            ..Config::default()
        };
        change(&mut config);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(serve(config, listener, async {
            let _ = stopped.await;
        }));
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { base, desk, http, _stop: stop }
    }

    /// A call of the Conversations API, with the key; `path` begins after `/api/v2/`.
    pub async fn api(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let request = self.http.request(method, format!("{}/api/v2/{path}", self.base));
        send(request.bearer_auth(API_KEY), body).await
    }

    /// A call of the sandbox's own API; `path` begins after `/sandbox/`.
    pub async fn play(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        send(self.http.request(method, format!("{}/sandbox/{path}", self.base)), body).await
    }

    /// A new conversation of the web chat.
    pub async fn chat(&self) -> String {
        self.chat_on("chat").await
    }

    pub async fn chat_on(&self, channel: &str) -> String {
        let body = json!({ "name": "Jane Doe", "email": "jane@example.com", "language": "fr", "topic": "billing", "channel": channel });
        let made = self.play(Method::POST, "conversations", Some(body)).await;
        assert_eq!(made.status, 201, "{}", made.body);
        text(&made.body["conversation_id"])
    }

    /// A conversation in a handoff that no person has joined.
    pub async fn handed_off(&self) -> String {
        let id = self.chat().await;
        self.ask(&id).await;
        id
    }

    /// The customer asks for a person and gets in line.
    pub async fn ask(&self, id: &str) {
        let asked = self.play(Method::POST, &format!("conversations/{id}/ask-person"), None).await;
        assert_eq!(asked.body["state"], "handoff", "{}", asked.body);
    }

    /// Switches faults on, beside those that are on already.
    pub async fn faults(&self, faults: Value) {
        let switched = self.play(Method::PATCH, "faults", Some(faults)).await;
        assert_eq!(switched.status, 200, "{}", switched.body);
    }

    /// The state of the faults as soon as nothing is under way.
    pub async fn settled(&self) -> Value {
        let look = async {
            loop {
                let state = self.play(Method::GET, "faults/state", None).await.body;
                if state["pending_deliveries"] == 0 {
                    return state;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, look).await.expect("quiet in time")
    }

    pub async fn ledger(&self) -> Value {
        self.play(Method::GET, "ledger", None).await.body
    }

    /// A person writes.
    pub async fn reply(&self, id: &str, body: &str) -> Answer {
        self.api(Method::POST, &format!("conversations/{id}/messages/"), Some(human(body))).await
    }

    pub async fn say(&self, id: &str, words: &str) -> String {
        let path = format!("conversations/{id}/say");
        let said = self.play(Method::POST, &path, Some(json!({ "text": words }))).await;
        assert_eq!(said.status, 201, "{}", said.body);
        text(&said.body["message_id"])
    }

    /// The customer sends a file; its link.
    pub async fn file(&self, id: &str) -> String {
        let part = reqwest::multipart::Part::bytes(b"words".to_vec()).file_name("a.txt").mime_str("text/plain").expect("a type");
        let form = reqwest::multipart::Form::new().part("file", part);
        let sent = self.http.post(format!("{}/sandbox/conversations/{id}/file", self.base)).multipart(form).send();
        let body: Value = sent.await.expect("an answer").json().await.expect("JSON");
        text(&body["url"])
    }

    pub async fn state(&self, id: &str) -> Value {
        self.play(Method::GET, &format!("conversations/{id}"), None).await.body
    }

    /// The conversation's state as soon as it is as wanted.
    pub async fn state_when(&self, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let look = async {
            loop {
                let state = self.state(id).await;
                if wanted(&state) {
                    return state;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, look).await.expect("the state in time")
    }

    /// The log's entry for the first event of this type, as soon as it is as wanted.
    pub async fn delivery_when(&self, kind: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let look = async {
            loop {
                let found = self.play(Method::GET, &format!("deliveries?type={kind}"), None).await;
                if wanted(&found.body["deliveries"][0]) {
                    return found.body["deliveries"][0].clone();
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, look).await.expect("the delivery in time")
    }
}

impl Desk {
    /// The next webhooks are answered with these, then with 200 again.
    pub fn answer_with(&self, statuses: &[StatusCode]) {
        self.answers.lock().expect("lock").extend(statuses);
    }

    pub fn answer_triggers_with(&self, status: StatusCode) {
        *self.trigger_answer.lock().expect("lock") = status;
    }

    /// How many signatures were refused so far.
    pub fn refused(&self) -> usize {
        *self.refused.borrow()
    }

    /// Every trigger call so far.
    pub fn triggers(&self) -> Vec<TriggerCall> {
        self.triggers.lock().expect("lock").clone()
    }

    /// What arrived so far.
    pub fn received(&self) -> Vec<Received> {
        self.received.borrow().clone()
    }

    /// What arrived so far, as soon as it is as wanted.
    pub async fn received_when(&self, wanted: impl Fn(&[Received]) -> bool) -> Vec<Received> {
        let mut receiver = self.received.subscribe();
        let arrived = tokio::time::timeout(PATIENCE, receiver.wait_for(|all| wanted(all))).await;
        arrived.expect("webhooks in time").expect("a desk").clone()
    }

    /// The first event that fits.
    pub async fn event(&self, fits: impl Fn(&Value) -> bool) -> Value {
        let all = self.received_when(|all| all.iter().any(|one| fits(&one.event))).await;
        all.into_iter().map(|one| one.event).find(fits).expect("just seen")
    }

    /// The event of this message.
    pub async fn message(&self, id: &str) -> Value {
        self.event(|event| event["data"]["message_id"] == id).await
    }

    /// The first event of this type.
    pub async fn of_type(&self, kind: &str) -> Value {
        self.event(|event| event["type"] == kind).await
    }

    async fn open(&self) -> std::net::SocketAddr {
        let router = Router::new().route("/webhook", post(receive)).route("/trigger", post(trigger)).with_state(self.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }
}

/// Verifies, writes down, answers as told. A bad signature is never written down, so the test will miss it.
async fn receive(State(desk): State<Desk>, headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    let verified = Webhook::new(SECRET).expect("a secret").verify(&body, &headers);
    if verified.is_err() {
        desk.refused.send_modify(|count| *count += 1);
        return (StatusCode::BAD_REQUEST, [("x-test", "bad signature")]);
    }
    let names = if headers.contains_key("svix-id") { "svix" } else { "webhook" };
    let header = |name: &str| headers[&format!("{names}-{name}")].to_str().expect("text").to_owned();
    let received = Received {
        svix_id: header("id"),
        timestamp: header("timestamp").parse().expect("seconds"),
        names,
        signatures: header("signature").split(' ').count(),
        event: serde_json::from_slice(&body).expect("JSON"),
    };
    desk.received.send_modify(|all| all.push(received));
    let status = desk.answers.lock().expect("lock").pop_front().unwrap_or(StatusCode::OK);
    if status == StatusCode::GONE {
        return (status, [("webhook-delivery", "abort-message")]);
    }
    (status, [("location", "/webhook")])
}

async fn trigger(State(desk): State<Desk>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let key = headers.get("authorization").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = serde_json::from_slice(&body).expect("JSON");
    desk.triggers.lock().expect("lock").push((key, body));
    *desk.trigger_answer.lock().expect("lock")
}

/// A person's message.
pub fn human(body: &str) -> Value {
    json!({ "author": { "role": "human_agent", "display_name": "Priya" }, "content": { "type": "text", "body": body } })
}

/// A JSON string as text.
pub fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

/// Asserts the shape of Ada's errors; answers with the error.
pub fn error(answer: &Answer, status: u16) -> Value {
    assert_eq!(answer.status, status, "{}", answer.body);
    let errors = answer.body["errors"].as_array().expect("errors");
    assert_eq!(errors.len(), 1);
    assert!(errors[0]["type"].is_string() && errors[0]["message"].is_string());
    errors[0].clone()
}

async fn send(request: reqwest::RequestBuilder, body: Option<Value>) -> Answer {
    let request = match body {
        Some(body) => request.json(&body),
        None => request,
    };
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let body = answer.json().await.unwrap_or_default();
    Answer { status, body }
}
