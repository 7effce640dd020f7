//! A websocket as it lies on the wire.
//!
//! Like axum's own, but that what waits to be written stays small: the library's buffer grows to the largest frame that was ever written
//! and stays so large for as long as the connection lasts, and the lists of a busy day are hundreds of kilobytes. So a long text leaves
//! in fragments. Browsers put them together by themselves.

use std::time::Duration;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use futures::{SinkExt, StreamExt};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, Frame, Utf8Bytes};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

/// What a browser sends is tiny.
const READ_BUFFER: usize = 1024;
const MOST_FROM_BROWSER: usize = 16 * 1024;
/// The longest piece of a text, and how much is gathered before it is written.
const PIECE: usize = 2 * 1024;
/// How long a browser may take to read a piece.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why nothing more can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// The connection is gone.
    Gone,
    /// The browser does not read.
    Stalled,
}

/// What a browser said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Text(Utf8Bytes),
    /// A frame without meaning here.
    Other,
    /// The connection is over.
    End,
}

/// An open websocket.
#[derive(Debug)]
pub(super) struct Wire {
    socket: WebSocketStream<TokioIo<Upgraded>>,
}

/// A request that asks for a websocket.
#[derive(Debug)]
pub struct Upgrade {
    accept: HeaderValue,
    upgrade: OnUpgrade,
}

impl<S: Send + Sync> FromRequestParts<S> for Upgrade {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        const NONE: (StatusCode, &str) = (StatusCode::UPGRADE_REQUIRED, "this address is for websockets\n");
        let headers = &parts.headers;
        let asks = has_word(headers, &CONNECTION, "upgrade") && has_word(headers, &UPGRADE, "websocket");
        if !asks || headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
            return Err(NONE);
        }
        let accept = headers.get(SEC_WEBSOCKET_KEY).map(|key| derive_accept_key(key.as_bytes()));
        let accept = accept.and_then(|accept| HeaderValue::from_str(&accept).ok()).ok_or(NONE)?;
        let upgrade = parts.extensions.remove().ok_or(NONE)?;
        Ok(Self { accept, upgrade })
    }
}

impl Upgrade {
    /// Agrees, and hands the websocket over once it is open.
    pub(super) fn open<F: Future<Output = ()> + Send>(self, serve: impl FnOnce(Wire) -> F + Send + 'static) -> Response {
        tokio::spawn(async move {
            // A browser that left meanwhile is no fault.
            let Ok(upgraded) = self.upgrade.await else { return };
            let config = WebSocketConfig::default()
                .read_buffer_size(READ_BUFFER)
                .write_buffer_size(PIECE)
                .max_message_size(Some(MOST_FROM_BROWSER))
                .max_frame_size(Some(MOST_FROM_BROWSER));
            let socket = Box::pin(WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config))).await;
            serve(Wire { socket }).await;
        });
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, self.accept);
        response
    }
}

impl Wire {
    /// The next thing that the browser says. Giving up the wait loses nothing.
    pub(super) async fn hear(&mut self) -> Heard {
        match self.socket.next().await {
            Some(Ok(Message::Text(text))) => Heard::Text(text),
            Some(Ok(Message::Close(_)) | Err(_)) | None => Heard::End,
            Some(Ok(_)) => Heard::Other,
        }
    }

    /// Says something, soon: together with what follows, or with [`Self::flush`].
    pub(super) async fn say_soon(&mut self, text: &Utf8Bytes) -> Result<(), Broken> {
        for message in pieces(text) {
            patiently(self.socket.feed(message)).await?;
        }
        Ok(())
    }

    pub(super) async fn flush(&mut self) -> Result<(), Broken> {
        patiently(self.socket.flush()).await
    }

    pub(super) async fn close(&mut self, why: CloseFrame) -> Result<(), Broken> {
        patiently(self.socket.send(Message::Close(Some(why)))).await
    }
}

async fn patiently(sending: impl Future<Output = Result<(), Error>>) -> Result<(), Broken> {
    match tokio::time::timeout(PATIENCE, sending).await {
        Ok(sent) => sent.map_err(|_| Broken::Gone),
        Err(_) => Err(Broken::Stalled),
    }
}

/// A text as it leaves: whole, or in fragments. They may be cut within a letter: only the whole is text.
fn pieces(text: &Utf8Bytes) -> impl Iterator<Item = Message> + '_ {
    let count = text.len().div_ceil(PIECE).max(1);
    (0..count).map(move |number| {
        if count == 1 {
            return Message::Text(text.clone());
        }
        let bytes = AsRef::<[u8]>::as_ref(text);
        let end = ((number + 1) * PIECE).min(bytes.len());
        let opcode = OpCode::Data(if number == 0 { Data::Text } else { Data::Continue });
        Message::Frame(Frame::message(bytes[number * PIECE..end].to_vec(), opcode, number + 1 == count))
    })
}

/// Whether a header that is a list of words has this one, in any spelling of its case.
fn has_word(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|found| found.trim().eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_leaves_whole_or_in_pieces_that_are_the_whole() {
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, PIECE * 2, PIECE * 100 + 7] {
            let text = Utf8Bytes::from("é".repeat(length.div_ceil(2)));
            let messages: Vec<_> = pieces(&text).collect();
            let mut whole = Vec::new();
            for (number, message) in messages.iter().enumerate() {
                match message {
                    Message::Text(text) => {
                        assert_eq!(messages.len(), 1);
                        whole.extend_from_slice(AsRef::<[u8]>::as_ref(text));
                    }
                    Message::Frame(frame) => {
                        let header = frame.header();
                        assert_eq!(header.is_final, number + 1 == messages.len());
                        assert_eq!(header.opcode == OpCode::Data(Data::Text), number == 0);
                        assert!(frame.payload().len() <= PIECE);
                        whole.extend_from_slice(frame.payload());
                    }
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!(whole, AsRef::<[u8]>::as_ref(&text));
        }
    }
}
