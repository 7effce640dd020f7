//! The owner's wish to end, and putting an ended handoff out of sight.

use serde_json::{Value, json};
use sqlx::PgPool;

use super::changes::{self, What};
use super::deliveries::{self, Kind, Lane};
use super::failure::{Result, StoreError};
use super::{audit, lock, settle};
use crate::model::handoff::{EndWay, HandoffState, Move};
use crate::model::ids::HandoffId;
use crate::model::person::Person;

/// The longest outcome, in characters.
pub const OUTCOME_LIMIT: usize = 100;
/// The longest note, in characters: with the outcome it must leave room in Ada's 4 KB of metadata.
pub const NOTE_LIMIT: usize = 1_000;

/// Keeps outcome and note and owes Ada both: the metadata first, then the end. What was owed before goes out before.
pub async fn ask(pool: &PgPool, handoff: HandoffId, way: EndWay, outcome: &str, note: &str, me: &Person) -> Result<()> {
    let outcome = checked("Outcome", outcome, OUTCOME_LIMIT)?;
    let note = checked("Note", note, NOTE_LIMIT)?;
    let mut tx = pool.begin().await?;
    let locked = lock::handoff(&mut tx, handoff).await?;
    if locked.state == HandoffState::Ending {
        return Ok(());
    }
    if locked.state.after(Move::AskEnd).is_err() {
        let words = match locked.state {
            HandoffState::Waiting => "Accept the handoff before you end it.",
            _ => "This handoff is over already.",
        };
        return Err(StoreError::TooLate(words.to_owned()));
    }
    sqlx::query!(
        "update handoffs set state = 'ending', end_way = $2, end_asked_at = now(), end_asked_by = $3, outcome = $4, note = $5, end_problem = null
         where handoff_id = $1",
        handoff.0,
        match way {
            EndWay::ReturnToAi => "return_to_ai",
            EndWay::EndConversation => "end_conversation",
        },
        me.id.0,
        outcome,
        note
    )
    .execute(&mut *tx)
    .await?;
    if let Some(patch) = settle::end_metadata(outcome.as_deref(), note.as_deref()) {
        deliveries::owe(&mut tx, &locked, Lane::Talk, Kind::Metadata, None, patch).await?;
    }
    let kind = match way {
        EndWay::ReturnToAi => Kind::EndHandoff,
        EndWay::EndConversation => Kind::EndConversation,
    };
    deliveries::owe(&mut tx, &locked, Lane::Talk, kind, None, Value::Null).await?;
    audit::record(&mut tx, Some(me.id), "handoff.end", "handoff", &handoff.to_string(), json!({ "way": way, "outcome": outcome })).await?;
    changes::append(&mut tx, handoff, What::Handoff).await?;
    tx.commit().await?;
    Ok(())
}

fn checked(field: &str, text: &str, limit: usize) -> Result<Option<String>> {
    let text = text.trim().replace('\0', "\u{fffd}");
    match text.chars().count() {
        0 => Ok(None),
        length if length > limit => Err(StoreError::Invalid(format!("{field}: at most {limit} characters; this one has {length}."))),
        _ => Ok(Some(text)),
    }
}

/// Takes an ended handoff out of its owner's list.
pub async fn put_away(pool: &PgPool, handoff: HandoffId) -> Result<()> {
    let mut tx = pool.begin().await?;
    let locked = lock::handoff(&mut tx, handoff).await?;
    if locked.state.is_open() {
        return Err(StoreError::TooLate("End the handoff before you put it away.".to_owned()));
    }
    sqlx::query!("update handoffs set put_away_at = coalesce(put_away_at, now()) where handoff_id = $1", handoff.0)
        .execute(&mut *tx)
        .await?;
    changes::append(&mut tx, handoff, What::Handoff).await?;
    tx.commit().await?;
    Ok(())
}
