//! Where messages wait for their commit. A writer takes whatever came in while its last commit was under way and stores it in one
//! transaction, so that a thousand webhooks a second cost a hundred commits. There is no timer: a message that comes alone is stored
//! at once. Everyone is answered after their own commit and not before.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use sqlx::PgPool;
use thiserror::Error;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::batch::{self, Batch, Entry};
use super::lane::Lane;
use crate::bus::{Bus, Wake};
use crate::live::hub::Hub;
use crate::store::StoreError;
use crate::store::connect;
use crate::store::failure::Outage;

/// How many messages may wait. What comes when it is full is refused at once: Ada sends it again.
const WAITING: usize = 4_096;
/// The most that is stored in one transaction.
const MOST: usize = 256;
/// How many writers there are: one prepares while the commit of another is under way.
const WRITERS: usize = 2;
/// How long somebody waits for their commit. Well within Svix's 15 seconds.
const PATIENCE: Duration = Duration::from_secs(6);
/// How long one transaction may take before its connection is given up.
const ATTEMPT: Duration = Duration::from_secs(5);
/// Why a message was not stored.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotTaken {
    /// The same may go well later.
    #[error("{0}")]
    Unavailable(Outage),
    /// This message cannot be stored, whatever the state of the store. The text is for operators.
    #[error("{0}")]
    Failed(String),
}

/// The way in for messages. Cheap to clone; the writers end when the last clone is gone.
#[derive(Clone, Debug)]
pub struct Inbox {
    queue: mpsc::Sender<Waiting>,
    pool: PgPool,
}

#[derive(Debug)]
struct Waiting {
    entry: Entry,
    answer: oneshot::Sender<Result<&'static str, NotTaken>>,
}

impl Inbox {
    /// Starts the writers, with connections of their own beside those of `pool`.
    pub fn start(pool: &PgPool, hub: Hub, bus: Bus) -> Self {
        let (queue, waiting) = mpsc::channel(WAITING);
        // One more for the slow lane.
        let pool = connect::writers(pool, WRITERS + 1);
        let writer = Writer { waiting: Arc::new(Mutex::new(waiting)), lane: Arc::default(), pool: pool.clone(), hub, bus };
        let ended = CancellationToken::new();
        for _ in 0..WRITERS {
            let (writer, ended) = (writer.clone(), ended.clone());
            tokio::spawn(async move {
                supervise(|| writer.clone().run()).await;
                ended.cancel();
            });
        }
        tokio::spawn(async move { ended.run_until_cancelled(supervise(|| writer.clone().run_lane())).await });
        Self { queue, pool }
    }

    /// Stores a message together with whatever else waits: `applied`, or `repeated` if its delivery was applied before.
    pub async fn take(&self, entry: Entry) -> Result<&'static str, NotTaken> {
        let (answer, answered) = oneshot::channel();
        if self.queue.try_send(Waiting { entry, answer }).is_err() {
            return Err(NotTaken::Unavailable(Outage::Busy));
        }
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Ok(outcome)) => outcome,
            // The writer broke down, or the store takes too long.
            Ok(Err(_)) | Err(_) => Err(NotTaken::Unavailable(Outage::Busy)),
        }
    }

    /// Closes the writers' connections. Call it when nothing comes in any more.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

#[derive(Clone)]
struct Writer {
    waiting: Arc<Mutex<mpsc::Receiver<Waiting>>>,
    lane: Arc<Lane<Waiting>>,
    pool: PgPool,
    hub: Hub,
    bus: Bus,
}

/// Runs a task and starts it anew if it breaks down. Whoever waited for it is refused, because their answer's other end is gone.
async fn supervise<F: Future<Output = ()> + Send + 'static>(task: impl Fn() -> F) {
    while let Err(broken) = AbortOnDropHandle::new(tokio::spawn(task())).await {
        if broken.is_cancelled() {
            return;
        }
        metrics::counter!("babbage_intake_restarts").increment(1);
        tracing::error!("a writer of webhooks broke down and is started anew");
    }
}

/// How a writer treats rows that others hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Locks {
    /// Whatever is held for longer than a moment goes to the slow lane.
    Sidestep,
    /// They are waited for, and then refused.
    Wait,
}

impl Writer {
    async fn run(self) {
        let mut waiting = Vec::with_capacity(MOST);
        loop {
            if self.waiting.lock().await.recv_many(&mut waiting, MOST).await == 0 {
                return;
            }
            let (slow, quick) = waiting.drain(..).partition(|one: &Waiting| self.lane.holds(&one.entry.conversation()));
            self.sidestep(slow);
            self.settle(quick, Locks::Sidestep).await;
        }
    }

    async fn run_lane(self) {
        loop {
            let waiting = self.lane.next().await;
            self.settle(waiting, Locks::Wait).await;
        }
    }

    fn sidestep(&self, waiting: Vec<Waiting>) {
        for one in waiting {
            if let Err(one) = self.lane.push(one.entry.conversation(), one) {
                refuse(vec![one], Outage::Busy);
            }
        }
    }

    /// Stores what waited and answers everyone. What cannot be stored is narrowed down, so that it fails alone.
    async fn settle(&self, waiting: Vec<Waiting>, locks: Locks) {
        let mut groups = vec![waiting];
        while let Some(mut group) = groups.pop() {
            // Who gave up is told nothing any more; Ada sends it again.
            group.retain(|one| !one.answer.is_closed());
            if group.is_empty() {
                continue;
            }
            match self.store(&group, locks).await {
                Ok(batch) => self.told(batch, group),
                Err(Trouble::Locked) if locks == Locks::Sidestep => self.sidestep(group),
                Err(Trouble::Locked) => refuse(group, Outage::Busy),
                Err(Trouble::Store(outage)) => {
                    refuse(group, outage);
                    groups.drain(..).for_each(|group| refuse(group, outage));
                }
                Err(Trouble::Poison(reason)) => {
                    metrics::counter!("babbage_intake_fallbacks").increment(1);
                    groups.extend(halves(group, &reason));
                }
            }
        }
    }

    async fn store(&self, group: &[Waiting], locks: Locks) -> Result<Batch, Trouble> {
        let entries: Vec<_> = group.iter().map(|one| &one.entry).collect();
        match self.attempt(&entries, locks).await {
            Err(error) if error.may_pass_at_once() => self.attempt(&entries, locks).await,
            stored => stored,
        }
        .map_err(Trouble::from)
    }

    async fn attempt(&self, entries: &[&Entry], locks: Locks) -> Result<Batch, Failed> {
        let mut conn = self.pool.acquire().await.map_err(StoreError::from)?;
        let work = AssertUnwindSafe(batch::apply(&mut conn, entries, locks == Locks::Wait));
        match tokio::time::timeout(ATTEMPT, work.catch_unwind()).await {
            Ok(Ok(stored)) => Ok(stored?),
            Ok(Err(_)) => {
                conn.close_on_drop();
                Err(Failed::Panicked)
            }
            Err(_) => {
                // Nobody knows what this connection is still doing.
                conn.close_on_drop();
                Err(Failed::TimedOut)
            }
        }
    }

    fn told(&self, batch: Batch, waiting: Vec<Waiting>) {
        metrics::counter!("babbage_intake_commits").increment(1);
        for (handoff, changes) in batch.changed {
            self.hub.committed(handoff, changes);
            // The lists, and the other servers.
            self.bus.wake(Wake::Handoff(handoff));
        }
        for (one, outcome) in waiting.into_iter().zip(batch.outcomes) {
            let _ = one.answer.send(Ok(outcome));
        }
    }
}

/// Why one attempt failed.
#[derive(Debug, Error)]
enum Failed {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the program has a fault here")]
    Panicked,
    #[error("the database took too long")]
    TimedOut,
}

impl Failed {
    /// Worth another try without delay: a deadlock that this transaction lost, or a connection that Postgres had closed.
    fn may_pass_at_once(&self) -> bool {
        matches!(self, Self::Store(error) if error.may_pass_at_once())
    }
}

/// What to do about it.
enum Trouble {
    /// Somebody holds a row locked.
    Locked,
    /// The store as a whole.
    Store(Outage),
    /// Something in the batch, with the reason.
    Poison(String),
}

impl From<Failed> for Trouble {
    fn from(failed: Failed) -> Self {
        match &failed {
            Failed::Store(error) if error.is_locked() => Self::Locked,
            Failed::Store(error) => match error.outage() {
                Some(outage) => {
                    tracing::error!(%error, "messages could not be stored; Ada will send them again");
                    Self::Store(outage)
                }
                None => Self::Poison(error.to_string()),
            },
            Failed::Panicked => Self::Poison(failed.to_string()),
            Failed::TimedOut => {
                tracing::error!("messages could not be stored: {failed}; Ada will send them again");
                Self::Store(Outage::Busy)
            }
        }
    }
}

fn refuse(waiting: Vec<Waiting>, outage: Outage) {
    for one in waiting {
        let _ = one.answer.send(Err(NotTaken::Unavailable(outage)));
    }
}

/// A group in two parts; alone, a message is told why it fails.
fn halves(mut group: Vec<Waiting>, reason: &str) -> Vec<Vec<Waiting>> {
    if group.len() > 1 {
        let second = group.split_off(group.len() / 2);
        // The last one is tried first.
        return vec![second, group];
    }
    for one in group {
        let _ = one.answer.send(Err(NotTaken::Failed(reason.to_owned())));
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_task_that_breaks_down_is_started_anew_until_it_ends_by_itself() {
        let runs = Arc::new(AtomicUsize::new(0));
        supervise(|| {
            let runs = runs.clone();
            async move { assert!(runs.fetch_add(1, Ordering::Relaxed) == 2, "broken by the test") }
        })
        .await;
        assert_eq!(runs.load(Ordering::Relaxed), 3);
    }
}
