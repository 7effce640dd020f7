//! Ada, as little of her as the rows need: she stamps every request the moment it is there, and misbehaves on request.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::Result;
use super::clock;
use super::webhook::stamp;

/// A request, as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    /// When its last byte was there.
    pub at: u64,
    /// When the answer left.
    pub answered: u64,
    /// The text, for a reply.
    pub reply: Option<String>,
}

/// What goes wrong with one reply.
#[derive(Clone, Copy, Debug)]
enum Fault {
    ErrorBefore,
    ErrorAfter,
    BreakBefore,
    BreakAfter,
    GarbageAfter,
}

const FAULTS: [Fault; 5] = [Fault::ErrorBefore, Fault::ErrorAfter, Fault::BreakBefore, Fault::BreakAfter, Fault::GarbageAfter];

/// A reply that Ada has, to be shown back to the desk in a webhook.
pub struct Shown {
    pub conversation: String,
    pub message: Value,
}

struct Inner {
    messages: HashMap<String, Vec<Value>>,
    seen: Vec<Seen>,
    /// The share of replies that meet a fault.
    share: f64,
    random: rand::rngs::StdRng,
    faults: usize,
    /// Answers 429 to the next replies, each with this `Retry-After`.
    refusals: VecDeque<Option<String>>,
    echoes: Option<mpsc::UnboundedSender<Shown>>,
}

/// The server. Clones share it.
#[derive(Clone)]
pub struct FakeAda {
    pub address: SocketAddr,
    inner: Arc<Mutex<Inner>>,
}

impl FakeAda {
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let inner = Inner {
            messages: HashMap::new(),
            seen: Vec::new(),
            share: 0.0,
            random: rand::rngs::StdRng::seed_from_u64(14),
            faults: 0,
            refusals: VecDeque::new(),
            echoes: None,
        };
        let ada = Self { address: listener.local_addr()?, inner: Arc::new(Mutex::new(inner)) };
        let app = Router::new().fallback(answer).with_state(ada.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(ada)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on this share of the replies meets a fault that does not tell what was done.
    pub fn misbehaves(&self, share: f64) {
        self.inner().share = share;
    }

    /// How many faults there were.
    pub fn faults(&self) -> usize {
        self.inner().faults
    }

    /// The next reply is answered 429 with this `Retry-After`.
    pub fn refuses(&self, retry_after: Option<String>) {
        self.inner().refusals.push_back(retry_after);
    }

    /// Replies that Ada has, to be shown back.
    pub fn echoes(&self) -> mpsc::UnboundedReceiver<Shown> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.inner().echoes = Some(sender);
        receiver
    }

    /// Every request so far, in order of arrival.
    pub fn seen(&self) -> Vec<Seen> {
        let mut seen = self.inner().seen.clone();
        seen.sort_by_key(|seen| seen.at);
        seen
    }

    pub fn count(&self) -> usize {
        self.inner().seen.len()
    }

    /// The texts that a customer has got, in order.
    pub fn replies(&self, conversation: &str) -> Vec<String> {
        let inner = self.inner();
        let messages = inner.messages.get(conversation).map(Vec::as_slice).unwrap_or_default();
        messages.iter().map(|message| message["content"]["body"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

async fn answer(State(ada): State<FakeAda>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1024 * 1024).await.unwrap_or_default();
    let at = clock::now();
    let path = parts.uri.path().trim_start_matches("/api/v2/").trim_end_matches('/');
    let segments: Vec<&str> = path.split('/').collect();
    let mut inner = ada.inner();
    let (response, reply) = match (parts.method.as_str(), segments.as_slice()) {
        ("POST", ["conversations", id, "messages"]) => {
            let said: Value = serde_json::from_slice(&body).unwrap_or_default();
            let text = said["content"]["body"].as_str().unwrap_or_default().to_owned();
            (reply(&mut inner, id, &said), Some(text))
        }
        ("GET", ["conversations", id, "messages"]) => {
            let messages = inner.messages.get(*id).cloned().unwrap_or_default();
            (say(200, &json!({ "data": messages, "meta": { "next_page_url": null } })), None)
        }
        ("GET" | "PATCH", ["conversations", id]) => (say(200, &json!({ "id": id, "status": "active", "metadata": {} })), None),
        ("GET", ["end-users", id]) => (say(200, &json!({ "end_user_id": id, "profile": { "first_name": "Jane" } })), None),
        _ => (say(200, &json!({})), None),
    };
    inner.seen.push(Seen { at, answered: clock::now(), reply });
    response
}

fn reply(inner: &mut Inner, conversation: &str, said: &Value) -> Response {
    if let Some(retry_after) = inner.refusals.pop_front() {
        let mut response = say(429, &json!({ "errors": [{ "type": "rate_limit", "message": "Too many requests", "details": null }] }));
        if let Some(value) = retry_after.and_then(|value| value.parse().ok()) {
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
        return response;
    }
    let share = inner.share;
    let fault = (share > 0.0 && inner.random.random_bool(share)).then(|| FAULTS[inner.random.random_range(0..FAULTS.len())]);
    inner.faults += usize::from(fault.is_some());
    match fault {
        Some(Fault::ErrorBefore) => return say(500, &json!({})),
        Some(Fault::BreakBefore) => return broken(),
        _ => {}
    }
    let messages = inner.messages.entry(conversation.to_owned()).or_default();
    let id = format!("{conversation}-sent-{}", messages.len());
    let now = stamp(OffsetDateTime::now_utc()).unwrap_or_default();
    let (author, content) = (&said["author"], &said["content"]);
    let message = json!({ "type": "message_logs", "message_id": id, "created_at": now, "author": author, "content": content });
    messages.push(message.clone());
    if let Some(echoes) = &inner.echoes {
        let _ = echoes.send(Shown { conversation: conversation.to_owned(), message });
    }
    match fault {
        Some(Fault::ErrorAfter) => say(500, &json!({})),
        Some(Fault::BreakAfter) => broken(),
        Some(Fault::GarbageAfter) => (StatusCode::CREATED, "<html>created</html>").into_response(),
        _ => say(
            201,
            &json!({ "id": id, "conversation_id": conversation, "author": author, "content": content, "created_at": now, "updated_at": now }),
        ),
    }
}

fn say(status: u16, body: &Value) -> Response {
    (StatusCode::from_u16(status).unwrap_or(StatusCode::OK), axum::Json(body)).into_response()
}

/// The connection breaks off within the answer.
fn broken() -> Response {
    let stream = futures::stream::once(async { Err::<Vec<u8>, _>(std::io::Error::other("broken on purpose")) });
    let response = Response::builder().status(201).header(header::CONTENT_LENGTH, 500).body(Body::from_stream(stream));
    response.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}
