//! Applying again what could not be applied: after an upgrade, or once the reason is gone.

use sqlx::PgPool;
use thiserror::Error;

use super::{apply, event};
use crate::model::ids::{EventId, HandoffId};
use crate::server::state::AppState;
use crate::server::tenants::Tenants;
use crate::store::StoreError;
use crate::store::events::{self, Kept, Received, Trouble};

/// Why an event still cannot be applied.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// It is not kept, or it has been applied or laid aside since.
    #[error("it is not among the events that wait")]
    NotKept,
    #[error("its AI agent is not connected any more")]
    NoAiAgent,
    #[error(transparent)]
    Unreadable(#[from] event::Unreadable),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Applies one kept event and wakes whoever watches what it changed. Safe to repeat.
pub async fn replay_one(state: &AppState, id: EventId) -> Result<(), ReplayError> {
    let kept = events::one(&state.pool, id).await?.ok_or(ReplayError::NotKept)?;
    for handoff in replay(&state.pool, &state.tenants, &kept).await? {
        state.wake(handoff);
    }
    Ok(())
}

/// Applies a kept event. If that fails again it stays kept, with the reason of this time.
pub async fn replay(pool: &PgPool, tenants: &Tenants, kept: &Kept) -> Result<Vec<HandoffId>, ReplayError> {
    let agent = tenants.by_id(kept.ai_agent).ok_or(ReplayError::NoAiAgent)?;
    let event = match event::read(&kept.payload) {
        Ok(event) => event,
        Err(unreadable) => {
            events::still_fails(pool, kept.id, Trouble::Unreadable, &unreadable.reason).await?;
            return Err(unreadable.into());
        }
    };
    let received =
        Received { ai_agent: agent.id, delivery: &kept.delivery, event_type: Some(&event.name), conversation: event.conversation() };
    match apply::apply(pool, &agent, &event, received).await {
        Ok(applied) => Ok(applied.handoffs),
        Err(error) => {
            if !error.is_about_the_store() {
                events::still_fails(pool, kept.id, Trouble::Failed, &error.to_string()).await?;
            }
            Err(error.into())
        }
    }
}
