//! A live channel that comes back: what a page does with it is decided by whoever listens.

use std::time::{Duration, Instant};

use babbage::live::frames::{FromBrowser, FromServer, HEARTBEAT, SILENCE};
use futures::{SinkExt, StreamExt};
use rand::Rng;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use tokio_util::sync::CancellationToken;

use super::journal::count;
use super::session::Session;

/// How long a connection may take to open.
const OPENING: Duration = Duration::from_secs(5);

/// A page's side of a channel.
pub trait Listener: Send {
    /// Gets ready for a new connection. Gives what is to be said first; nothing if it cannot be said yet.
    fn greet(&mut self) -> impl Future<Output = Option<FromBrowser>> + Send;

    /// Takes a frame in, and may answer.
    fn hear(&mut self, frame: FromServer) -> impl Future<Output = Option<FromBrowser>> + Send;
}

/// Keeps a channel open until `stop`.
pub async fn stay_connected(session: &Session, mut listener: impl Listener, stop: &CancellationToken) {
    let mut first = true;
    while !stop.is_cancelled() {
        if !first {
            count(&session.journal.counts.reconnects);
            let pause = Duration::from_millis(rand::rng().random_range(20..500));
            tokio::time::sleep(pause).await;
        }
        first = false;
        let Some(greeting) = listener.greet().await else { continue };
        if let Ok(Some(socket)) = tokio::time::timeout(OPENING, open(session)).await {
            converse(socket, greeting, &mut listener, stop).await;
        }
    }
}

async fn converse(
    mut socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    greeting: FromBrowser,
    listener: &mut impl Listener,
    stop: &CancellationToken,
) {
    let mut heartbeat = tokio::time::interval(HEARTBEAT);
    let mut heard = Instant::now();
    let mut say = Some(greeting);
    loop {
        if let Some(frame) = say.take() {
            let text = serde_json::to_string(&frame).expect("a frame");
            if socket.send(Message::text(text)).await.is_err() {
                return;
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            frame = socket.next() => match frame {
                Some(Ok(Message::Text(text))) => {
                    heard = Instant::now();
                    let frame: FromServer = serde_json::from_str(&text).expect("a frame that a browser can read");
                    if matches!(frame, FromServer::Bye { .. }) {
                        return;
                    }
                    say = listener.hear(frame).await;
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
            _ = heartbeat.tick() => {
                if heard.elapsed() > SILENCE {
                    return;
                }
                say = Some(FromBrowser::Heartbeat);
            }
        }
    }
}

async fn open(session: &Session) -> Option<WebSocketStream<MaybeTlsStream<TcpStream>>> {
    let mut request = format!("{}/live", session.base.replacen("http", "ws", 1)).into_client_request().ok()?;
    for (name, value) in [("cookie", &session.cookie), ("origin", &session.base)] {
        request.headers_mut().insert(name, value.parse().ok()?);
    }
    connect_async(request).await.ok().map(|(socket, _)| socket)
}
