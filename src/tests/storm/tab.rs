//! Two kinds of pages, built from snapshots and frames by the product's own model: the lists, and one handoff.

use babbage::live::frames::{FromBrowser, FromServer};
use babbage::model::change::{Applied, OpenHandoff, merge_summary};
use babbage::model::handoff::HandoffSummary;
use babbage::model::ids::HandoffId;
use tokio::sync::watch;

use super::journal::count;
use super::live::Listener;
use super::session::{Session, Trouble};

/// The lists of somebody's desk.
pub struct Lists {
    pub session: Session,
    pub shown: watch::Sender<Vec<HandoffSummary>>,
}

impl Listener for Lists {
    async fn greet(&mut self) -> Option<FromBrowser> {
        Some(FromBrowser::Desk)
    }

    async fn hear(&mut self, frame: FromServer) -> Option<FromBrowser> {
        let me = self.session.me.id;
        match frame {
            FromServer::Desk { desk } => {
                let mut list = Vec::new();
                for summary in desk.handoffs {
                    merge_summary(&mut list, summary, me);
                }
                self.shown.send_replace(list);
            }
            FromServer::Summary { summary } => self.shown.send_modify(|list| merge_summary(list, *summary, me)),
            FromServer::Heartbeat => return Some(FromBrowser::Heartbeat),
            _ => {}
        }
        None
    }
}

/// One handoff that is open.
pub struct Tab {
    pub session: Session,
    pub handoff: HandoffId,
    pub shown: watch::Sender<Option<OpenHandoff>>,
    /// Changes came on this connection before it had caught up.
    pub behind: bool,
}

impl Tab {
    /// Loads the handoff anew.
    async fn reload(&mut self) -> Option<FromBrowser> {
        loop {
            match self.session.load(self.handoff).await {
                Ok(snapshot) => {
                    self.shown.send_replace(Some(snapshot.into()));
                    return self.watch();
                }
                Err(Trouble::NotNow) => tokio::time::sleep(std::time::Duration::from_millis(300)).await,
                // Not theirs any more: the page says so and shows what it had.
                Err(Trouble::Refused(_)) => return None,
            }
        }
    }

    fn watch(&self) -> Option<FromBrowser> {
        self.shown.borrow().as_ref().map(|open| FromBrowser::Watch { handoff: self.handoff, after: open.number })
    }
}

impl Listener for Tab {
    async fn greet(&mut self) -> Option<FromBrowser> {
        self.behind = false;
        match self.watch() {
            Some(watch) => Some(watch),
            None => self.reload().await,
        }
    }

    async fn hear(&mut self, frame: FromServer) -> Option<FromBrowser> {
        let counts = self.session.journal.clone();
        match frame {
            FromServer::Change { numbered } if numbered.handoff == self.handoff => {
                self.behind = true;
                let mut applied = Applied::Known;
                self.shown.send_if_modified(|shown| {
                    applied = shown.as_mut().map_or(Applied::Known, |open| open.apply(*numbered));
                    applied == Applied::Yes
                });
                if applied == Applied::Gap {
                    count(&counts.counts.gaps);
                    return self.watch();
                }
                None
            }
            FromServer::Watching { handoff, number } if handoff == self.handoff => {
                if self.behind {
                    count(&counts.counts.catch_ups);
                }
                let lacks = self.shown.borrow().as_ref().is_none_or(|open| open.number < number);
                if lacks { self.reload().await } else { None }
            }
            FromServer::Resync { handoff } if handoff == self.handoff => {
                count(&counts.counts.resyncs);
                self.reload().await
            }
            FromServer::Heartbeat => Some(FromBrowser::Heartbeat),
            _ => None,
        }
    }
}
