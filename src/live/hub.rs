//! Which sockets of this server watch what, and the recent changes that they share.
//!
//! For each watched handoff there is one [`Stream`]: the number of its last known change and a short list of the newest changes, read
//! from the database once however many watch. A socket keeps its own number and takes what it lacks, from the list or from the
//! database: nothing queues up per socket, so a slow one costs no memory and skips nothing.
//!
//! Wake-ups say what to read. Every second the heads of all that is shown are compared with the database, so a wake-up that was lost, or
//! a bus that is down, costs at most that.

mod lists;
mod presence;
mod stream;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::{Semaphore, SemaphorePermit, broadcast};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_util::sync::CancellationToken;

use super::frames::FromServer;
use crate::bus::{self, Bus, Wake};
use crate::model::change::Numbered;
use crate::model::ids::{HandoffId, PersonId};
use crate::store;
use lists::{For, Lists};
pub use lists::{Fresh, ListEntry};
use presence::Presence;
pub use presence::{Personal, Present};
pub use stream::{Recent, Stream, Told, facts};

/// How many changes are read from the database at once.
const AT_ONCE: i64 = 200;
/// How many handoffs are read at once after wake-ups.
const READERS: usize = 6;
/// How many sockets read what they missed at once: the rest of the database's connections serve people and Ada.
const CATCHING_UP: usize = 6;
/// How often heads are compared with the database, for wake-ups that were lost.
pub const LOOK: Duration = Duration::from_secs(1);

/// The sockets of this server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Hub {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    pool: PgPool,
    streams: Mutex<HashMap<HandoffId, Arc<Stream>>>,
    presence: Arc<Presence>,
    lists: Lists,
    catching_up: Semaphore,
}

/// What is to be read, what is being read, and what was woken again meanwhile.
#[derive(Default)]
struct Reading {
    waiting: VecDeque<HandoffId>,
    now: HashSet<HandoffId>,
    again: HashSet<HandoffId>,
}

impl Hub {
    /// Starts the tasks that turn wake-ups into changes, until `stop`.
    pub fn start(pool: PgPool, bus: &Bus, stop: CancellationToken) -> Self {
        let (lists, asked) = Lists::new(pool.clone());
        let presence = Arc::new(Presence::default());
        let inner = Inner { pool, streams: Mutex::default(), presence, lists, catching_up: Semaphore::new(CATCHING_UP) };
        let hub = Self { inner: Arc::new(inner) };
        tokio::spawn(hub.clone().run(bus.listen(), stop.clone()));
        let serving = hub.clone();
        tokio::spawn(async move {
            let inner = &serving.inner;
            tokio::select! {
                () = stop.cancelled() => {}
                () = inner.lists.answer(asked) => {}
                () = inner.lists.tell(|whom, entry| inner.tell_entry(whom, entry)) => {}
                () = inner.presence.note(&inner.pool) => {}
            }
        });
        hub
    }

    /// Counts a socket of somebody as open, until the answer is dropped.
    pub fn arrive(&self, person: PersonId) -> Present {
        Presence::arrive(&self.inner.presence, person)
    }

    /// How many sockets are open.
    pub fn sockets(&self) -> usize {
        self.inner.presence.sockets()
    }

    /// Entries of the queue from now on. Those of somebody's own list come over [`Present`].
    pub fn queue(&self) -> broadcast::Receiver<ListEntry> {
        self.inner.lists.queue()
    }

    /// The lists of somebody as they are now. `None` when the database does not answer.
    pub async fn fresh_lists(&self, person: PersonId) -> Option<Fresh> {
        self.inner.lists.fresh(person).await
    }

    /// A turn to read what a socket missed.
    pub async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.inner.catching_up.acquire().await.ok()
    }

    /// The stream of a handoff. Subscribe first, then read: what commits from now on will raise its head.
    pub async fn watch(&self, handoff: HandoffId) -> store::failure::Result<Arc<Stream>> {
        let stream = lock(&self.inner.streams).entry(handoff).or_default().clone();
        stream.raise(store::changes::head(&self.inner.pool, handoff).await?);
        Ok(stream)
    }

    async fn run(self, mut wakes: broadcast::Receiver<Wake>, stop: CancellationToken) {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut reading = Reading::default();
        let mut readers: JoinSet<HandoffId> = JoinSet::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                wake = bus::next(&mut wakes) => match wake {
                    Some(Wake::Handoff(handoff)) => {
                        self.inner.lists.changed([handoff]);
                        reading.add(handoff, &self);
                    }
                    Some(Wake::Person(person)) => self.inner.presence.check_session(person),
                    Some(Wake::Everything) => {
                        self.inner.presence.check_all_sessions();
                        self.look(&mut reading).await;
                    }
                    Some(Wake::AiAgents) => {}
                    None => return,
                },
                _ = look.tick() => self.look(&mut reading).await,
                Some(done) = readers.join_next() => {
                    if let Ok(handoff) = done {
                        reading.is_done(handoff);
                    }
                }
            }
            while reading.now.len() < READERS
                && let Some(handoff) = reading.next()
            {
                let hub = self.clone();
                readers.spawn(async move {
                    hub.tell(handoff).await;
                    handoff
                });
            }
        }
    }

    /// Reads what is new of a handoff that is watched.
    async fn tell(&self, handoff: HandoffId) {
        let Some(stream) = self.stream(handoff) else { return };
        if let Err(error) = self.tell_stream(handoff, &stream).await {
            // The next look finds it again.
            tracing::warn!(%error, %handoff, "could not read the changes of a handoff");
        }
    }

    async fn tell_stream(&self, handoff: HandoffId, stream: &Stream) -> store::failure::Result<()> {
        loop {
            let changes = store::changes::after(&self.inner.pool, handoff, stream.known(), AT_ONCE).await?;
            if changes.is_empty() {
                return Ok(());
            }
            stream.keep(changes);
        }
    }

    /// Compares what is shown with the database, and forgets the streams that nobody watches.
    async fn look(&self, reading: &mut Reading) {
        let watched: HashMap<HandoffId, i64> = {
            let mut streams = lock(&self.inner.streams);
            streams.retain(|_, stream| !stream.is_left());
            streams.iter().map(|(handoff, stream)| (*handoff, stream.known())).collect()
        };
        let heads = match store::changes::heads(&self.inner.pool, &watched.keys().copied().collect::<Vec<_>>()).await {
            Ok(heads) => heads,
            Err(error) => return tracing::warn!(%error, "could not look for missed changes"),
        };
        let mut listed = HashMap::with_capacity(heads.len());
        for found in heads {
            if watched.get(&found.handoff).is_some_and(|known| *known < found.head) {
                reading.add(found.handoff, self);
            }
            if found.listed {
                listed.insert(found.handoff, found.head);
            }
        }
        self.inner.lists.compare(&listed, self.inner.presence.sockets() > 0);
    }

    fn stream(&self, handoff: HandoffId) -> Option<Arc<Stream>> {
        lock(&self.inner.streams).get(&handoff).cloned()
    }

    /// Takes changes that this server has just committed from memory, so that its sockets need not wait for a read; call it before
    /// the wake-up. They must follow on what is known, without a hole: otherwise nothing happens, and the wake-up has them read.
    pub fn committed(&self, handoff: HandoffId, changes: Vec<Numbered>) {
        if let Some(stream) = self.stream(handoff)
            && changes.first().is_some_and(|first| first.number == stream.known() + 1)
        {
            stream.keep(changes);
        }
    }
}

impl Inner {
    fn tell_entry(&self, whom: For, entry: ListEntry) {
        match whom {
            For::Everybody => self.lists.tell_everybody(entry),
            For::People(people) => people.into_iter().for_each(|person| self.presence.tell(person, &entry)),
        }
    }
}

impl Reading {
    /// Has a handoff read if somebody watches it.
    fn add(&mut self, handoff: HandoffId, hub: &Hub) {
        if hub.stream(handoff).is_none() {
            return;
        }
        if self.now.contains(&handoff) {
            self.again.insert(handoff);
        } else if !self.waiting.contains(&handoff) {
            self.waiting.push_back(handoff);
        }
    }

    fn next(&mut self) -> Option<HandoffId> {
        let handoff = self.waiting.pop_front()?;
        self.now.insert(handoff);
        Some(handoff)
    }

    fn is_done(&mut self, handoff: HandoffId) {
        self.now.remove(&handoff);
        if self.again.remove(&handoff) {
            self.waiting.push_back(handoff);
        }
    }
}

fn encode(frame: &FromServer) -> Option<Utf8Bytes> {
    serde_json::to_string(frame).map(Utf8Bytes::from).inspect_err(|error| tracing::error!(%error, "a frame could not be written")).ok()
}

/// A lock whose holder panicked still guards plain data.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
