//! A page's live channel, as cheap as it gets: each frame is stamped, its change's number and its message's number are noted.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use babbage::live::frames::{FromBrowser, FromServer, HEARTBEAT};
use babbage::model::ids::HandoffId;
use futures::{SinkExt, StreamExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::clock;
use super::webhook;
use super::{Result, process};

/// Thousands of clients must not have 128 KiB each.
const READ_BUFFER: usize = 8 * 1024;

/// What was heard.
#[derive(Debug, Default)]
pub struct Heard {
    /// The last change's number.
    pub number: i64,
    /// Changes that did not follow on the one before.
    pub gaps: usize,
    pub resyncs: usize,
    pub closed: bool,
    /// The lists have come.
    pub desk: bool,
    /// The server said that everything up to now was sent.
    pub watching: bool,
    /// Messages by their number, and when they came.
    pub received: Vec<(usize, u64)>,
    /// Every change as it came, with its time, if they are to be kept.
    kept: Option<Vec<(u64, String)>>,
}

/// What to watch.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    pub handoff: HandoffId,
    /// The last change that the page has.
    pub after: i64,
}

/// An open channel.
pub struct Watcher {
    heard: Arc<Mutex<Heard>>,
    reading: JoinHandle<()>,
    pub watch: Option<Watch>,
}

impl Watcher {
    /// Opens it as a page does: asks for the lists, and watches.
    pub async fn open(address: SocketAddr, cookie: &str, watch: Option<Watch>, keep: bool) -> Result<Self> {
        let socket = connect(address, Some(cookie), None).await?;
        let mut say = vec![FromBrowser::Desk];
        say.extend(watch.map(|watch| FromBrowser::Watch { handoff: watch.handoff, after: watch.after }));
        Self::over(socket, &say, watch, keep).await
    }

    /// At the bare server, which says everything to everybody.
    pub async fn open_bare(address: SocketAddr) -> Result<Self> {
        Self::over(connect(address, None, None).await?, &[], None, false).await
    }

    async fn over(mut socket: WebSocketStream<TcpStream>, say: &[FromBrowser], watch: Option<Watch>, keep: bool) -> Result<Self> {
        for frame in say {
            socket.send(Message::text(serde_json::to_string(frame)?)).await?;
        }
        let number = watch.map_or(0, |watch| watch.after);
        let heard = Arc::new(Mutex::new(Heard { number, kept: keep.then(Vec::new), ..Heard::default() }));
        let reading = tokio::spawn(read(socket, heard.clone()));
        Ok(Self { heard, reading, watch })
    }

    pub fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was received since the last look.
    pub fn take(&self) -> Vec<(usize, u64)> {
        std::mem::take(&mut self.heard().received)
    }

    /// The changes that were kept, with the times at which they came.
    pub fn changes(&self) -> Result<Vec<(u64, FromServer)>> {
        let heard = self.heard();
        let kept = heard.kept.as_ref().ok_or("this watcher kept nothing")?;
        kept.iter().map(|(at, text)| Ok((*at, serde_json::from_str(text)?))).collect()
    }

    /// Waits until what was heard looks right; `false` if it does not in time.
    pub async fn until(&self, within: Duration, look: impl Fn(&Heard) -> bool) -> bool {
        let started = Instant::now();
        while !look(&self.heard()) {
            if started.elapsed() > within || self.reading.is_finished() {
                return look(&self.heard());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        true
    }

    /// Waits until the lists are there and the watch has caught up.
    pub async fn is_live(&self) -> Result<()> {
        let watches = self.watch.is_some();
        if self.until(process::PATIENCE, |heard| heard.desk && (heard.watching || !watches)).await {
            Ok(())
        } else {
            Err(format!("a live channel did not become live: {:?}", self.heard()).into())
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

async fn read(mut socket: WebSocketStream<TcpStream>, heard: Arc<Mutex<Heard>>) {
    let mut beat = tokio::time::interval(HEARTBEAT);
    loop {
        tokio::select! {
            frame = socket.next() => match frame {
                Some(Ok(Message::Text(text))) => hear(&heard, &text),
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                Some(Ok(_)) => {}
            },
            _ = beat.tick() => {
                let Ok(text) = serde_json::to_string(&FromBrowser::Heartbeat) else { break };
                if socket.send(Message::text(text)).await.is_err() {
                    break;
                }
            }
        }
    }
    heard.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
}

/// Looks only at what it must: a hundred thousand of these come in a second. The whole frames are read later, where they are kept.
fn hear(heard: &Mutex<Heard>, text: &str) {
    let at = clock::now();
    let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
    let kind = text.strip_prefix(r#"{"type":""#).and_then(|rest| rest.split('"').next()).unwrap_or_default();
    match kind {
        "change" => {
            let number = number_of(text).unwrap_or(-1);
            if number != heard.number + 1 {
                heard.gaps += 1;
            }
            heard.number = number;
            if text.contains(r#""kind":"message""#)
                && let Some(message) = webhook::number_in(text)
            {
                heard.received.push((message, at));
            }
            if let Some(kept) = &mut heard.kept {
                kept.push((at, text.to_owned()));
            }
        }
        "desk" => heard.desk = true,
        "watching" => heard.watching = true,
        "resync" => heard.resyncs += 1,
        _ => {}
    }
}

/// The change's own number, which stands before any other.
fn number_of(text: &str) -> Option<i64> {
    let (_, rest) = text.split_once(r#""number":"#)?;
    rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

/// Opens a websocket with a session's cookie. `receive` makes the kernel's own buffer for it that small.
pub async fn connect(address: SocketAddr, cookie: Option<&str>, receive: Option<u32>) -> Result<WebSocketStream<TcpStream>> {
    let socket = TcpSocket::new_v4()?;
    if let Some(bytes) = receive {
        socket.set_recv_buffer_size(bytes)?;
    }
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    let mut request = format!("ws://{address}/live").into_client_request()?;
    request.headers_mut().insert("origin", format!("http://{address}").parse()?);
    if let Some(cookie) = cookie {
        request.headers_mut().insert("cookie", cookie.parse()?);
    }
    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
    let (socket, _) = client_async_with_config(request, stream, Some(config)).await?;
    Ok(socket)
}
