//! What an agent sees of a call that has to wait: for its turn, or for a look at what Ada has.

use std::time::Duration;

use sqlx::{PgConnection, PgPool};

use super::changes::{self, What};
use super::deliveries::{self, Claimed, DeliveryState, Kind, Outcome};
use super::failure::Result;
use super::{lock, settle};
use crate::model::ids::MessageId;
use crate::model::message::MessageState;

/// A call whose turn is far off is put back as if it had not been taken, and whoever waits for it is told why.
pub async fn not_now(pool: &PgPool, claimed: &Claimed, wait: Duration, words: &str) -> Result<()> {
    let mut tx = pool.begin().await?;
    lock::handoff(&mut tx, claimed.handoff).await?;
    if deliveries::put_back(&mut tx, claimed, wait, words).await? {
        match (claimed.kind, claimed.message) {
            (Kind::Reply, Some(message)) => {
                let in_doubt = matches!(claimed.before, DeliveryState::Attempting | DeliveryState::Unclear);
                let state = if in_doubt { MessageState::Sending } else { MessageState::Queued };
                settle::tell(&mut tx, claimed, message, state, Some(words)).await?;
            }
            (Kind::EndHandoff | Kind::EndConversation, _) => end_waits(&mut tx, claimed, words).await?,
            (Kind::Metadata, _) => metadata_waits(&mut tx, claimed, words).await?,
            _ => {}
        }
    }
    tx.commit().await?;
    Ok(())
}

async fn end_waits(conn: &mut PgConnection, claimed: &Claimed, words: &str) -> Result<()> {
    let told = sqlx::query!(
        "update handoffs set end_problem = $2 where handoff_id = $1 and state = 'ending' and end_problem is distinct from $2",
        claimed.handoff.0,
        words
    )
    .execute(&mut *conn)
    .await?;
    if told.rows_affected() == 1 {
        changes::append(conn, claimed.handoff, What::Handoff).await?;
    }
    Ok(())
}

async fn metadata_waits(conn: &mut PgConnection, claimed: &Claimed, words: &str) -> Result<()> {
    let told = sqlx::query!(
        "update handoffs set metadata_problem = $2 where handoff_id = $1 and metadata_problem is distinct from $2",
        claimed.handoff.0,
        words
    )
    .execute(&mut *conn)
    .await?;
    if told.rows_affected() == 1 {
        changes::append(conn, claimed.handoff, What::Handoff).await?;
    }
    Ok(())
}

/// Ada's answer to a reply did not tell. The conversation is looked at after `look_in`; that the reply is not there means something only after
/// `absent_in`.
pub async fn in_doubt(
    pool: &PgPool,
    claimed: &Claimed,
    message: MessageId,
    look_in: Duration,
    absent_in: Duration,
    words: &str,
) -> Result<()> {
    let mut tx = pool.begin().await?;
    lock::handoff(&mut tx, claimed.handoff).await?;
    let outcome = Outcome::Later { wait: look_in, words: words.to_owned(), unclear: true };
    if deliveries::finish(&mut tx, claimed, &outcome).await? {
        deliveries::doubt(&mut tx, claimed, absent_in).await?;
        settle::tell(&mut tx, claimed, message, MessageState::Sending, Some(words)).await?;
    }
    tx.commit().await?;
    Ok(())
}
