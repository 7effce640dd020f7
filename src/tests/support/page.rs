//! What an agent's page shows: built from frames alone, with the code that the browser uses.

use babbage::live::frames::{Bye, FromServer};
use babbage::model::change::{Applied, Numbered, OpenHandoff, merge_summary};
use babbage::model::handoff::HandoffSummary;
use babbage::model::ids::{HandoffId, PersonId};

use super::browser::texts;

/// A page and what it was told.
#[derive(Debug, Default)]
pub struct Page {
    /// Both lists.
    pub list: Vec<HandoffSummary>,
    /// Entries that came only to say that they leave the lists.
    pub left: Vec<HandoffSummary>,
    /// How many times the lists came as a whole.
    pub desks: usize,
    /// The handoff that is open.
    pub open: Option<OpenHandoff>,
    /// Every change that came, as it came.
    pub told: Vec<Numbered>,
    /// What the server said that it has sent up to.
    pub watching: Option<(HandoffId, i64)>,
    pub resyncs: Vec<HandoffId>,
    /// Changes that did not follow on the one before.
    pub gaps: usize,
    pub bye: Option<Bye>,
    /// Within how many milliseconds the server wants it back.
    pub back_within: Option<u32>,
    pub closed: bool,
}

impl Page {
    /// Takes one frame in.
    pub fn hear(&mut self, frame: FromServer, me: PersonId) {
        match frame {
            FromServer::Desk { desk } => {
                self.desks += 1;
                self.list = Vec::new();
                for summary in desk.handoffs {
                    merge_summary(&mut self.list, summary, me);
                }
            }
            FromServer::Summary { summary } => {
                if !summary.in_queue() && !summary.in_list_of(me) {
                    self.left.push((*summary).clone());
                }
                merge_summary(&mut self.list, *summary, me);
            }
            FromServer::Change { numbered } => {
                self.told.push((*numbered).clone());
                let open = self.open.as_mut().filter(|open| open.detail.summary.id == numbered.handoff);
                if let Some(open) = open
                    && open.apply(*numbered) == Applied::Gap
                {
                    self.gaps += 1;
                }
            }
            FromServer::Watching { handoff, number } => self.watching = Some((handoff, number)),
            FromServer::Resync { handoff } => self.resyncs.push(handoff),
            FromServer::Heartbeat => {}
            FromServer::Bye { reason, within_ms } => {
                self.bye = Some(reason);
                self.back_within = within_ms;
            }
        }
    }

    /// The entry of one of the lists.
    pub fn listed(&self, handoff: HandoffId) -> Option<&HandoffSummary> {
        self.list.iter().find(|entry| entry.id == handoff)
    }

    /// The texts of the open transcript, first to last.
    pub fn texts(&self) -> Vec<&str> {
        self.open.as_ref().map(|open| texts(open.timeline.messages())).unwrap_or_default()
    }
}
