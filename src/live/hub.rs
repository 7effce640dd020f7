//! Which sockets of this server watch what, and the recent changes that they share.
//!
//! For each watched handoff there is one [`Stream`]: the number of its last known change and a short list of the newest changes, read
//! from the database once however many watch. A socket keeps its own number and takes what it lacks, from the list or from the
//! database: nothing queues up per socket, so a slow one costs no memory and skips nothing.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::{broadcast, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::frames::FromServer;
use crate::bus::{self, Bus, Wake};
use crate::model::change::{Change, Numbered};
use crate::model::handoff::HandoffSummary;
use crate::model::ids::{HandoffId, PersonId};
use crate::people::may::Facts;
use crate::store;

/// How many of the newest changes of a watched handoff are kept at hand.
const RECENT: usize = 256;
/// How many changes are read from the database at once.
const AT_ONCE: i64 = 200;
/// How many list entries a slow socket may be behind before it gets fresh lists.
const LISTS_BACKLOG: usize = 1_024;
/// How many handoffs are read at once after wake-ups.
const READERS: usize = 6;
/// How often heads are compared with the database, for wake-ups that were lost.
const LOOK: Duration = Duration::from_secs(5);
/// How often it is noted who is there.
const PRESENCE: Duration = Duration::from_secs(15);

/// A change as it goes over the wire, made once for all who watch.
#[derive(Clone, Debug)]
pub struct Told {
    pub number: i64,
    pub text: Arc<str>,
    /// Whose the handoff is now, where the change tells it.
    pub facts: Option<Facts>,
}

/// What a change tells of the handoff that rights depend on.
pub fn facts(change: &Change) -> Option<Facts> {
    match change {
        Change::Handoff { detail } => {
            Some(Facts { state: detail.summary.state, owner: detail.summary.owner.as_ref().map(|owner| owner.id) })
        }
        _ => None,
    }
}

/// A handoff that somebody watches.
#[derive(Debug)]
pub struct Stream {
    head: watch::Sender<i64>,
    recent: Mutex<VecDeque<Told>>,
}

impl Stream {
    /// Tells when there is more.
    pub fn head(&self) -> watch::Receiver<i64> {
        self.head.subscribe()
    }

    /// The changes after a number, if they are at hand without a hole.
    pub fn recent_after(&self, number: i64) -> Option<Vec<Told>> {
        let recent = lock(&self.recent);
        let first = recent.front()?.number;
        (first <= number + 1).then(|| recent.iter().filter(|told| told.number > number).cloned().collect())
    }
}

impl Stream {
    fn keep(&self, changes: Vec<Numbered>) {
        let mut recent = lock(&self.recent);
        for numbered in changes {
            let (number, facts) = (numbered.number, facts(&numbered.change));
            // A hole would hide changes: start over behind it.
            if recent.back().is_some_and(|last| last.number + 1 != number) {
                recent.clear();
            }
            if let Some(text) = encode(&FromServer::Change { numbered: Box::new(numbered) }) {
                recent.push_back(Told { number, text, facts });
            }
            if recent.len() > RECENT {
                recent.pop_front();
            }
        }
    }
}

/// An entry of the lists, as it goes over the wire.
#[derive(Clone, Debug)]
pub struct ListEntry {
    pub summary: Arc<HandoffSummary>,
    pub text: Arc<str>,
}

/// The sockets of this server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Hub {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    pool: PgPool,
    streams: Mutex<HashMap<HandoffId, Arc<Stream>>>,
    people: Mutex<HashMap<PersonId, usize>>,
    lists: broadcast::Sender<ListEntry>,
}

/// A person's open socket; they are gone when it is dropped.
#[derive(Debug)]
pub struct Present {
    hub: Hub,
    person: PersonId,
}

impl Drop for Present {
    fn drop(&mut self) {
        let mut people = lock(&self.hub.inner.people);
        if let Some(count) = people.get_mut(&self.person) {
            *count -= 1;
            if *count == 0 {
                people.remove(&self.person);
            }
        }
    }
}

impl Hub {
    /// Starts the task that turns wake-ups into changes, until `stop`.
    pub fn start(pool: PgPool, bus: &Bus, stop: CancellationToken) -> Self {
        let (lists, _) = broadcast::channel(LISTS_BACKLOG);
        let inner = Inner { pool, streams: Mutex::default(), people: Mutex::default(), lists };
        let hub = Self { inner: Arc::new(inner) };
        tokio::spawn(hub.clone().run(bus.listen(), stop.clone()));
        tokio::spawn(hub.clone().note_presence(stop));
        hub
    }

    /// Counts a socket of somebody as open.
    pub fn arrive(&self, person: PersonId) -> Present {
        *lock(&self.inner.people).entry(person).or_default() += 1;
        Present { hub: self.clone(), person }
    }

    /// How many sockets are open.
    pub fn sockets(&self) -> usize {
        lock(&self.inner.people).values().sum()
    }

    /// Entries of the lists from now on.
    pub fn lists(&self) -> broadcast::Receiver<ListEntry> {
        self.inner.lists.subscribe()
    }

    /// The stream of a handoff. Subscribe first, then read: what commits from now on will raise its head.
    pub async fn watch(&self, handoff: HandoffId) -> store::failure::Result<Arc<Stream>> {
        let stream = lock(&self.inner.streams)
            .entry(handoff)
            .or_insert_with(|| Arc::new(Stream { head: watch::Sender::new(0), recent: Mutex::default() }))
            .clone();
        let head = store::changes::head(&self.inner.pool, handoff).await?;
        stream.head.send_if_modified(|known| {
            let raised = *known < head;
            *known = head.max(*known);
            raised
        });
        Ok(stream)
    }

    async fn run(self, mut wakes: broadcast::Receiver<Wake>, stop: CancellationToken) {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        // What is being read, and what was woken again meanwhile.
        let mut reading: HashSet<HandoffId> = HashSet::new();
        let mut again: HashSet<HandoffId> = HashSet::new();
        let mut waiting: VecDeque<HandoffId> = VecDeque::new();
        let mut readers: JoinSet<HandoffId> = JoinSet::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                wake = bus::next(&mut wakes) => match wake {
                    Some(Wake::Handoff(handoff)) => queue(handoff, &reading, &mut again, &mut waiting),
                    Some(Wake::Everything) => {
                        for handoff in self.behind().await {
                            queue(handoff, &reading, &mut again, &mut waiting);
                        }
                    }
                    Some(Wake::Person(_) | Wake::AiAgents) => {}
                    None => return,
                },
                _ = look.tick() => {
                    for handoff in self.behind().await {
                        queue(handoff, &reading, &mut again, &mut waiting);
                    }
                }
                Some(done) = readers.join_next() => {
                    if let Ok(handoff) = done {
                        reading.remove(&handoff);
                        if again.remove(&handoff) {
                            waiting.push_back(handoff);
                        }
                    }
                }
            }
            while reading.len() < READERS
                && let Some(handoff) = waiting.pop_front()
            {
                reading.insert(handoff);
                let hub = self.clone();
                readers.spawn(async move {
                    hub.tell(handoff).await;
                    handoff
                });
            }
        }
    }

    /// Reads what is new of a handoff, for those who watch it and for the lists.
    async fn tell(&self, handoff: HandoffId) {
        let stream = lock(&self.inner.streams).get(&handoff).cloned();
        if let Some(stream) = stream
            && let Err(error) = self.tell_stream(handoff, &stream).await
        {
            tracing::warn!(%error, %handoff, "could not read the changes of a handoff");
        }
        if self.inner.lists.receiver_count() > 0 {
            match store::summaries::of(&self.inner.pool, handoff).await {
                Ok(summary) => {
                    if let Some(text) = encode(&FromServer::Summary { summary: Box::new(summary.clone()) }) {
                        let _ = self.inner.lists.send(ListEntry { summary: Arc::new(summary), text });
                    }
                }
                Err(error) => tracing::warn!(%error, %handoff, "could not read the list entry of a handoff"),
            }
        }
    }

    async fn tell_stream(&self, handoff: HandoffId, stream: &Stream) -> store::failure::Result<()> {
        loop {
            let known = *stream.head.borrow();
            let changes = store::changes::after(&self.inner.pool, handoff, known, AT_ONCE).await?;
            let Some(head) = changes.last().map(|change| change.number) else { return Ok(()) };
            stream.keep(changes);
            stream.head.send_if_modified(|known| {
                let raised = *known < head;
                *known = head.max(*known);
                raised
            });
        }
    }

    /// The handoffs whose changes this server may not know, and forgets the streams that nobody watches.
    async fn behind(&self) -> Vec<HandoffId> {
        let known: HashMap<HandoffId, i64> = {
            let mut streams = lock(&self.inner.streams);
            streams.retain(|_, stream| Arc::strong_count(stream) > 1 || stream.head.receiver_count() > 0);
            streams.iter().map(|(handoff, stream)| (*handoff, *stream.head.borrow())).collect()
        };
        match store::changes::recent_heads(&self.inner.pool, LOOK * 3).await {
            Ok(heads) => heads.into_iter().filter(|(id, head)| known.get(id).is_none_or(|known| known < head)).map(|(id, _)| id).collect(),
            Err(error) => {
                tracing::warn!(%error, "could not look for missed changes");
                Vec::new()
            }
        }
    }

    async fn note_presence(self, stop: CancellationToken) {
        let mut tick = tokio::time::interval(PRESENCE);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = tick.tick() => {}
            }
            let people: Vec<_> = lock(&self.inner.people).keys().copied().collect();
            if !people.is_empty()
                && let Err(error) = store::people::seen(&self.inner.pool, &people).await
            {
                tracing::warn!(%error, "could not note who is there");
            }
        }
    }
}

fn queue(handoff: HandoffId, reading: &HashSet<HandoffId>, again: &mut HashSet<HandoffId>, waiting: &mut VecDeque<HandoffId>) {
    if reading.contains(&handoff) {
        again.insert(handoff);
    } else if !waiting.contains(&handoff) {
        waiting.push_back(handoff);
    }
}

fn encode(frame: &FromServer) -> Option<Arc<str>> {
    serde_json::to_string(frame).map(Arc::from).inspect_err(|error| tracing::error!(%error, "a frame could not be written")).ok()
}

/// A lock whose holder panicked still guards plain data.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
