//! What administrators have done with kept events.

use std::time::Duration;

use tokio::time::Instant;

use super::state::AppState;
use crate::intake::replay::{self, ReplayError};
use crate::model::ids::EventId;
use crate::model::kept_event::{Replayed, Swept};
use crate::model::person::Person;
use crate::store::{self, StoreError};

/// How long one call goes on with the next event.
const PATIENCE: Duration = Duration::from_secs(3);

/// Applies one event again, for somebody.
pub async fn replay(state: &AppState, by: &Person, event: EventId) -> Result<Replayed, StoreError> {
    let replayed = apply(state, event).await?;
    if replayed != Replayed::Gone {
        store::kept_events::note(&state.pool, by.id, "event.replay", event).await?;
    }
    Ok(replayed)
}

/// Applies events again, the oldest first, beginning after one of them.
pub async fn replay_from(state: &AppState, by: &Person, after: Option<EventId>) -> Result<Swept, StoreError> {
    let begun = Instant::now();
    // They are received in the order of their ids, but for what two servers do in the same millisecond.
    let mut waiting = store::events::unapplied_ids(&state.pool).await?;
    waiting.sort_unstable();
    let mut left = waiting.into_iter().filter(|id| after.is_none_or(|after| *id > after)).peekable();
    let mut swept = Swept { last: after, ..Swept::default() };
    while let Some(event) = left.next() {
        match replay(state, by, event).await? {
            Replayed::Applied => swept.applied += 1,
            Replayed::Kept { .. } => swept.kept += 1,
            Replayed::Gone => {}
        }
        swept.last = Some(event);
        if begun.elapsed() >= PATIENCE {
            break;
        }
    }
    swept.more = left.peek().is_some();
    Ok(swept)
}

async fn apply(state: &AppState, event: EventId) -> Result<Replayed, StoreError> {
    match replay::replay_one(state, event).await {
        Ok(()) => Ok(Replayed::Applied),
        Err(ReplayError::NotKept) => Ok(Replayed::Gone),
        Err(ReplayError::Store(error)) if error.is_about_the_store() => Err(error),
        Err(error) => Ok(Replayed::Kept { reason: error.to_string() }),
    }
}
