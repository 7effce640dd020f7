//! Ada, played over HTTP: conversations with messages, a record of every request, and faults on request.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::Router;
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;

use super::{PATIENCE, ada_routes, event};

/// A request that Ada got.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    /// Without the query.
    pub path: String,
    pub query: String,
    pub body: Value,
    pub authorization: String,
    /// When it came.
    pub at: Instant,
}

impl Seen {
    fn is(&self, method: &str, end: &str) -> bool {
        self.method == method && self.path.trim_end_matches('/').ends_with(end.trim_end_matches('/'))
    }
}

/// Whether a fault strikes before Ada has done what was asked, or after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Before,
    After,
}

/// What goes wrong with one call.
pub enum Fault {
    /// Another answer.
    Answer { status: u16, headers: Vec<(&'static str, String)>, body: Value },
    /// The connection breaks off without an answer.
    Break,
    /// The answer waits until the test lets it go.
    Hold(Gate),
}

/// Holds an answer back.
#[derive(Clone)]
pub struct Gate {
    reached: watch::Sender<bool>,
    open: watch::Sender<bool>,
}

impl Gate {
    fn new() -> Self {
        Self { reached: watch::Sender::new(false), open: watch::Sender::new(false) }
    }

    /// The call is there and waits.
    pub async fn reached(&self) {
        let mut reached = self.reached.subscribe();
        tokio::time::timeout(PATIENCE, reached.wait_for(|reached| *reached)).await.expect("the call to Ada came").expect("a gate");
    }

    /// Lets the answer go.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    pub(super) async fn pass(&self) {
        self.reached.send_replace(true);
        let mut open = self.open.subscribe();
        let _ = open.wait_for(|open| *open).await;
    }
}

pub(super) struct Planned {
    method: &'static str,
    end: String,
    pub when: When,
    pub fault: Fault,
}

/// A conversation at Ada.
#[derive(Clone, Debug, Default)]
pub struct Conversation {
    pub messages: Vec<Value>,
    pub metadata: serde_json::Map<String, Value>,
    pub with_people: bool,
    pub ended: bool,
}

#[derive(Default)]
pub(super) struct State {
    pub conversations: BTreeMap<String, Conversation>,
    pub end_users: BTreeMap<String, Value>,
    pub page_size: usize,
    /// Stands in for the address of the next page.
    pub next_page: Option<String>,
    /// Lists name a reply otherwise than the answer to its POST did.
    pub renames: bool,
    pub posted: usize,
    seen: Vec<Seen>,
    planned: Vec<Planned>,
}

/// The server. Clones share it; it ends with its test's runtime.
#[derive(Clone)]
pub struct FakeAda {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
    count: watch::Sender<usize>,
    socket: Arc<Mutex<Option<TcpSocket>>>,
}

impl FakeAda {
    /// One that works.
    pub fn start() -> Self {
        let ada = Self::unreachable();
        ada.listen();
        ada
    }

    /// One with an address where nothing listens yet.
    pub fn unreachable() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
        let address = socket.local_addr().expect("an address");
        let state = State { page_size: 100, ..State::default() };
        Self { address, state: Arc::new(Mutex::new(state)), count: watch::Sender::new(0), socket: Arc::new(Mutex::new(Some(socket))) }
    }

    /// Begins to answer.
    pub fn listen(&self) {
        let socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner).take().expect("listens once");
        let listener: TcpListener = socket.listen(128).expect("it listens");
        let app = Router::new().fallback(ada_routes::answer).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.expect("Ada serves") });
    }

    pub fn base_url(&self) -> String {
        format!("http://{}/api", self.address)
    }

    /// A conversation is with people now, as after a trigger that was answered.
    pub fn hands_off(&self, conversation: &str) {
        let mut state = self.state();
        let conversation = state.conversations.entry(conversation.to_owned()).or_default();
        conversation.with_people = true;
    }

    /// Changes a conversation as things happen at Ada.
    pub fn change(&self, conversation: &str, change: impl FnOnce(&mut Conversation)) {
        change(self.state().conversations.entry(conversation.to_owned()).or_default());
    }

    /// A conversation is not known there any more.
    pub fn forgets(&self, conversation: &str) {
        self.state().conversations.remove(conversation);
    }

    /// How a conversation stands there.
    pub fn conversation(&self, conversation: &str) -> Conversation {
        self.state().conversations.get(conversation).cloned().unwrap_or_default()
    }

    /// What the customer has got from people, in order.
    pub fn replies(&self, conversation: &str) -> Vec<String> {
        let by_people = |message: &&Value| message["author"]["role"] == "human_agent";
        let messages = self.conversation(conversation).messages;
        messages.iter().filter(by_people).map(|message| message["content"]["body"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// An end user's profile.
    pub fn knows_end_user(&self, id: &str, profile: &Value) {
        self.state().end_users.insert(id.to_owned(), json!({ "end_user_id": id, "profile": profile }));
    }

    /// Pages of this size.
    pub fn pages_of(&self, size: usize) {
        self.state().page_size = size;
    }

    /// Every list says that it goes on there.
    pub fn next_page_is(&self, address: &str) {
        self.state().next_page = Some(address.to_owned());
    }

    /// Lists name replies otherwise than the answers to their POSTs.
    pub fn renames_replies(&self) {
        self.state().renames = true;
    }

    /// The next call of this kind goes wrong; several wait their turns.
    pub fn next(&self, method: &'static str, end: &str, when: When, fault: Fault) {
        self.state().planned.push(Planned { method, end: end.to_owned(), when, fault });
    }

    /// The next call of this kind gets an error of Ada's.
    pub fn refuses(&self, method: &'static str, end: &str, status: u16, message: &str) {
        let body = json!({ "errors": [{ "type": "refused_by_the_test", "message": message, "details": null }] });
        self.next(method, end, When::Before, Fault::Answer { status, headers: Vec::new(), body });
    }

    /// The next call of this kind breaks off without an answer.
    pub fn breaks(&self, method: &'static str, end: &str, when: When) {
        self.next(method, end, when, Fault::Break);
    }

    /// The next call of this kind waits.
    pub fn holds(&self, method: &'static str, end: &str, when: When) -> Gate {
        let gate = Gate::new();
        self.next(method, end, when, Fault::Hold(gate.clone()));
        gate
    }

    /// Every request so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.state().seen.clone()
    }

    /// The requests of one kind so far.
    pub fn calls(&self, method: &str, end: &str) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| seen.is(method, end)).collect()
    }

    /// Waits until there were this many requests of a kind.
    pub async fn until_called(&self, method: &str, end: &str, times: usize) -> Vec<Seen> {
        let mut count = self.count.subscribe();
        let waited = tokio::time::timeout(PATIENCE, count.wait_for(|_| self.calls(method, end).len() >= times)).await;
        assert!(waited.is_ok(), "Ada got {} of {times} {method} {end}: {:#?}", self.calls(method, end).len(), self.seen());
        self.calls(method, end)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a request, and gives the fault that is planned for it.
    pub(super) fn note(&self, seen: Seen) -> Option<Planned> {
        let mut state = self.state();
        let planned = state.planned.iter().position(|planned| seen.is(planned.method, &planned.end));
        let planned = planned.map(|at| state.planned.remove(at));
        state.seen.push(seen);
        drop(state);
        self.count.send_modify(|count| *count += 1);
        planned
    }
}

/// A row of a transcript, as Ada lists it.
pub fn row(id: &str, role: &str, body: &str, created_at: OffsetDateTime) -> Value {
    json!({
        "type": "message_logs",
        "message_id": id,
        "created_at": event::stamp(created_at),
        "author": { "id": null, "role": role, "avatar": null, "display_name": null },
        "content": { "type": "text", "body": body },
    })
}
