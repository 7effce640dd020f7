//! The lists: telling of entries that changed, and reading the lists for those who connect.
//!
//! An entry tells how a handoff is now, so however often one changes, those who list it are told some twenty times a second at most.
//! Many who connect at once (a server was lost) share one read: of the queue, which is the same for all, and of what is theirs.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::{Notify, broadcast, mpsc, oneshot};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{encode, lock};
use crate::live::frames::FromServer;
use crate::model::handoff::HandoffSummary;
use crate::model::ids::{HandoffId, PersonId};
use crate::store;
use crate::store::failure::Result;

/// How many entries a slow socket may be behind before it gets fresh lists.
const BACKLOG: usize = 1_024;
/// The shortest time between two tellings.
const PACE: Duration = Duration::from_millis(50);
/// How long to wait when the database did not answer.
const PAUSE: Duration = Duration::from_millis(500);
/// How many are read at once.
const AT_ONCE: usize = 500;

/// An entry of the lists, as it goes over the wire.
#[derive(Clone, Debug)]
pub struct ListEntry {
    pub summary: Arc<HandoffSummary>,
    pub text: Utf8Bytes,
}

/// Who has been told of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Audience {
    number: i64,
    /// Everybody, because it waits; or it is not known who.
    everybody: bool,
    owner: Option<PersonId>,
}

/// For whom an entry is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum For {
    Everybody,
    People(Vec<PersonId>),
}

/// Fresh lists of one person.
#[derive(Debug)]
pub struct Fresh {
    pub waiting: Arc<Vec<HandoffSummary>>,
    pub mine: Vec<HandoffSummary>,
}

type Answer = oneshot::Sender<Option<Fresh>>;

#[derive(Debug)]
pub(super) struct Lists {
    pool: PgPool,
    queue: broadcast::Sender<ListEntry>,
    told: Mutex<HashMap<HandoffId, Audience>>,
    changed: Mutex<HashSet<HandoffId>>,
    rung: Notify,
    asking: mpsc::UnboundedSender<(PersonId, Answer)>,
}

impl Lists {
    pub(super) fn new(pool: PgPool) -> (Self, mpsc::UnboundedReceiver<(PersonId, Answer)>) {
        let (asking, asked) = mpsc::unbounded_channel();
        let (queue, _) = broadcast::channel(BACKLOG);
        let lists = Self { pool, queue, told: Mutex::default(), changed: Mutex::default(), rung: Notify::new(), asking };
        (lists, asked)
    }

    /// Entries of the queue from now on.
    pub(super) fn queue(&self) -> broadcast::Receiver<ListEntry> {
        self.queue.subscribe()
    }

    /// The entries of these handoffs may have changed.
    pub(super) fn changed(&self, handoffs: impl IntoIterator<Item = HandoffId>) {
        lock(&self.changed).extend(handoffs);
        self.rung.notify_one();
    }

    /// The lists of somebody as they are now: read after this was asked. `None` when the database does not answer.
    pub(super) async fn fresh(&self, person: PersonId) -> Option<Fresh> {
        let (answer, answered) = oneshot::channel();
        self.asking.send((person, answer)).ok()?;
        answered.await.ok().flatten()
    }

    /// Answers those who ask for fresh lists: all who ask while one read is under way share the next.
    pub(super) async fn answer(&self, mut asked: mpsc::UnboundedReceiver<(PersonId, Answer)>) {
        let mut asking = Vec::new();
        while asked.recv_many(&mut asking, AT_ONCE).await > 0 {
            match self.read(&asking.iter().map(|(person, _)| *person).collect()).await {
                Ok((waiting, mut mine)) => {
                    // The same person may ask from several pages.
                    let mut left: HashMap<PersonId, usize> = HashMap::new();
                    for (person, _) in &asking {
                        *left.entry(*person).or_default() += 1;
                    }
                    for (person, answer) in asking.drain(..) {
                        let last = left.get_mut(&person).is_none_or(|left| {
                            *left -= 1;
                            *left == 0
                        });
                        let mine = if last { mine.remove(&person) } else { mine.get(&person).cloned() };
                        // Whoever asked may have left.
                        let _ = answer.send(Some(Fresh { waiting: waiting.clone(), mine: mine.unwrap_or_default() }));
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "could not read the lists");
                    // Dropped: each of them is told that there is no answer.
                    asking.clear();
                }
            }
        }
    }

    async fn read(&self, people: &HashSet<PersonId>) -> Result<(Arc<Vec<HandoffSummary>>, HashMap<PersonId, Vec<HandoffSummary>>)> {
        // The queue first: what is accepted in between is in both, and the later one is right.
        let waiting = store::summaries::waiting(&self.pool).await?;
        let mine = store::summaries::of_owners(&self.pool, &people.iter().copied().collect::<Vec<_>>()).await?;
        Ok((Arc::new(waiting), mine))
    }

    /// Reads what changed, and has it told.
    pub(super) async fn tell(&self, tell: impl Fn(For, ListEntry)) {
        loop {
            self.rung.notified().await;
            loop {
                let changed: Vec<_> = {
                    let mut changed = lock(&self.changed);
                    let some: Vec<_> = changed.iter().copied().take(AT_ONCE).collect();
                    for handoff in &some {
                        changed.remove(handoff);
                    }
                    some
                };
                if changed.is_empty() {
                    break;
                }
                match store::summaries::of(&self.pool, &changed).await {
                    Ok(summaries) => self.tell_all(summaries, &tell),
                    Err(error) => {
                        tracing::warn!(%error, "could not read entries of the lists");
                        lock(&self.changed).extend(changed);
                        tokio::time::sleep(PAUSE).await;
                    }
                }
                tokio::time::sleep(PACE).await;
            }
        }
    }

    fn tell_all(&self, summaries: Vec<HandoffSummary>, tell: &impl Fn(For, ListEntry)) {
        for summary in summaries {
            let Some(text) = encode(&FromServer::Summary { summary: Box::new(summary.clone()) }) else { continue };
            let whom = self.audience(&summary);
            tell(whom, ListEntry { summary: Arc::new(summary), text });
        }
    }

    /// Sends to all who show the queue.
    pub(super) fn tell_everybody(&self, entry: ListEntry) {
        // Nobody listening is no fault.
        let _ = self.queue.send(entry);
    }

    /// Who must be told: who lists it now, and who listed it before.
    fn audience(&self, summary: &HandoffSummary) -> For {
        let owner = summary.owner.as_ref().map(|owner| owner.id).filter(|_| !summary.put_away);
        let now = Audience { number: summary.number, everybody: summary.in_queue(), owner };
        let mut told = lock(&self.told);
        let is_listed = now.everybody || owner.is_some();
        let before = if is_listed { told.insert(summary.id, now) } else { told.remove(&summary.id) };
        match before {
            Some(before) if !before.everybody && !now.everybody => {
                let mut people: Vec<_> = before.owner.into_iter().chain(owner).collect();
                people.dedup();
                For::People(people)
            }
            _ => For::Everybody,
        }
    }

    /// Looks for entries that were not told as they are now: the heads of all handoffs that are listed somewhere.
    pub(super) fn compare(&self, heads: &HashMap<HandoffId, i64>, somebody_looks: bool) {
        let mut told = lock(&self.told);
        if !somebody_looks {
            // Whoever comes reads fresh lists.
            let unknown = |number: &i64| Audience { number: *number, everybody: true, owner: None };
            *told = heads.iter().map(|(handoff, number)| (*handoff, unknown(number))).collect();
            return;
        }
        let newer = heads.iter().filter(|(handoff, head)| told.get(handoff).is_none_or(|told| told.number < **head)).map(|(id, _)| *id);
        let gone = told.keys().filter(|handoff| !heads.contains_key(handoff)).copied();
        let behind: Vec<_> = newer.chain(gone).collect();
        drop(told);
        if !behind.is_empty() {
            self.changed(behind);
        }
    }
}
