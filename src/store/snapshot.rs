//! One handoff as a whole, read at one moment.

use sqlx::PgPool;

use super::failure::Result;
use super::{messages, rows};
use crate::model::change::HandoffSnapshot;
use crate::model::ids::HandoffId;

/// The handoff with its transcript. All parts are of one moment, so that `number` says exactly what is in it.
pub async fn handoff(pool: &PgPool, handoff: HandoffId) -> Result<HandoffSnapshot> {
    let mut tx = pool.begin().await?;
    sqlx::query!("set transaction isolation level repeatable read, read only").execute(&mut *tx).await?;
    let detail = rows::detail(&mut tx, handoff).await?;
    let messages = messages::of_handoff(&mut tx, handoff).await?;
    tx.commit().await?;
    Ok(HandoffSnapshot { number: detail.summary.number, detail, messages })
}
