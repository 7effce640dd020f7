//! Whether Ada answers, as the calls of one client have shown it lately.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What the last calls have shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Since when no call got an answer, or only faults of Ada's; absent while calls are answered.
    pub failing_since: Option<Instant>,
    /// How many calls have failed in a row.
    pub failures: u32,
    /// The last answer refused the key.
    pub key_refused: bool,
    /// A call has been answered, in whatever way.
    pub answered: bool,
    /// How long the time without answers was that ended last, until it is asked for.
    recovered_after: Option<Duration>,
}

/// What is known of Ada's health, shared by all clones of a client.
#[derive(Debug, Default)]
pub(super) struct Watch(Mutex<Health>);

impl Watch {
    /// Ada answered with this status.
    pub(super) fn answered(&self, status: u16) {
        if status >= 500 {
            return self.failed();
        }
        self.change(|health| {
            if let Some(since) = health.failing_since.take() {
                health.recovered_after = Some(since.elapsed());
            }
            health.failures = 0;
            health.answered = true;
            health.key_refused = matches!(status, 401 | 403);
        });
    }

    /// No answer came, or one that only tells of a fault of Ada's.
    pub(super) fn failed(&self) {
        self.change(|health| {
            health.failing_since.get_or_insert_with(Instant::now);
            health.failures = health.failures.saturating_add(1);
        });
    }

    pub(super) fn look(&self) -> (Health, Option<Duration>) {
        self.change(|health| (*health, health.recovered_after.take()))
    }

    fn change<T>(&self, change: impl FnOnce(&mut Health) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recovery_is_told_once() {
        let watch = Watch::default();
        watch.failed();
        watch.answered(503);
        let (health, recovered) = watch.look();
        assert_eq!((health.failures, health.failing_since.is_some(), recovered), (2, true, None));
        watch.answered(200);
        let (health, recovered) = watch.look();
        assert!(health.failing_since.is_none() && health.answered && recovered.is_some());
        assert_eq!(watch.look().1, None);
    }

    #[test]
    fn a_refused_key_is_no_outage() {
        let watch = Watch::default();
        watch.answered(401);
        assert!(watch.look().0.key_refused && watch.look().0.failing_since.is_none());
        watch.answered(404);
        assert!(!watch.look().0.key_refused);
    }
}
