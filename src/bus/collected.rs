//! Wake-ups that wait to leave: each once, however often it was asked for, so that waiting costs little memory.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::Wake;

/// How many different wake-ups may wait before one that means all of them takes their place.
const MOST_WAITING: usize = 20_000;
/// How many leave in one message: a notification of Postgres holds 8,000 bytes, a word takes at most 34.
const MOST_AT_ONCE: usize = 200;

#[derive(Debug, Default)]
pub(super) struct Collected {
    waiting: Mutex<HashSet<Wake>>,
    rung: Notify,
}

impl Collected {
    pub(super) fn add(&self, wake: Wake) {
        self.extend([wake]);
    }

    /// Takes back what could not leave.
    pub(super) fn extend(&self, wakes: impl IntoIterator<Item = Wake>) {
        let mut waiting = self.lock();
        waiting.extend(wakes);
        if waiting.len() > MOST_WAITING {
            waiting.clear();
            waiting.insert(Wake::Everything);
        }
        drop(waiting);
        self.rung.notify_one();
    }

    /// What waits, as far as it fits into one message; waits until there is something. Giving up the wait loses nothing.
    pub(super) async fn take(&self) -> Vec<Wake> {
        loop {
            let taken = self.take_now();
            if !taken.is_empty() {
                return taken;
            }
            self.rung.notified().await;
        }
    }

    fn take_now(&self) -> Vec<Wake> {
        let mut waiting = self.lock();
        if waiting.len() <= MOST_AT_ONCE {
            return waiting.drain().collect();
        }
        let taken: Vec<_> = waiting.iter().copied().take(MOST_AT_ONCE).collect();
        for wake in &taken {
            waiting.remove(wake);
        }
        taken
    }

    /// A lock whose holder panicked still guards plain data.
    fn lock(&self) -> MutexGuard<'_, HashSet<Wake>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One message: who sends it, and a word for each wake-up.
pub(super) fn message(server: &str, wakes: &[Wake]) -> String {
    wakes.iter().fold(server.to_owned(), |text, wake| text + " " + &wake.encode())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::HandoffId;

    #[tokio::test]
    async fn each_leaves_once_and_all_of_them_leave() {
        let collected = Collected::default();
        let handoffs: Vec<_> = (0..=MOST_AT_ONCE * 2).map(|_| Wake::Handoff(HandoffId::new())).collect();
        for _ in 0..3 {
            collected.extend(handoffs.iter().copied());
        }
        let mut left = Vec::new();
        while left.len() < handoffs.len() {
            let taken = collected.take().await;
            assert!(taken.len() <= MOST_AT_ONCE && message("0123456789abcdef0123456789abcdef", &taken).len() < 8_000);
            left.extend(taken);
        }
        assert_eq!(left.iter().collect::<HashSet<_>>(), handoffs.iter().collect());
        assert!(collected.take_now().is_empty());
    }

    #[tokio::test]
    async fn too_many_become_one_that_means_all() {
        let collected = Collected::default();
        collected.extend((0..=MOST_WAITING).map(|_| Wake::Handoff(HandoffId::new())));
        assert_eq!(collected.take().await, [Wake::Everything]);
    }
}
