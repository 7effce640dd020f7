//! The browser's end of the live channel: one websocket while the desk is shown, connected again whenever it is lost.
//!
//! A connection starts with fresh lists and with whatever the open handoff missed, so nothing is lost by a cut. The page
//! says "live" only once the lists have arrived.

use std::cell::Cell;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use futures::channel::mpsc::{self, UnboundedReceiver, UnboundedSender};
use futures::{FutureExt, SinkExt, StreamExt, select};
use gloo_net::websocket::futures::WebSocket;
use gloo_net::websocket::{Message as Text, State, WebSocketError};
use gloo_timers::future::IntervalStream;
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use time::OffsetDateTime;

use super::frames::{Bye, FromBrowser, FromServer, HEARTBEAT, SILENCE};
use crate::api::desk::load_desk;
use crate::model::change::{Applied, Numbered};
use crate::model::ids::HandoffId;
use crate::model::problem::Problem;
use crate::pages::desk::actions::reload;
use crate::pages::desk::state::{Connection, Desk, Open};
use crate::ui::backoff::{Backoff, share_of};
use crate::ui::browser;

/// How long a connection may take until its lists are there.
const OPENING: std::time::Duration = std::time::Duration::from_secs(10);

/// How long a connection must have held for the next failure to count as the first.
const STABLE: time::Duration = time::Duration::seconds(10);

/// Why a connection is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    /// The desk is no longer shown.
    Left,
    SignedOut,
    Lost,
    /// Connect again within so many milliseconds.
    Restarting(u32),
}

/// Connects, and stays connected until the desk is no longer shown.
pub fn start(desk: Desk) {
    let shown = Arc::new(AtomicBool::new(true));
    let (nudge, nudges) = mpsc::unbounded();
    let listening = [nudge_on_online(&nudge), nudge_on_return(nudge)];
    on_cleanup({
        let shown = Arc::clone(&shown);
        move || {
            shown.store(false, Ordering::Relaxed);
            listening.into_iter().for_each(WindowListenerHandle::remove);
        }
    });
    spawn_local(stay_connected(desk, shown, nudges));
}

async fn stay_connected(desk: Desk, shown: Arc<AtomicBool>, mut nudges: UnboundedReceiver<()>) {
    let mut backoff = Backoff::default();
    while shown.load(Ordering::Relaxed) {
        let was_live = Cell::new(false);
        let opened = browser::now();
        let over = connect(desk, &shown, &was_live).await;
        desk.set_wire(None);
        if over == Over::Left || !shown.load(Ordering::Relaxed) {
            return;
        }
        if over == Over::SignedOut || (!was_live.get() && is_signed_out(backoff).await) {
            return browser::go("/login");
        }
        desk.set_connection(Connection::Reconnecting);
        // One that breaks again and again counts as failing, or its server would never come to rest.
        if was_live.get() && browser::now() - opened >= STABLE {
            backoff.reset();
        }
        let wait = match over {
            Over::Restarting(within) if was_live.get() => share_of(within, browser::random()).max(backoff.next(browser::random())),
            _ => backoff.next(browser::random()),
        };
        wait_or_nudge(desk, wait, &mut nudges).await;
    }
}

/// A refused connection looks like a lost one: ask another way, now and then.
async fn is_signed_out(backoff: Backoff) -> bool {
    backoff.failed() % 3 == 1 && load_desk().await == Err(Problem::SignedOut)
}

/// Waits before the next try; a network that comes back, or a reader who does, ends the wait.
async fn wait_or_nudge(desk: Desk, milliseconds: u32, nudges: &mut UnboundedReceiver<()>) {
    while nudges.try_recv().is_ok() {}
    let mut wait = browser::pause(milliseconds).boxed_local().fuse();
    let mut seconds = IntervalStream::new(1_000).fuse();
    loop {
        desk.judge_connection();
        select! {
            () = wait => return,
            _ = nudges.next() => return,
            _ = seconds.next() => {}
        }
    }
}

/// One connection, from its first frame to its end.
async fn connect(desk: Desk, shown: &AtomicBool, was_live: &Cell<bool>) -> Over {
    let Ok(mut socket) = WebSocket::open(&address()) else {
        return Over::Lost;
    };
    let (wire, mut commands) = mpsc::unbounded();
    say_what_to_watch(desk, &wire);
    desk.set_wire(Some(wire.clone()));
    let mut seconds = IntervalStream::new(1_000).fuse();
    let mut times = Times::start();
    loop {
        select! {
            frame = exchange(&mut socket, &mut commands).fuse() => {
                if !shown.load(Ordering::Relaxed) {
                    return Over::Left;
                }
                times.heard = browser::now();
                let over = match frame {
                    Some(Ok(Text::Text(text))) => receive(desk, &wire, &text, was_live),
                    Some(Ok(Text::Bytes(_))) => None,
                    Some(Err(_)) | None => Some(Over::Lost),
                };
                if let Some(over) = over {
                    return over;
                }
            }
            _ = seconds.next() => {
                desk.judge_connection();
                if !shown.load(Ordering::Relaxed) {
                    return Over::Left;
                }
                if times.is_dead(was_live.get()) {
                    return Over::Lost;
                }
                if times.heartbeat_is_due() {
                    say(&wire, FromBrowser::Heartbeat);
                }
            }
        }
    }
}

/// Waits for the next frame, and meanwhile writes what is to be said. Nothing is written before the connection is open,
/// nor once it is over: browsers complain about that. Giving up the wait loses nothing.
fn exchange<'a>(
    socket: &'a mut WebSocket,
    commands: &'a mut UnboundedReceiver<FromBrowser>,
) -> impl Future<Output = Option<Result<Text, WebSocketError>>> + Unpin + 'a {
    poll_fn(move |context| {
        if let Poll::Ready(frame) = socket.poll_next_unpin(context) {
            return Poll::Ready(frame);
        }
        while socket.poll_ready_unpin(context).is_ready() && matches!(socket.state(), State::Open) {
            let Poll::Ready(Some(command)) = commands.poll_next_unpin(context) else {
                break;
            };
            let Ok(text) = serde_json::to_string(&command) else {
                continue;
            };
            if socket.start_send_unpin(Text::Text(text)).is_err() {
                return Poll::Ready(None);
            }
        }
        Poll::Pending
    })
}

/// When things last happened on a connection.
struct Times {
    opened: OffsetDateTime,
    heard: OffsetDateTime,
    heartbeat: OffsetDateTime,
}

impl Times {
    fn start() -> Self {
        let now = browser::now();
        Self { opened: now, heard: now, heartbeat: now }
    }

    /// Whether the lists did not come, or nothing came for too long. A computer that slept finds out at once.
    fn is_dead(&self, live: bool) -> bool {
        let now = browser::now();
        now - self.heard >= SILENCE || (!live && now - self.opened >= OPENING)
    }

    fn heartbeat_is_due(&mut self) -> bool {
        let now = browser::now();
        let due = now - self.heartbeat >= HEARTBEAT;
        if due {
            self.heartbeat = now;
        }
        due
    }
}

/// Takes one frame in. Says if the connection is over with it.
fn receive(desk: Desk, wire: &UnboundedSender<FromBrowser>, text: &str, was_live: &Cell<bool>) -> Option<Over> {
    // A frame of a newer server: only fresh lists and a fresh snapshot are sure to be right.
    let Ok(frame) = serde_json::from_str(text) else {
        return Some(Over::Lost);
    };
    match frame {
        FromServer::Desk { desk: lists } => {
            desk.set_lists(*lists);
            was_live.set(true);
            desk.set_connection(Connection::Live);
        }
        FromServer::Summary { summary } => desk.merge(*summary),
        FromServer::Change { numbered } => apply(desk, wire, *numbered),
        FromServer::Watching { handoff, number } => {
            if let Some(pane) = desk.pane().filter(|pane| pane.id == handoff) {
                pane.show();
                if pane.number() < number {
                    spawn_local(load_anew(desk, handoff));
                } else {
                    desk.caught_up.try_set(true);
                }
            }
        }
        FromServer::Resync { handoff } => {
            desk.caught_up.try_set(false);
            spawn_local(load_anew(desk, handoff));
        }
        // Answered at once: timers of a page in the background are slow.
        FromServer::Heartbeat => say(wire, FromBrowser::Heartbeat),
        FromServer::Bye { reason, within_ms } => {
            return Some(match reason {
                Bye::SessionEnded => Over::SignedOut,
                Bye::Restarting => Over::Restarting(within_ms.unwrap_or(0)),
                Bye::TooSlow => Over::Lost,
            });
        }
    }
    None
}

fn apply(desk: Desk, wire: &UnboundedSender<FromBrowser>, numbered: Numbered) {
    let Some(pane) = desk.pane().filter(|pane| pane.id == numbered.handoff) else {
        return;
    };
    if pane.apply(numbered) == Applied::Gap {
        desk.caught_up.try_set(false);
        say(wire, FromBrowser::Watch { handoff: pane.id, after: pane.number() });
    }
}

/// Loads a handoff anew, again and again until it is there or nobody looks at it any more.
async fn load_anew(desk: Desk, handoff: HandoffId) {
    let mut backoff = Backoff::default();
    while desk.open.try_with_untracked(Open::id) == Some(Some(handoff)) && !reload(desk).await {
        browser::pause(backoff.next(1.0)).await;
    }
}

/// What a connection starts with: the lists, and what is open.
fn say_what_to_watch(desk: Desk, wire: &UnboundedSender<FromBrowser>) {
    say(wire, FromBrowser::Desk);
    if let Some(pane) = desk.pane() {
        desk.caught_up.try_set(false);
        say(wire, FromBrowser::Watch { handoff: pane.id, after: pane.number() });
    }
}

fn say(wire: &UnboundedSender<FromBrowser>, frame: FromBrowser) {
    // Fails only when the connection is over, and then its reader finds out.
    let _ = wire.unbounded_send(frame);
}

/// Where the live channel is: on the server that the page came from.
fn address() -> String {
    let location = window().location();
    let scheme = if location.protocol().is_ok_and(|protocol| protocol == "https:") { "wss" } else { "ws" };
    format!("{scheme}://{}/live", location.host().unwrap_or_default())
}

fn nudge_on_online(nudge: &UnboundedSender<()>) -> WindowListenerHandle {
    let nudge = nudge.clone();
    window_event_listener(ev::online, move |_| {
        let _ = nudge.unbounded_send(());
    })
}

fn nudge_on_return(nudge: UnboundedSender<()>) -> WindowListenerHandle {
    // It bubbles from the document to the window.
    window_event_listener(ev::visibilitychange, move |_| {
        if !document().hidden() {
            let _ = nudge.unbounded_send(());
        }
    })
}
