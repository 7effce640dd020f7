//! `GET /live`: one websocket of one page.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::catch_up::Watched;
use super::frames::{Bye, FromBrowser, FromServer, HEARTBEAT, SILENCE};
use super::hub::{Fresh, ListEntry, Personal, Present};
use super::listed::{self, Listed, Move};
use super::patience::{self, Allowance};
use super::wire::{Broken, Heard, Upgrade, Wire};
use crate::model::handoff::HandoffSummary;
use crate::model::person::Person;
use crate::people::session::{Caller, Visit};
use crate::server::security;
use crate::server::state::AppState;
use crate::store;

/// How long a goodbye may take.
const PARTING: Duration = Duration::from_secs(1);
/// After how many heartbeats a session is looked at even if nobody says that it ended.
const RECHECK: u32 = 20;

/// Opens the live channel for a signed-in person.
pub async fn open_live(State(state): State<AppState>, headers: HeaderMap, caller: Caller, upgrade: Upgrade) -> Response {
    if !security::same_origin(&headers, &state.config.allowed_origins()) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let Some((person, visit)) = caller.person().zip(caller.visit()) else { return StatusCode::UNAUTHORIZED.into_response() };
    if state.stopping.is_cancelled() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    upgrade.open(move |wire| {
        let present = state.hub.arrive(person.id);
        let queue = state.hub.queue();
        let connection = Connection { wire, person, visit, present, queue, desk: false, listed: Listed::default(), watched: None, state };
        // Of its own size, not of what it takes to open it.
        Box::pin(connection.run())
    })
}

pub(super) struct Connection {
    pub(super) state: AppState,
    pub(super) person: Person,
    pub(super) watched: Option<Watched>,
    wire: Wire,
    visit: Visit,
    /// What is said to this person alone.
    present: Present,
    /// What is said to all who show the queue.
    queue: broadcast::Receiver<ListEntry>,
    /// Whether the page shows the lists.
    desk: bool,
    listed: Listed,
}

/// Why a connection is over.
pub(super) enum Over {
    /// The browser is gone, or does not answer.
    Gone,
    Close(Bye),
}

impl From<Broken> for Over {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Gone => Self::Gone,
            Broken::Stalled => Self::Close(Bye::TooSlow),
        }
    }
}

/// What happened to a connection.
enum Event {
    Heard(Heard),
    /// The watched handoff has more.
    More,
    Queue(Result<ListEntry, RecvError>),
    Word(Result<Personal, RecvError>),
    Heartbeat,
}

impl Connection {
    async fn run(mut self) {
        let Err(over) = self.serve().await;
        if let Over::Close(reason) = over {
            // One that does not read is not waited for.
            let _ = tokio::time::timeout(PARTING, Box::pin(self.say_goodbye(reason))).await;
        }
    }

    async fn say_goodbye(&mut self, reason: Bye) {
        let within_ms = (reason == Bye::Restarting).then(|| patience::return_within(self.state.hub.sockets()));
        let _ = self.send(&FromServer::Bye { reason, within_ms }).await;
        let code = if reason == Bye::Restarting { CloseCode::Restart } else { CloseCode::Policy };
        let _ = self.wire.close(CloseFrame { code, reason: Utf8Bytes::default() }).await;
    }

    /// Waits for what happens, and deals with it. What it takes to deal with something is set aside only meanwhile: most connections
    /// wait most of the time.
    async fn serve(&mut self) -> Result<Infallible, Over> {
        // Those who connect at once do not all speak at once.
        let mut heartbeat = tokio::time::interval_at(Instant::now() + HEARTBEAT.mul_f64(rand::random_range(0.1..1.0)), HEARTBEAT);
        let mut until_recheck = rand::random_range(1..=RECHECK);
        let mut heard = Instant::now();
        let mut allowance = Allowance::default();
        let stopping = self.state.stopping.clone();
        loop {
            let event = tokio::select! {
                () = stopping.cancelled() => return Err(Over::Close(Bye::Restarting)),
                heard = self.wire.hear() => Event::Heard(heard),
                () = more(&mut self.watched) => Event::More,
                entry = self.queue.recv(), if self.desk => Event::Queue(entry),
                word = self.present.words.recv() => Event::Word(word),
                _ = heartbeat.tick() => Event::Heartbeat,
            };
            match event {
                Event::Heard(said) => {
                    heard = Instant::now();
                    if !allowance.takes(heard) {
                        return Err(Over::Close(Bye::TooSlow));
                    }
                    match said {
                        Heard::Text(text) => Box::pin(self.hear(&text)).await?,
                        Heard::Other => {}
                        Heard::End => return Err(Over::Gone),
                    }
                }
                Event::More => Box::pin(self.catch_up()).await?,
                Event::Queue(Ok(entry)) | Event::Word(Ok(Personal::Entry(entry))) => Box::pin(self.list(&entry)).await?,
                Event::Queue(Err(_)) => Box::pin(self.send_desk()).await?,
                Event::Word(Ok(Personal::CheckSession)) => Box::pin(self.check_session()).await?,
                Event::Word(Ok(Personal::CheckSessionSoon)) => until_recheck = 1,
                Event::Word(Err(_)) => {
                    Box::pin(self.check_session()).await?;
                    Box::pin(self.send_desk()).await?;
                }
                Event::Heartbeat => {
                    if heard.elapsed() > SILENCE {
                        return Err(Over::Gone);
                    }
                    until_recheck -= 1;
                    if until_recheck == 0 {
                        until_recheck = RECHECK;
                        Box::pin(self.check_session()).await?;
                    }
                    Box::pin(self.send(&FromServer::Heartbeat)).await?;
                }
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
        if !self.desk {
            return Ok(());
        }
        self.queue = self.state.hub.queue();
        let Some(Fresh { waiting, mine }) = self.state.hub.fresh_lists(self.person.id).await else {
            return Err(Over::Close(Bye::Restarting));
        };
        let text = {
            let handoffs = self.listed.replace(&waiting, &mine);
            listed::frame(&self.person, &handoffs).map_err(|_| Over::Gone)?
        };
        self.send_text(text.into()).await
    }

    async fn list(&mut self, entry: &ListEntry) -> Result<(), Over> {
        if !self.desk {
            return Ok(());
        }
        match self.listed.take(&entry.summary, self.person.id) {
            Move::Shows => self.send_text(entry.text.clone()).await,
            // Told once more, so that it goes; what was said in it since is no longer for this person.
            Move::Leaves => {
                let gone = HandoffSummary { last: None, ..entry.summary.as_ref().clone() };
                self.send(&FromServer::Summary { summary: Box::new(gone) }).await
            }
            Move::Nothing => Ok(()),
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
    pub(super) fn give_up(&self, error: &store::StoreError) -> Over {
        tracing::warn!(%error, person = %self.person.id, "a live channel could not read");
        Over::Close(Bye::Restarting)
    }

    pub(super) async fn send(&mut self, frame: &FromServer) -> Result<(), Over> {
        let text = serde_json::to_string(frame).map_err(|_| Over::Gone)?;
        self.send_text(text.into()).await
    }

    pub(super) async fn send_text(&mut self, text: Utf8Bytes) -> Result<(), Over> {
        self.send_soon(&text).await?;
        self.send_rest().await
    }

    /// Sends a frame, soon: together with those that follow, or with [`Self::send_rest`].
    pub(super) async fn send_soon(&mut self, text: &Utf8Bytes) -> Result<(), Over> {
        Ok(self.wire.say_soon(text).await?)
    }

    pub(super) async fn send_rest(&mut self) -> Result<(), Over> {
        Ok(self.wire.flush().await?)
    }
}

/// Waits until the watched handoff has more; for ever if nothing is watched.
async fn more(watched: &mut Option<Watched>) {
    match watched {
        Some(watched) => watched.more().await,
        None => std::future::pending().await,
    }
}
