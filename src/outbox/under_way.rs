//! How many calls of each AI agent and class this server has under way: a slow one of one kind never holds up another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::budget::Budget;
use crate::model::ids::AiAgentId;
use crate::model::pace::Class;
use crate::store::deliveries::{Busy, Room};

/// The most calls of an AI agent that a server has under way at once: of talk, reads, sweeps and queue.
const PLACES: [i64; Class::ALL.len()] = [16, 6, 3, 1];

type Counts = Arc<Mutex<HashMap<(AiAgentId, Class), i64>>>;

#[derive(Clone, Debug, Default)]
pub struct UnderWay(Counts);

/// A call under way, until it is dropped.
pub struct Place {
    counts: Counts,
    of: (AiAgentId, Class),
}

impl UnderWay {
    pub fn begin(&self, ai_agent: AiAgentId, class: Class) -> Place {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry((ai_agent, class)).or_default() += 1;
        Place { counts: self.0.clone(), of: (ai_agent, class) }
    }

    /// What this server can take on.
    pub fn room(&self, budget: &Budget) -> Room {
        let shut = budget.shut();
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for of in &shut {
            counts.entry(*of).or_default();
        }
        let busy = counts
            .into_iter()
            .map(|((ai_agent, class), calls)| Busy { ai_agent, class, calls, shut: shut.contains(&(ai_agent, class)) })
            .collect();
        Room { places: PLACES, busy }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(calls) = counts.get_mut(&self.of) {
            *calls -= 1;
            if *calls <= 0 {
                counts.remove(&self.of);
            }
        }
    }
}
