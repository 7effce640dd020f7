//! Who has the desk open on this server, and what is for one of them alone.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::{Notify, broadcast};

use super::lists::ListEntry;
use super::lock;
use crate::model::ids::PersonId;
use crate::store;

/// How often it is noted who is there.
const NOTE: Duration = Duration::from_secs(15);
/// Those who arrive within this time are noted together.
const GATHER: Duration = Duration::from_millis(100);
/// How many words for one person a slow socket may be behind before it gets fresh lists and looks at its session.
const BACKLOG: usize = 32;

/// What is said to the sockets of one person.
#[derive(Clone, Debug)]
pub enum Personal {
    /// An entry of their own list.
    Entry(ListEntry),
    /// Their sessions or rights may have ended.
    CheckSession,
    /// The same, but it is not known of whom: in their own time, not all at once.
    CheckSessionSoon,
}

#[derive(Debug, Default)]
pub(super) struct Presence {
    people: Mutex<HashMap<PersonId, Sockets>>,
    /// Who came and is not noted yet.
    arrived: Mutex<HashSet<PersonId>>,
    rung: Notify,
}

#[derive(Debug)]
struct Sockets {
    count: usize,
    words: broadcast::Sender<Personal>,
}

/// A person's open socket; they are gone when it is dropped.
#[derive(Debug)]
pub struct Present {
    presence: Arc<Presence>,
    person: PersonId,
    /// What is said to them.
    pub words: broadcast::Receiver<Personal>,
}

impl Drop for Present {
    fn drop(&mut self) {
        let mut people = lock(&self.presence.people);
        if let Some(sockets) = people.get_mut(&self.person) {
            sockets.count -= 1;
            if sockets.count == 0 {
                people.remove(&self.person);
            }
        }
    }
}

impl Presence {
    pub(super) fn arrive(this: &Arc<Self>, person: PersonId) -> Present {
        let mut people = lock(&this.people);
        let sockets = people.entry(person).or_insert_with(|| Sockets { count: 0, words: broadcast::Sender::new(BACKLOG) });
        sockets.count += 1;
        let words = sockets.words.subscribe();
        if sockets.count == 1 {
            lock(&this.arrived).insert(person);
            this.rung.notify_one();
        }
        drop(people);
        Present { presence: this.clone(), person, words }
    }

    pub(super) fn sockets(&self) -> usize {
        lock(&self.people).values().map(|sockets| sockets.count).sum()
    }

    pub(super) fn tell(&self, person: PersonId, entry: &ListEntry) {
        self.say(person, Personal::Entry(entry.clone()));
    }

    pub(super) fn check_session(&self, person: PersonId) {
        self.say(person, Personal::CheckSession);
    }

    /// Word that somebody's session ended may have been lost.
    pub(super) fn check_all_sessions(&self) {
        for sockets in lock(&self.people).values() {
            let _ = sockets.words.send(Personal::CheckSessionSoon);
        }
    }

    fn say(&self, person: PersonId, word: Personal) {
        if let Some(sockets) = lock(&self.people).get(&person) {
            // Who leaves in this moment needs to hear nothing.
            let _ = sockets.words.send(word);
        }
    }

    /// Notes who is there: those who arrive soon, together, and all of them now and then.
    pub(super) async fn note(&self, pool: &PgPool) {
        let mut all = tokio::time::interval(NOTE);
        all.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let people: Vec<_> = tokio::select! {
                _ = all.tick() => lock(&self.people).keys().copied().collect(),
                () = self.rung.notified() => {
                    tokio::time::sleep(GATHER).await;
                    lock(&self.arrived).drain().collect()
                }
            };
            if !people.is_empty()
                && let Err(error) = store::people::seen(pool, &people).await
            {
                tracing::warn!(%error, "could not note who is there");
            }
        }
    }
}
