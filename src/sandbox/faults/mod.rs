//! Faults that can be switched on, so that a desk can be tried against a bad day.

mod change;
mod dice;
mod http;
pub mod settings;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use time::Duration;

pub use dice::Dice;
pub use http::router;
pub use settings::{ApiFault, Endpoint, Headers, Limits, RetryAfter, Rule, Settings, Timestamps, Trigger, Webhooks, Word, word};

/// The faults of one sandbox, and the numbers by which draws are repeated.
#[derive(Clone, Default)]
pub struct Faults(Arc<Inner>);

#[derive(Default)]
struct Inner {
    settings: Mutex<Arc<Settings>>,
    counts: Mutex<Counts>,
}

/// Things are named by their place in their conversation, and conversations by the order in which they began: how
/// conversations interleave changes no draw.
#[derive(Default)]
struct Counts {
    conversations: HashMap<String, usize>,
    things: HashMap<(usize, &'static str), u64>,
}

impl Faults {
    /// What is switched on now.
    pub fn settings(&self) -> Arc<Settings> {
        self.lock().clone()
    }

    /// Draws for the next thing of this kind in this conversation, or outside of any.
    pub fn dice(&self, kind: &'static str, conversation: Option<&str>) -> Dice {
        let seed = self.lock().seed;
        let mut counts = self.0.counts.lock().unwrap_or_else(PoisonError::into_inner);
        // Nought is for what belongs to no conversation.
        let place = match conversation {
            Some(id) => {
                let next = counts.conversations.len() + 1;
                *counts.conversations.entry(id.to_owned()).or_insert(next)
            }
            None => 0,
        };
        let number = counts.things.entry((place, kind)).or_default();
        *number += 1;
        Dice::new(seed, format!("{kind}/{place}/{number}"))
    }

    /// By how much Ada's clock is ahead of ours.
    pub fn clock_offset(&self) -> Duration {
        Duration::milliseconds(self.lock().clock_offset_ms)
    }

    fn replace(&self, settings: Settings) {
        *self.lock() = Arc::new(settings);
    }

    fn lock(&self) -> MutexGuard<'_, Arc<Settings>> {
        self.0.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
