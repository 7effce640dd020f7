//! What the desk knows, as signals. The live channel writes them, the panes read them.

use std::collections::HashMap;

use futures::channel::mpsc::UnboundedSender;
use leptos::prelude::*;
use time::{Duration, OffsetDateTime};

use super::draft::Draft;
use super::pane::Pane;
use crate::live::frames::FromBrowser;
use crate::model::change::{DeskSnapshot, merge_summary};
use crate::model::handoff::{HandoffState, HandoffSummary};
use crate::model::ids::HandoffId;
use crate::model::message::AuthorRole;
use crate::model::person::Person;
use crate::model::problem::Problem;
use crate::ui::browser;
use crate::ui::clock::Clock;

/// After how long without a connection the desk calls itself offline.
const OFFLINE_AFTER: Duration = Duration::seconds(5);

/// The state of the live channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// The lists are fresh, and changes arrive as they happen.
    Live,
    Reconnecting,
    Offline,
}

impl Connection {
    /// The word used in `<body data-connection>`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Reconnecting => "reconnecting",
            Self::Offline => "offline",
        }
    }
}

/// What the conversation's pane shows.
#[derive(Clone)]
pub enum Open {
    Nothing,
    Loading(HandoffId),
    Failed(HandoffId, Problem),
    Ready(Pane),
}

impl Open {
    /// The handoff that it is about.
    pub fn id(&self) -> Option<HandoffId> {
        match self {
            Self::Nothing => None,
            Self::Loading(id) | Self::Failed(id, _) => Some(*id),
            Self::Ready(pane) => Some(pane.id),
        }
    }
}

/// The desk of the person who is signed in.
#[derive(Clone, Copy)]
pub struct Desk {
    pub me: RwSignal<Person>,
    /// What waits, and what is mine.
    pub handoffs: RwSignal<Vec<HandoffSummary>>,
    pub open: RwSignal<Open>,
    pub connection: RwSignal<Connection>,
    /// Since when the connection is what it is.
    pub connection_since: RwSignal<OffsetDateTime>,
    /// Whether everything that happened to the open handoff has arrived.
    pub caught_up: RwSignal<bool>,
    pub clock: Clock,
    /// What went wrong with something that has no place of its own to say so.
    pub notice: RwSignal<Option<String>>,
    /// The last thing said to those who listen to the page.
    pub announcement: RwSignal<String>,
    /// Whether the dialog that ends the open handoff is shown.
    pub ending: RwSignal<bool>,
    /// Whether the context is shown where there is no room for it beside the conversation.
    pub context_shown: RwSignal<bool>,
    /// The handoff that is being accepted just now.
    pub accepting: RwSignal<Option<HandoffId>>,
    unseen: StoredValue<Unseen>,
}

/// What the desk holds and does not show.
#[derive(Default)]
struct Unseen {
    drafts: HashMap<HandoffId, ArcRwSignal<Draft>>,
    /// What leads to the server, while there is a connection.
    wire: Option<UnboundedSender<FromBrowser>>,
    /// Whether the next reply box that appears takes the focus.
    reply_next: bool,
}

impl Desk {
    pub fn new(desk: DeskSnapshot, open: Open) -> Self {
        Self {
            me: RwSignal::new(desk.me),
            handoffs: RwSignal::new(desk.handoffs),
            open: RwSignal::new(open),
            connection: RwSignal::new(Connection::Reconnecting),
            connection_since: RwSignal::new(desk.now),
            caught_up: RwSignal::new(true),
            clock: Clock::new(desk.now),
            notice: RwSignal::new(None),
            announcement: RwSignal::new(String::new()),
            ending: RwSignal::new(false),
            context_shown: RwSignal::new(false),
            accepting: RwSignal::new(None),
            unseen: StoredValue::new(Unseen::default()),
        }
    }

    /// The handoffs that wait, oldest first.
    pub fn queue(self) -> Vec<HandoffSummary> {
        self.handoffs.with(|all| all.iter().filter(|handoff| handoff.in_queue()).cloned().collect())
    }

    /// The handoffs of the person who is signed in, oldest first; what has ended stands last.
    pub fn mine(self) -> Vec<HandoffSummary> {
        let me = self.me.with(|me| me.id);
        let mut mine: Vec<_> =
            self.handoffs.with(|all| all.iter().filter(|handoff| !handoff.in_queue() && handoff.in_list_of(me)).cloned().collect());
        mine.sort_by_key(|handoff| !handoff.state.is_open());
        mine
    }

    /// Replaces the lists by fresh ones.
    pub fn set_lists(self, desk: DeskSnapshot) {
        self.clock.set(desk.now);
        if self.me.try_with_untracked(|me| *me != desk.me) == Some(true) {
            self.me.set(desk.me);
        }
        if self.handoffs.try_with_untracked(|shown| *shown != desk.handoffs) == Some(true) {
            self.handoffs.set(desk.handoffs);
        }
    }

    /// Takes a newer summary of one handoff into the lists, and says aloud what is new about it.
    pub fn merge(self, summary: HandoffSummary) {
        let Some(me) = self.me.try_with_untracked(|me| me.id) else {
            return;
        };
        if let Some(news) = self.handoffs.with_untracked(|all| news(all, &summary)) {
            let is_open = self.open.with_untracked(Open::id) == Some(summary.id);
            // The transcript announces what is said in the open handoff.
            if summary.in_queue() || (summary.in_list_of(me) && !is_open) {
                self.announcement.set(news);
            }
        }
        self.handoffs.update(|all| merge_summary(all, summary, me));
    }

    /// Tells the state of the live channel.
    pub fn set_connection(self, connection: Connection) {
        if self.connection.try_get_untracked().is_some_and(|known| known != connection) {
            // Offline counts from when the connection was lost, not from when that was long enough ago.
            if !(connection == Connection::Offline && self.connection.get_untracked() == Connection::Reconnecting) {
                self.connection_since.set(self.clock.at_once());
            }
            self.connection.set(connection);
        }
    }

    /// Calls the connection offline once it has been lost for long, or when the browser knows that it has no network.
    pub fn judge_connection(self) {
        if self.connection.try_get_untracked() == Some(Connection::Reconnecting) {
            let lost = self.clock.at_once() - self.connection_since.get_untracked();
            if lost >= OFFLINE_AFTER || !browser::has_network() {
                self.set_connection(Connection::Offline);
            }
        }
    }

    pub fn is_live(self) -> bool {
        self.connection.try_get_untracked() == Some(Connection::Live)
    }

    /// The reply box of a handoff. It stays while the page stays, whatever is open.
    pub fn draft(self, handoff: HandoffId) -> ArcRwSignal<Draft> {
        let known = |unseen: &mut Unseen| unseen.drafts.entry(handoff).or_default().clone();
        self.unseen.try_update_value(known).unwrap_or_default()
    }

    /// Lets the next reply box that appears take the focus.
    pub fn focus_next_reply(self) {
        self.unseen.try_update_value(|unseen| unseen.reply_next = true);
    }

    /// Whether the reply box that asks should take the focus. True once.
    pub fn takes_focus(self) -> bool {
        let taken = self.unseen.try_update_value(|unseen| std::mem::take(&mut unseen.reply_next));
        taken.unwrap_or_default()
    }

    /// The name under which a reply box is kept over reloads: nobody else who signs in here finds it.
    pub fn draft_name(self, handoff: HandoffId) -> String {
        format!("draft:{}:{handoff}", self.me.with_untracked(|me| me.id))
    }

    /// Says something on the live channel, if there is one. If not, it is said when there is one again.
    pub fn tell(self, frame: FromBrowser) {
        self.unseen.try_with_value(|unseen| {
            if let Some(wire) = &unseen.wire {
                // A closed channel is about to be replaced.
                let _ = wire.unbounded_send(frame);
            }
        });
    }

    /// Hands over what leads to the server, or takes it away.
    pub fn set_wire(self, wire: Option<UnboundedSender<FromBrowser>>) {
        self.unseen.try_update_value(|unseen| unseen.wire = wire);
    }

    /// The open handoff, if it is loaded.
    pub fn pane(self) -> Option<Pane> {
        self.open.try_with_untracked(|open| match open {
            Open::Ready(pane) => Some(pane.clone()),
            Open::Nothing | Open::Loading(_) | Open::Failed(..) => None,
        })?
    }
}

/// What a newer summary brings that is worth saying aloud.
fn news(known: &[HandoffSummary], summary: &HandoffSummary) -> Option<String> {
    let before = known.iter().find(|known| known.id == summary.id);
    let name = customer(summary);
    if summary.in_queue() {
        let topic = summary.topic.as_deref().map(|topic| format!(", {topic}")).unwrap_or_default();
        return before.is_none().then(|| format!("New in the queue: {name}{topic}"));
    }
    let before = before?;
    if summary.state == HandoffState::Ended && before.state != HandoffState::Ended {
        return Some(format!("The handoff of {name} has ended"));
    }
    let said = summary.last.as_ref().filter(|last| last.author == AuthorRole::EndUser)?;
    (before.last.as_ref() != Some(said)).then(|| format!("{name} wrote"))
}

/// What to call the customer.
pub fn customer(summary: &HandoffSummary) -> String {
    summary.customer.clone().unwrap_or_else(|| "Visitor".to_owned())
}
