//! Accepting a handoff: one owner, whatever races.

use serde_json::Value;
use sqlx::{PgConnection, PgPool};

use super::changes::{self, What};
use super::conversations::{self, Read};
use super::deliveries::{self, Kind, Lane};
use super::failure::{Result, StoreError};
use super::lock::{self, Locked};
use super::{audit, people};
use crate::model::handoff::Move;
use crate::model::ids::HandoffId;
use crate::model::person::Person;

/// Gives a waiting handoff to somebody, and owes the reads of what Ada knows about it. Accepting one's own again changes nothing.
pub async fn accept(pool: &PgPool, handoff: HandoffId, me: &Person) -> Result<()> {
    let mut tx = pool.begin().await?;
    let locked = lock::handoff(&mut tx, handoff).await?;
    if locked.state.after(Move::Accept).is_err() {
        return match locked.owner {
            Some(owner) if owner == me.id => Ok(()),
            Some(owner) => Err(StoreError::Taken { owner: people::reference(&mut tx, owner).await? }),
            None => Err(StoreError::TooLate("This handoff ended before anybody accepted it.".to_owned())),
        };
    }
    sqlx::query!("update handoffs set state = 'active', owner_id = $2, accepted_at = now() where handoff_id = $1", handoff.0, me.id.0)
        .execute(&mut *tx)
        .await?;
    owe_reads(&mut tx, &locked).await?;
    audit::record(&mut tx, Some(me.id), "handoff.accept", "handoff", &handoff.to_string(), Value::Null).await?;
    changes::append(&mut tx, handoff, What::Handoff).await?;
    tx.commit().await?;
    Ok(())
}

/// Reads what Ada knows once more, unless that is under way already.
pub async fn read_again(pool: &PgPool, handoff: HandoffId) -> Result<()> {
    let mut tx = pool.begin().await?;
    let locked = lock::handoff(&mut tx, handoff).await?;
    owe_reads(&mut tx, &locked).await?;
    changes::append(&mut tx, handoff, What::Handoff).await?;
    tx.commit().await?;
    Ok(())
}

async fn owe_reads(conn: &mut PgConnection, locked: &Locked) -> Result<()> {
    let under_way = sqlx::query_scalar!(
        "select kind from deliveries where handoff_id = $1 and kind in ('read_transcript', 'read_context') and finished_at is null",
        locked.handoff.0
    )
    .fetch_all(&mut *conn)
    .await?;
    for (kind, lane, reads) in [
        (Kind::ReadTranscript, Lane::Transcript, &[Read::Transcript][..]),
        (Kind::ReadContext, Lane::Context, &[Read::Metadata, Read::Profile][..]),
    ] {
        if under_way.iter().any(|known| known == kind.as_str()) {
            continue;
        }
        for read in reads {
            conversations::mark_read(conn, locked, *read, "loading", None).await?;
        }
        deliveries::owe(conn, locked, lane, kind, None, Value::Null).await?;
    }
    Ok(())
}
