//! The bare server, a process of its own: the same framework verifies and parses the same webhooks and says them to every websocket,
//! without a database, sessions, or rights. What the desk's promises cost is the distance to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use svix::webhooks::Webhook;
use tokio::net::TcpListener;
use tokio::sync::broadcast;

use super::Result;
use super::desk::SECRET;

#[derive(Clone)]
struct Bare {
    webhook: Arc<Webhook>,
    number: Arc<AtomicU64>,
    said: broadcast::Sender<Arc<str>>,
}

/// Serves at `BENCH_ADDRESS` until it is killed.
pub async fn serve() -> Result<()> {
    let listener = TcpListener::bind(std::env::var("BENCH_ADDRESS")?).await?;
    let bare = Bare { webhook: Arc::new(Webhook::new(SECRET)?), number: Arc::default(), said: broadcast::channel(8 * 1024).0 };
    let app = Router::new().route("/webhooks/message", post(receive)).route("/live", get(open)).with_state(bare);
    Ok(axum::serve(listener, app).await?)
}

async fn receive(State(bare): State<Bare>, headers: HeaderMap, body: Bytes) -> Result<&'static str, StatusCode> {
    bare.webhook.verify(&body, &headers).map_err(|_| StatusCode::UNAUTHORIZED)?;
    let event: serde_json::Value = serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    if bare.said.receiver_count() > 0 {
        let number = bare.number.fetch_add(1, Ordering::Relaxed) + 1;
        // As long as the desk's own frame, and read the same way.
        let text = format!(r#"{{"type":"change","number":{number},"kind":"message","message":{}}}"#, event["data"]);
        let _ = bare.said.send(Arc::from(text));
    }
    Ok(r#"{"status":"ok"}"#)
}

async fn open(State(bare): State<Bare>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.read_buffer_size(2 * 1024).on_upgrade(move |socket| say(socket, bare.said.subscribe()))
}

async fn say(mut socket: WebSocket, mut said: broadcast::Receiver<Arc<str>>) {
    while let Ok(text) = said.recv().await {
        if socket.send(Message::text(&*text)).await.is_err() {
            return;
        }
    }
}
