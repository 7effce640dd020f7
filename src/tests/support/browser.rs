//! A browser of somebody: it keeps one cookie and calls server functions as pages do.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use babbage::model::change::{DeskSnapshot, HandoffSnapshot};
use babbage::model::handoff::{EndWay, HandoffDetail, ReadState};
use babbage::model::ids::{HandoffId, MessageId};
use babbage::model::message::{Content, Message};
use babbage::model::person::Person;
use babbage::model::problem::Problem;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{BrowserSocket, PATIENCE, TestDesk};

/// Somebody's browser.
pub struct Browser {
    pub me: Person,
    pub base: String,
    pub origin: String,
    http: reqwest::Client,
    cookie: Mutex<Option<String>>,
}

impl Browser {
    /// Not signed in yet.
    pub fn new(desk: &TestDesk, me: Person) -> Self {
        Self { me, base: desk.url(""), origin: desk.origin.clone(), http: desk.http.clone(), cookie: Mutex::new(None) }
    }

    /// The same browser at another server of the desk, as behind a load balancer.
    pub fn at(&self, base: String) -> Self {
        let cookie = Mutex::new(self.cookie());
        Self { me: self.me.clone(), base, origin: self.origin.clone(), http: self.http.clone(), cookie }
    }

    /// Sends the form of the sign-in page.
    pub async fn sign_in(&self, password: &str) -> reqwest::Response {
        let email = self.me.email.replace('@', "%40");
        let form = format!("email={email}&password={}", password.replace(' ', "+"));
        let request = self.request("/api/sign_in").header("content-type", "application/x-www-form-urlencoded").body(form);
        self.keep_cookie(request.send().await.expect("the desk answers"))
    }

    pub async fn sign_out(&self) {
        let request = self.request("/api/sign_out").header("content-type", "application/x-www-form-urlencoded");
        let answer = self.keep_cookie(request.send().await.expect("the desk answers"));
        assert!(answer.status().is_success(), "signing out gave {}", answer.status());
    }

    /// A request as this browser sends it, with cookie and Origin.
    pub fn request(&self, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.post(format!("{}{path}", self.base)).header("origin", &self.origin).header("accept", "application/json");
        match self.cookie() {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        }
    }

    /// The cookie as it is sent back.
    pub fn cookie(&self) -> Option<String> {
        self.cookie.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A server function: its answer, or its problem.
    pub async fn call<T: DeserializeOwned>(&self, verb: &str, arguments: &Value) -> Result<T, Problem> {
        let answer = self.request(&format!("/api/{verb}")).json(arguments).send().await.expect("the desk answers");
        let status = answer.status();
        let body = answer.text().await.expect("a body");
        if status.is_success() {
            return Ok(serde_json::from_str(&body).unwrap_or_else(|error| panic!("{verb} answered {body}: {error}")));
        }
        let problem: Problem = serde_json::from_str(&body).unwrap_or_else(|error| panic!("{verb} answered {status} {body}: {error}"));
        assert_eq!(status.as_u16(), problem.status(), "{verb}: {problem:?}");
        Err(problem)
    }

    pub async fn accept(&self, handoff: HandoffId) -> Result<(), Problem> {
        self.call("accept_handoff", &json!({ "handoff": handoff })).await
    }

    pub async fn desk(&self) -> DeskSnapshot {
        self.call("load_desk", &json!({})).await.expect("the lists")
    }

    pub async fn load(&self, handoff: HandoffId) -> Result<HandoffSnapshot, Problem> {
        self.call("load_handoff", &json!({ "handoff": handoff })).await
    }

    /// Sends a text under a new id.
    pub async fn reply(&self, handoff: HandoffId, body: &str) -> MessageId {
        let id = MessageId::new();
        self.reply_as(handoff, id, body).await.expect("the reply is stored");
        id
    }

    pub async fn reply_as(&self, handoff: HandoffId, id: MessageId, body: &str) -> Result<(), Problem> {
        self.call("send_reply", &json!({ "handoff": handoff, "id": id, "body": body })).await
    }

    pub async fn end(&self, handoff: HandoffId, way: EndWay, outcome: &str, note: &str) -> Result<(), Problem> {
        self.call("end_handoff", &json!({ "handoff": handoff, "way": way, "outcome": outcome, "note": note })).await
    }

    pub async fn change_metadata(&self, handoff: HandoffId, patch: &Value) -> Result<(), Problem> {
        self.call("change_metadata", &json!({ "handoff": handoff, "patch": patch })).await
    }

    /// A verb that takes a handoff and nothing else.
    pub async fn with_handoff(&self, verb: &str, handoff: HandoffId) -> Result<(), Problem> {
        self.call(verb, &json!({ "handoff": handoff })).await
    }

    /// A verb about one reply.
    pub async fn with_reply(&self, verb: &str, handoff: HandoffId, id: MessageId) -> Result<(), Problem> {
        self.call(verb, &json!({ "handoff": handoff, "id": id })).await
    }

    /// Loads the handoff until it looks right.
    pub async fn until(&self, what: &str, handoff: HandoffId, look: impl Fn(&HandoffSnapshot) -> bool) -> HandoffSnapshot {
        let started = Instant::now();
        loop {
            let snapshot = self.load(handoff).await.expect("the handoff");
            if look(&snapshot) {
                return snapshot;
            }
            assert!(started.elapsed() < PATIENCE, "waited for: {what}; last seen {snapshot:#?}");
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    }

    /// Loads the handoff until all reads from Ada have come to an end, good or bad.
    pub async fn until_read(&self, handoff: HandoffId) -> HandoffSnapshot {
        let over = |state: &ReadState| !matches!(state, ReadState::NotAsked | ReadState::Loading);
        let all = |detail: &HandoffDetail| over(&detail.transcript_read) && over(&detail.metadata_read) && over(&detail.end_user_read);
        self.until("all is read", handoff, |loaded| all(&loaded.detail)).await
    }

    /// Loads the handoff until this reply has the state.
    pub async fn until_reply(&self, handoff: HandoffId, id: MessageId, what: &str, look: impl Fn(&Message) -> bool) -> Message {
        let right = |snapshot: &HandoffSnapshot| snapshot.messages.iter().any(|message| message.id == id && look(message));
        let snapshot = self.until(what, handoff, right).await;
        snapshot.messages.into_iter().find(|message| message.id == id).expect("just seen")
    }

    /// The live channel.
    pub async fn open_socket(&self) -> BrowserSocket {
        BrowserSocket::open(self).await
    }

    fn keep_cookie(&self, answer: reqwest::Response) -> reqwest::Response {
        let set = answer.headers().get("set-cookie").and_then(|value| value.to_str().ok());
        if let Some(cookie) = set.and_then(|set| set.split(';').next()) {
            *self.cookie.lock().unwrap_or_else(PoisonError::into_inner) = Some(cookie.to_owned());
        }
        answer
    }
}

/// The texts of a transcript, first to last.
pub fn texts(messages: &[Message]) -> Vec<&str> {
    messages
        .iter()
        .map(|message| match &message.content {
            Content::Text { body } => body.as_str(),
            _ => "(no text)",
        })
        .collect()
}
