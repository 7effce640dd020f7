//! What can be done at the desk. Buttons and keys call the same functions.

use futures::future::{Either, select};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use super::draft::Draft;
use super::pane::{PROVISIONAL, Pane};
use super::state::{Desk, Open};
use crate::api::accept::accept_handoff;
use crate::api::desk::load_desk;
use crate::api::end::{end_handoff, put_away};
use crate::api::handoff::load_handoff;
use crate::api::metadata::change_metadata;
use crate::api::read_again::read_again;
use crate::api::reply::{discard_reply, retry_reply, send_reply};
use crate::live::frames::FromBrowser;
use crate::model::handoff::{EndWay, HandoffState};
use crate::model::ids::{HandoffId, MessageId};
use crate::model::message::{Author, AuthorRole, Content, Message, MessageState};
use crate::model::metadata::MetadataPatch;
use crate::model::problem::Problem;
use crate::ui::browser;

/// How long a request may take, in milliseconds, before it counts as lost.
const PATIENCE: u32 = 20_000;

/// Leads to another address of the desk.
type Navigate = Box<dyn Fn(&str) + Send + Sync>;

/// What moves through the desk: it needs the router, which only components can reach.
#[derive(Clone, Copy)]
pub struct Actions {
    desk: Desk,
    navigate: StoredValue<Navigate>,
}

impl Actions {
    /// To be made where the router is in reach.
    pub fn new(desk: Desk) -> Self {
        let to = use_navigate();
        let navigate: Navigate = Box::new(move |path| to(path, NavigateOptions::default()));
        Self { desk, navigate: StoredValue::new(navigate) }
    }

    /// Opens a handoff.
    pub fn open(self, handoff: HandoffId) {
        self.go(&address(handoff));
    }

    /// Closes the open handoff.
    pub fn close(self) {
        self.go("/");
    }

    /// Moves to the next of my conversations, or the one before, round and round.
    pub fn step(self, forward: bool) {
        let mine: Vec<_> = untrack(|| self.desk.mine()).iter().map(|handoff| handoff.id).collect();
        let open = self.desk.open.with_untracked(Open::id);
        let at = open.and_then(|open| mine.iter().position(|id| *id == open));
        let next = match (at, forward) {
            (None, true) => mine.first(),
            (None, false) => mine.last(),
            (Some(at), true) => mine.get((at + 1) % mine.len()),
            (Some(at), false) => mine.get((at + mine.len() - 1) % mine.len()),
        };
        if let Some(next) = next {
            self.open(*next);
        }
    }

    /// Accepts a waiting handoff, then opens it.
    pub fn accept(self, handoff: HandoffId) {
        let desk = self.desk;
        if desk.accepting.get_untracked().is_some() {
            return;
        }
        desk.accepting.set(Some(handoff));
        desk.notice.set(None);
        spawn_local(async move {
            let done = patiently(accept_handoff(handoff)).await;
            desk.accepting.try_set(None);
            match done {
                Ok(()) => {
                    desk.focus_next_reply();
                    self.open(handoff);
                    catch_up(desk).await;
                }
                Err(problem) => {
                    desk.notice.try_set(Some(problem.to_string()));
                    catch_up(desk).await;
                }
            }
        });
    }

    /// Accepts the handoff that is open, or the one that has waited longest.
    pub fn accept_next(self) {
        let queue = untrack(|| self.desk.queue());
        let open = self.desk.open.with_untracked(Open::id);
        let next = queue.iter().find(|handoff| Some(handoff.id) == open).or(queue.first());
        if let Some(next) = next {
            self.accept(next.id);
        }
    }

    /// Puts an ended handoff out of my list, and closes it.
    pub fn put_away(self, handoff: HandoffId) {
        let desk = self.desk;
        spawn_local(async move {
            match patiently(put_away(handoff)).await {
                Ok(()) => {
                    desk.handoffs.try_update(|all| all.retain(|known| known.id != handoff));
                    if desk.open.try_with_untracked(Open::id) == Some(Some(handoff)) {
                        self.close();
                    }
                }
                Err(problem) => {
                    desk.notice.try_set(Some(problem.to_string()));
                }
            }
        });
    }

    fn go(self, path: &str) {
        self.navigate.try_with_value(|navigate| navigate(path));
    }
}

/// The address of a handoff at the desk.
pub fn address(handoff: HandoffId) -> String {
    format!("/?handoff={handoff}")
}

/// Shows the handoff that the page's address names.
pub fn show(desk: Desk, wanted: Option<HandoffId>) {
    if desk.open.with_untracked(Open::id) == wanted {
        return;
    }
    desk.ending.set(false);
    match wanted {
        None => {
            desk.open.set(Open::Nothing);
            desk.tell(FromBrowser::Unwatch);
        }
        Some(handoff) => load(desk, handoff),
    }
}

/// Loads a handoff, then watches it.
pub fn load(desk: Desk, handoff: HandoffId) {
    desk.open.set(Open::Loading(handoff));
    spawn_local(async move {
        let loaded = patiently(load_handoff(handoff)).await;
        // Somebody may have opened another one meanwhile.
        if desk.open.try_with_untracked(|open| matches!(open, Open::Loading(id) if *id == handoff)) != Some(true) {
            return;
        }
        match loaded {
            Ok(snapshot) => {
                let pane = Pane::new(snapshot);
                let after = pane.number();
                desk.open.set(Open::Ready(pane));
                desk.caught_up.set(!desk.is_live());
                desk.tell(FromBrowser::Watch { handoff, after });
            }
            Err(problem) => desk.open.set(Open::Failed(handoff, problem)),
        }
    });
}

/// Loads the open handoff anew, in place, then watches from there. Says whether that worked.
pub async fn reload(desk: Desk) -> bool {
    let Some(pane) = desk.pane() else {
        return false;
    };
    let snapshot = match patiently(load_handoff(pane.id)).await {
        Ok(snapshot) => snapshot,
        // Somebody else's now, or gone: asking again would not help.
        Err(problem @ (Problem::NotFound | Problem::Forbidden | Problem::SignedOut)) => {
            if desk.open.try_with_untracked(Open::id) == Some(Some(pane.id)) {
                desk.open.try_set(Open::Failed(pane.id, problem));
            }
            return true;
        }
        Err(_) => return false,
    };
    pane.replace(snapshot);
    if desk.open.try_with_untracked(Open::id) == Some(Some(pane.id)) {
        desk.tell(FromBrowser::Watch { handoff: pane.id, after: pane.number() });
    }
    true
}

/// Sends what is in a handoff's reply box.
pub fn send(desk: Desk, handoff: HandoffId) {
    let draft = desk.draft(handoff);
    if draft.try_update(Draft::send) == Some(Ok(true)) {
        spawn_local(work_off(desk, handoff, draft));
    }
}

/// One request at a time, so that the order is the order of writing.
async fn work_off(desk: Desk, handoff: HandoffId, draft: ArcRwSignal<Draft>) {
    while let Some((id, body)) = draft.with_untracked(Draft::next) {
        match patiently(send_reply(handoff, id, body.clone())).await {
            Ok(()) => {
                if let Some(pane) = desk.pane().filter(|pane| pane.id == handoff && !pane.has(id)) {
                    pane.show_stored(stored_reply(desk, id, body));
                }
                draft.update(|draft| draft.stored(id));
            }
            Err(problem) => {
                draft.update(|draft| draft.failed(problem.to_string()));
                return;
            }
        }
    }
    catch_up(desk).await;
}

/// Tries a failed reply again.
pub async fn retry(handoff: HandoffId, message: MessageId, desk: Desk) -> Result<(), Problem> {
    patiently(retry_reply(handoff, message)).await?;
    catch_up(desk).await;
    Ok(())
}

/// Takes a failed reply away.
pub async fn discard(handoff: HandoffId, message: MessageId, desk: Desk) -> Result<(), Problem> {
    patiently(discard_reply(handoff, message)).await?;
    if let Some(pane) = desk.pane().filter(|pane| pane.id == handoff) {
        pane.hide(message);
    }
    catch_up(desk).await;
    Ok(())
}

/// Asks for the end of a handoff.
pub async fn end(handoff: HandoffId, way: EndWay, outcome: String, note: String, desk: Desk) -> Result<(), Problem> {
    patiently(end_handoff(handoff, way, outcome, note)).await?;
    catch_up(desk).await;
    Ok(())
}

/// Changes metadata at Ada.
pub async fn change(handoff: HandoffId, patch: MetadataPatch, desk: Desk) -> Result<(), Problem> {
    patiently(change_metadata(handoff, patch)).await?;
    catch_up(desk).await;
    Ok(())
}

/// Reads from Ada what could not be read.
pub async fn read(handoff: HandoffId, desk: Desk) -> Result<(), Problem> {
    patiently(read_again(handoff)).await?;
    catch_up(desk).await;
    Ok(())
}

/// Opens the dialog that ends the open handoff, if it is mine and can end.
pub fn ask_end(desk: Desk) {
    let can_end = desk.pane().is_some_and(|pane| {
        pane.detail.with_untracked(|detail| {
            let mine = detail.summary.owner.as_ref().map(|owner| owner.id) == Some(desk.me.with_untracked(|me| me.id));
            mine && detail.summary.state == HandoffState::Active
        })
    });
    if can_end {
        desk.ending.set(true);
    }
}

/// Fetches what the live channel would have told, if there is none just now.
async fn catch_up(desk: Desk) {
    if desk.is_live() {
        return;
    }
    if let Ok(lists) = patiently(load_desk()).await {
        desk.set_lists(lists);
    }
    reload(desk).await;
}

/// A reply as the server keeps it, until the live channel brings it.
fn stored_reply(desk: Desk, id: MessageId, body: String) -> Message {
    let (person, name) = desk.me.with_untracked(|me| (me.id, me.name.clone()));
    Message {
        id,
        ada_id: None,
        author: Author { role: AuthorRole::HumanAgent, name: Some(name) },
        content: Content::Text { body },
        state: MessageState::Queued,
        problem: None,
        created_at: None,
        event_at: None,
        recorded_at: desk.clock.at_once(),
        late: false,
        sent_by: Some(person),
        listed_at: None,
        revision: PROVISIONAL,
    }
}

/// Waits for a request, but not forever.
async fn patiently<T>(request: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    match select(Box::pin(request), Box::pin(browser::pause(PATIENCE))).await {
        Either::Left((answer, _)) => answer,
        Either::Right(_) => Err(Problem::Unreachable),
    }
}
