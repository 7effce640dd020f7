//! What a page lacks of the handoff that it watches, in order and without a hole: or the word that it must load anew.

use std::sync::Arc;

use tokio::sync::watch;

use super::frames::FromServer;
use super::hub::{self, Recent, Stream};
use super::socket::{Connection, Over};
use crate::model::change::Numbered;
use crate::model::ids::HandoffId;
use crate::people::may::{self, Action, Facts};
use crate::store;

/// How many changes are read at once when a browser catches up.
const AT_ONCE: i64 = 500;
/// How far behind a browser is better served by a fresh snapshot.
const TOO_FAR: i64 = 5_000;

/// What a page watches.
pub(super) struct Watched {
    handoff: HandoffId,
    /// The last change that was sent.
    number: i64,
    stream: Arc<Stream>,
    head: watch::Receiver<i64>,
}

impl Watched {
    /// Waits until there is more than was sent.
    pub(super) async fn more(&mut self) {
        if self.head.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Connection {
    /// Begins to watch a handoff from the last change that the page has.
    pub(super) async fn watch(&mut self, handoff: HandoffId, after: i64) -> Result<(), Over> {
        self.watched = None;
        match may::on_handoff(&self.state.pool, &self.person, Action::Read, handoff).await {
            Ok(true) => {}
            Ok(false) => return self.load_anew(handoff).await,
            Err(error) => return Err(self.give_up(&error)),
        }
        let stream = match self.state.hub.watch(handoff).await {
            Ok(stream) => stream,
            Err(error) => return Err(self.give_up(&error)),
        };
        let mut head = stream.head();
        let now = *head.borrow_and_update();
        // Ahead of what there is: the database is an older one, restored from a backup.
        if after < 0 || after > now || now - after > TOO_FAR {
            return self.load_anew(handoff).await;
        }
        self.watched = Some(Watched { handoff, number: after, stream, head });
        self.catch_up().await?;
        match &self.watched {
            Some(Watched { number, .. }) => {
                let number = *number;
                self.send(&FromServer::Watching { handoff, number }).await
            }
            None => Ok(()),
        }
    }

    /// Sends every change that the browser lacks, in order.
    pub(super) async fn catch_up(&mut self) -> Result<(), Over> {
        loop {
            let Some(watched) = &mut self.watched else { return Ok(()) };
            if *watched.head.borrow_and_update() <= watched.number {
                return Ok(());
            }
            let (handoff, number) = (watched.handoff, watched.number);
            match watched.stream.recent_after(number) {
                Recent::All(recent) => {
                    if recent.iter().any(|told| !self.may_read(told.facts)) {
                        return self.load_anew(handoff).await;
                    }
                    for told in recent {
                        self.send_soon(&told.text).await?;
                        self.has_sent(told.number);
                    }
                    self.send_rest().await?;
                }
                Recent::Hole => self.send_from_store(handoff, number).await?,
            }
        }
    }

    /// Sends some of what is not at hand.
    async fn send_from_store(&mut self, handoff: HandoffId, number: i64) -> Result<(), Over> {
        let state = self.state.clone();
        let changes = {
            let _turn = state.hub.turn().await;
            store::changes::after(&state.pool, handoff, number, AT_ONCE).await
        };
        let changes = changes.map_err(|error| self.give_up(&error))?;
        // There is more, and it does not follow on what the page has: what lies between is kept no more.
        if !follow_on(&changes, number) {
            return self.load_anew(handoff).await;
        }
        if changes.iter().any(|numbered| !self.may_read(hub::facts(&numbered.change))) {
            return self.load_anew(handoff).await;
        }
        for numbered in changes {
            let number = numbered.number;
            let frame = FromServer::Change { numbered: Box::new(numbered) };
            let text = serde_json::to_string(&frame).map_err(|_| Over::Gone)?;
            self.send_soon(&text.into()).await?;
            self.has_sent(number);
        }
        self.send_rest().await
    }

    /// Looked at for a whole batch before any of it is sent: of several changes of a handoff only the last one tells its value.
    fn may_read(&self, facts: Option<Facts>) -> bool {
        facts.is_none_or(|facts| may::may(&self.person, Action::Read, facts))
    }

    /// Changes cannot help this page: what it shows is too old or not of this database, or somebody else has the handoff now, which it
    /// learns when it loads it.
    async fn load_anew(&mut self, handoff: HandoffId) -> Result<(), Over> {
        self.watched = None;
        self.send(&FromServer::Resync { handoff }).await
    }

    fn has_sent(&mut self, number: i64) {
        if let Some(watched) = &mut self.watched {
            watched.number = number;
        }
    }
}

/// Whether there are changes, the first of them right after `number`, and none missing among them.
fn follow_on(changes: &[Numbered], number: i64) -> bool {
    !changes.is_empty() && changes.iter().zip(number + 1..).all(|(change, expected)| change.number == expected)
}
