//! A server that gives prepared answers and remembers what it was asked.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::super::Client;
use super::client_at;

/// A request as it arrived.
#[derive(Clone)]
pub(super) struct Seen {
    /// Method and target in one, such as `GET /api/v2/…?limit=1`.
    pub(super) line: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

#[derive(Clone, Default)]
struct Shared {
    answers: Arc<Mutex<VecDeque<Response<Body>>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// The server; it stops when dropped.
pub(super) struct Fake {
    pub(super) address: SocketAddr,
    shared: Shared,
    task: JoinHandle<()>,
}

impl Fake {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
        let address = listener.local_addr().expect("address");
        let shared = Shared::default();
        let app = Router::new().fallback(answer).with_state(shared.clone());
        let task = tokio::spawn(async move { axum::serve(listener, app).await.expect("server") });
        Self { address, shared, task }
    }

    /// A server that gives this one answer.
    pub(super) async fn answering(status: u16, body: impl ToString) -> Self {
        let fake = Self::start().await;
        fake.answer(status, &[], body.to_string());
        fake
    }

    /// Prepares one more answer.
    pub(super) fn answer(&self, status: u16, headers: &[(&str, &str)], body: impl Into<Body>) {
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        self.shared.answers.lock().expect("lock").push_back(response.body(body.into()).expect("answer"));
    }

    pub(super) fn base(&self) -> String {
        format!("http://{}/api", self.address)
    }

    pub(super) fn client(&self) -> Client {
        client_at(&self.base())
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().expect("lock").clone()
    }

    /// The one request that came.
    pub(super) fn only(&self) -> Seen {
        let mut seen = self.seen();
        assert_eq!(seen.len(), 1, "requests: {:?}", seen.iter().map(|seen| seen.line.as_str()).collect::<Vec<_>>());
        seen.remove(0)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(shared): State<Shared>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 64 * 1024 * 1024).await.expect("body").to_vec();
    let line = format!("{} {}", parts.method, parts.uri);
    shared.seen.lock().expect("lock").push(Seen { line, headers: parts.headers, body });
    let prepared = shared.answers.lock().expect("lock").pop_front();
    prepared.unwrap_or_else(|| Response::builder().status(599).body(Body::from("nothing prepared")).expect("answer"))
}
