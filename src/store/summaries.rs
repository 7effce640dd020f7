//! The lists of the desk.

use sqlx::PgPool;
use time::OffsetDateTime;

use super::failure::{Result, StoreError};
use super::rows::select_rows;
use crate::model::change::DeskSnapshot;
use crate::model::handoff::HandoffSummary;
use crate::model::ids::HandoffId;
use crate::model::person::Person;

/// The most waiting handoffs that a list shows; the oldest come first.
const MOST: i64 = 500;

/// What somebody's desk shows: what waits, and what is theirs.
pub async fn desk(pool: &PgPool, me: &Person) -> Result<DeskSnapshot> {
    let waiting = select_rows!("where state = 'waiting' order by handed_off_at, handoff_id limit $1", MOST).fetch_all(pool).await?;
    let mine = select_rows!("where owner_id = $1 and put_away_at is null order by handed_off_at, handoff_id limit $2", me.id.0, MOST)
        .fetch_all(pool)
        .await?;
    let handoffs = waiting.into_iter().chain(mine).map(super::rows::Row::into_summary).collect();
    Ok(DeskSnapshot { me: me.clone(), handoffs, now: crate::model::stamp::whole_micros(OffsetDateTime::now_utc()) })
}

/// One entry of the lists.
pub async fn of(pool: &PgPool, handoff: HandoffId) -> Result<HandoffSummary> {
    let row = select_rows!("where handoff_id = $1", handoff.0).fetch_optional(pool).await?;
    Ok(row.ok_or(StoreError::NotFound)?.into_summary())
}
