//! Applying again what could not be applied: after an upgrade, or once the reason is gone.

use sqlx::PgPool;
use thiserror::Error;

use super::{apply, event};
use crate::model::ids::HandoffId;
use crate::server::tenants::Tenants;
use crate::store::StoreError;
use crate::store::events::{Kept, Received};

/// Why an event still cannot be applied.
#[derive(Debug, Error)]
pub enum ReplayError {
    #[error("its AI agent is not connected any more")]
    NoAiAgent,
    #[error(transparent)]
    Unreadable(#[from] event::Unreadable),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Applies a kept event. What it cannot do leaves the event as it was.
pub async fn replay(pool: &PgPool, tenants: &Tenants, kept: &Kept) -> Result<Vec<HandoffId>, ReplayError> {
    let agent = tenants.by_id(kept.ai_agent).ok_or(ReplayError::NoAiAgent)?;
    let event = event::read(&kept.payload)?;
    let received =
        Received { ai_agent: agent.id, delivery: &kept.delivery, event_type: Some(&event.name), conversation: event.conversation() };
    Ok(apply::apply(pool, &agent, &event, received).await?.handoffs)
}
