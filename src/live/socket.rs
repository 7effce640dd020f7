//! `GET /live`: one websocket of one page.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket, WebSocketUpgrade, close_code};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::sync::broadcast;
use tokio::time::Instant;

use super::frames::{Bye, FromBrowser, FromServer, HEARTBEAT, SILENCE};
use super::hub::{self, ListEntry, Stream};
use crate::bus::{self, Wake};
use crate::model::handoff::HandoffSummary;
use crate::model::ids::HandoffId;
use crate::model::person::Person;
use crate::people::may::{self, Action, Facts};
use crate::people::session::{Caller, Visit};
use crate::server::security;
use crate::server::state::AppState;
use crate::store;

/// tungstenite would set 128 KiB aside for reading on each connection; frames from browsers are tiny.
const READ_BUFFER: usize = 2 * 1024;
const MOST_FROM_BROWSER: usize = 16 * 1024;
/// What may wait in a connection before a browser that does not read is cut off. Sends wait for the network, so this only bounds one frame.
const WRITE_BUFFER: usize = 1024 * 1024;
/// How long a browser may take to read one frame.
const PATIENCE: Duration = Duration::from_secs(20);
/// How many changes are read at once when a browser catches up.
const CATCH_UP: i64 = 500;
/// How far behind a browser is better served by a fresh snapshot.
const TOO_FAR: i64 = 5_000;
/// How often a session is looked at even if nobody says that it ended.
const RECHECK: Duration = Duration::from_secs(60);

/// Opens the live channel for a signed-in person.
pub async fn open_live(State(state): State<AppState>, headers: HeaderMap, caller: Caller, upgrade: WebSocketUpgrade) -> Response {
    if !security::same_origin(&headers, &state.config.allowed_origins()) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let Some((person, visit)) = caller.person().zip(caller.visit()) else { return StatusCode::UNAUTHORIZED.into_response() };
    upgrade
        .read_buffer_size(READ_BUFFER)
        .max_message_size(MOST_FROM_BROWSER)
        .max_frame_size(MOST_FROM_BROWSER)
        .max_write_buffer_size(WRITE_BUFFER)
        .on_upgrade(move |socket| async move {
            let lists = state.hub.lists();
            Connection { socket, person, visit, lists, desk: false, listed: HashSet::new(), watched: None, state }.run().await;
        })
}

/// What a page watches.
struct Watched {
    handoff: HandoffId,
    /// The last change that was sent.
    number: i64,
    stream: Arc<Stream>,
    head: tokio::sync::watch::Receiver<i64>,
}

struct Connection {
    state: AppState,
    socket: WebSocket,
    person: Person,
    visit: Visit,
    lists: broadcast::Receiver<ListEntry>,
    desk: bool,
    /// What this page's lists hold, so that it also hears of what leaves them.
    listed: HashSet<HandoffId>,
    watched: Option<Watched>,
}

/// Why a connection is over.
enum Over {
    /// The browser is gone, or does not answer.
    Gone,
    Close(Bye),
}

impl From<axum::Error> for Over {
    fn from(_: axum::Error) -> Self {
        Self::Gone
    }
}

impl Connection {
    async fn run(mut self) {
        let _present = self.state.hub.arrive(self.person.id);
        if let Err(error) = store::people::seen(&self.state.pool, &[self.person.id]).await {
            tracing::warn!(%error, "could not note who is there");
        }
        let Err(over) = self.serve().await;
        if let Over::Close(reason) = over {
            let _ = self.send(&FromServer::Bye { reason }).await;
            let code = if reason == Bye::Restarting { close_code::RESTART } else { close_code::POLICY };
            let close = Frame::Close(Some(CloseFrame { code, reason: "".into() }));
            let _ = tokio::time::timeout(PATIENCE, self.socket.send(close)).await;
        }
    }

    async fn serve(&mut self) -> Result<std::convert::Infallible, Over> {
        let mut wakes = self.state.bus.listen();
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        let mut recheck = tokio::time::interval_at(Instant::now() + RECHECK, RECHECK);
        let mut heard = Instant::now();
        let stop = self.state.stop.clone();
        loop {
            tokio::select! {
                () = stop.cancelled() => return Err(Over::Close(Bye::Restarting)),
                frame = self.socket.recv() => {
                    heard = Instant::now();
                    match frame {
                        Some(Ok(Frame::Text(text))) => self.hear(&text).await?,
                        Some(Ok(Frame::Close(_)) | Err(_)) | None => return Err(Over::Gone),
                        Some(Ok(_)) => {}
                    }
                }
                () = more(&mut self.watched) => self.catch_up().await?,
                entry = self.lists.recv(), if self.desk => match entry {
                    Ok(entry) => self.list(&entry).await?,
                    Err(_) => self.send_desk().await?,
                },
                wake = bus::next(&mut wakes) => {
                    if matches!(wake, Some(Wake::Person(person)) if person == self.person.id) {
                        self.check_session().await?;
                    }
                }
                _ = heartbeat.tick() => {
                    if heard.elapsed() > SILENCE {
                        return Err(Over::Gone);
                    }
                    self.send(&FromServer::Heartbeat).await?;
                }
                _ = recheck.tick() => self.check_session().await?,
            }
        }
    }

    async fn hear(&mut self, text: &str) -> Result<(), Over> {
        match serde_json::from_str(text) {
            Ok(FromBrowser::Heartbeat) => Ok(()),
            Ok(FromBrowser::Desk) => {
                self.desk = true;
                self.send_desk().await
            }
            Ok(FromBrowser::Watch { handoff, after }) => self.watch(handoff, after).await,
            Ok(FromBrowser::Unwatch) => {
                self.watched = None;
                Ok(())
            }
            // A browser of another version; it will reload.
            Err(_) => Err(Over::Close(Bye::TooSlow)),
        }
    }

    /// Fresh lists: subscribe first (the receiver is from now on), then read.
    async fn send_desk(&mut self) -> Result<(), Over> {
        self.lists = self.state.hub.lists();
        match store::summaries::desk(&self.state.pool, &self.person).await {
            Ok(desk) => {
                self.listed = desk.handoffs.iter().map(|summary| summary.id).collect();
                self.send(&FromServer::Desk { desk: Box::new(desk) }).await
            }
            Err(error) => self.give_up(&error),
        }
    }

    async fn list(&mut self, entry: &ListEntry) -> Result<(), Over> {
        let summary = &entry.summary;
        let belongs = summary.in_queue() || summary.in_list_of(self.person.id);
        if belongs {
            self.listed.insert(summary.id);
            return self.send_text(&entry.text).await;
        }
        if !self.listed.remove(&summary.id) {
            return Ok(());
        }
        // What left the lists is told once more, so that it goes; what was said in it since is no longer for this person.
        let gone = HandoffSummary { last: None, ..summary.as_ref().clone() };
        self.send(&FromServer::Summary { summary: Box::new(gone) }).await
    }

    async fn watch(&mut self, handoff: HandoffId, after: i64) -> Result<(), Over> {
        self.watched = None;
        match may::on_handoff(&self.state.pool, &self.person, Action::Read, handoff).await {
            Ok(true) => {}
            Ok(false) => return self.send(&FromServer::Resync { handoff }).await,
            Err(error) => return self.give_up(&error),
        }
        let stream = match self.state.hub.watch(handoff).await {
            Ok(stream) => stream,
            Err(error) => return self.give_up(&error),
        };
        let mut head = stream.head();
        let now = *head.borrow_and_update();
        if after > now || now.saturating_sub(after) > TOO_FAR {
            return self.send(&FromServer::Resync { handoff }).await;
        }
        self.watched = Some(Watched { handoff, number: after, stream, head });
        self.catch_up().await?;
        match &self.watched {
            Some(watched) => self.send(&FromServer::Watching { handoff, number: watched.number }).await,
            None => Ok(()),
        }
    }

    /// Sends every change that the browser lacks, in order.
    async fn catch_up(&mut self) -> Result<(), Over> {
        loop {
            let Some(watched) = &mut self.watched else { return Ok(()) };
            if *watched.head.borrow_and_update() <= watched.number {
                return Ok(());
            }
            let (handoff, number) = (watched.handoff, watched.number);
            if let Some(recent) = watched.stream.recent_after(number).filter(|recent| !recent.is_empty()) {
                if recent.iter().any(|told| !self.may_read(told.facts)) {
                    return self.lose_sight(handoff).await;
                }
                for told in recent {
                    self.send_text(&told.text).await?;
                    self.sent(told.number);
                }
                continue;
            }
            let changes = match store::changes::after(&self.state.pool, handoff, number, CATCH_UP).await {
                Ok(changes) => changes,
                Err(error) => return self.give_up(&error),
            };
            if changes.is_empty() {
                return Ok(());
            }
            if changes.iter().any(|numbered| !self.may_read(hub::facts(&numbered.change))) {
                return self.lose_sight(handoff).await;
            }
            for numbered in changes {
                let number = numbered.number;
                self.send(&FromServer::Change { numbered: Box::new(numbered) }).await?;
                self.sent(number);
            }
        }
    }

    /// Looked at for a whole batch before any of it is sent: of several changes of a handoff only the last one tells its value.
    fn may_read(&self, facts: Option<Facts>) -> bool {
        facts.is_none_or(|facts| may::may(&self.person, Action::Read, facts))
    }

    /// Somebody else has it now: the page learns that when it loads the handoff anew.
    async fn lose_sight(&mut self, handoff: HandoffId) -> Result<(), Over> {
        self.watched = None;
        self.send(&FromServer::Resync { handoff }).await
    }

    fn sent(&mut self, number: i64) {
        if let Some(watched) = &mut self.watched {
            watched.number = number;
        }
    }

    async fn check_session(&mut self) -> Result<(), Over> {
        match self.visit.is_still_valid(&self.state).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Over::Close(Bye::SessionEnded)),
            // Not knowing is no reason to throw people out; the next look decides.
            Err(error) => {
                tracing::warn!(%error, "could not check a session");
                Ok(())
            }
        }
    }

    /// The database does not answer: the browser comes back by itself and starts from what it has.
    fn give_up(&self, error: &store::StoreError) -> Result<(), Over> {
        tracing::warn!(%error, person = %self.person.id, "a live channel could not read");
        Err(Over::Close(Bye::Restarting))
    }

    async fn send(&mut self, frame: &FromServer) -> Result<(), Over> {
        let text = serde_json::to_string(frame).map_err(|_| Over::Gone)?;
        self.send_text(&text).await
    }

    async fn send_text(&mut self, text: &str) -> Result<(), Over> {
        match tokio::time::timeout(PATIENCE, self.socket.send(Frame::text(text))).await {
            Ok(sent) => Ok(sent?),
            Err(_) => Err(Over::Close(Bye::TooSlow)),
        }
    }
}

/// Waits until the watched handoff has more; for ever if nothing is watched.
async fn more(watched: &mut Option<Watched>) {
    match watched {
        Some(watched) => {
            if watched.head.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
        None => std::future::pending().await,
    }
}
