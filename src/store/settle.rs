//! What came of a call to Ada, written into the desk's facts together with the delivery itself.

use std::time::Duration;

use serde_json::json;
use sqlx::PgPool;

use super::changes::{self, What};
use super::conversations::{self, Profile, Read};
use super::deliveries::{self, Claimed, Kind, Outcome};
use super::failure::Result;
use super::handoffs::{self, End};
use super::lock::{self, Locked};
use super::record::{self, Incoming, Place};
use crate::model::handoff::EndCause;
use crate::model::ids::{AdaMessageId, EndUserId, MessageId};
use crate::model::message::MessageState;
use crate::model::metadata::Metadata;
use crate::model::stamp::Stamp;
use crate::model::timeline;

/// Ada took a reply.
pub async fn reply_sent(
    pool: &PgPool,
    claimed: &Claimed,
    message: MessageId,
    posted: &AdaMessageId,
    created_at: Option<Stamp>,
) -> Result<()> {
    let mut tx = pool.begin().await?;
    let locked = lock::handoff(&mut tx, claimed.handoff).await?;
    let double = record::remove_double(&mut tx, &locked, message, posted.as_str()).await?;
    let echoed = double.is_some();
    let (told_by_double, place_of_double) = double.unwrap_or_default();
    // The echo may have come first: what it told and what the answer tells make one, whichever came first.
    let known = sqlx::query!(
        "select ada_created_at, ada_created_fine, event_at, event_fine, listed_at from messages where message_id = $1",
        message.0
    )
    .fetch_one(&mut *tx)
    .await?;
    let told = (
        known.ada_created_at.map(|at| Stamp { at, fine: known.ada_created_fine }),
        known.event_at.map(|at| Stamp { at, fine: known.event_fine }),
    );
    let told = timeline::merge_facts(told, told_by_double);
    let (created_at, event_at) = timeline::merge_facts(told, (created_at, None));
    sqlx::query!(
        "update messages set state = 'sent', problem = null, posted_id = $2, ada_message_id = coalesce(ada_message_id, $2), echoed = echoed or $3,
            ada_created_at = $4, ada_created_fine = $5, event_at = $6, event_fine = $7, sorts_at = coalesce($8, sorts_at, recorded_at),
            listed_at = $9, revision = revision + 1
         where message_id = $1",
        message.0,
        posted.as_str(),
        echoed,
        created_at.map(|stamp| stamp.at),
        created_at.is_some_and(|stamp| stamp.fine),
        event_at.map(|stamp| stamp.at),
        event_at.is_some_and(|stamp| stamp.fine),
        timeline::ada_time(created_at, event_at),
        timeline::merge_places(known.listed_at, place_of_double)
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!("update handoffs set first_reply_at = coalesce(first_reply_at, now()) where handoff_id = $1", claimed.handoff.0)
        .execute(&mut *tx)
        .await?;
    changes::append(&mut tx, claimed.handoff, What::Message(message)).await?;
    changes::append(&mut tx, claimed.handoff, What::Handoff).await?;
    deliveries::finish(&mut tx, claimed, &Outcome::Done).await?;
    tx.commit().await?;
    Ok(())
}

/// A reply was found at Ada when the conversation was read back, or will never be sent: only the delivery is left to close.
pub async fn reply_settled(pool: &PgPool, claimed: &Claimed) -> Result<()> {
    let mut conn = pool.acquire().await?;
    deliveries::finish(&mut conn, claimed, &Outcome::Done).await?;
    Ok(())
}

/// A reply was not sent, and the desk will not try again by itself. If Ada said so because the handoff is over, it ends here too.
pub async fn reply_failed(
    pool: &PgPool,
    claimed: &Claimed,
    message: MessageId,
    state: MessageState,
    words: &str,
    over: bool,
) -> Result<()> {
    let mut tx = pool.begin().await?;
    let locked = lock::handoff(&mut tx, claimed.handoff).await?;
    if deliveries::finish(&mut tx, claimed, &Outcome::Failed(words.to_owned())).await? {
        tell(&mut tx, claimed, message, state, Some(words)).await?;
    }
    if over {
        found_over(&mut tx, &locked, words).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// A reply waits for another attempt.
pub async fn reply_later(pool: &PgPool, claimed: &Claimed, message: MessageId, wait: Duration, words: &str, unclear: bool) -> Result<()> {
    let mut tx = pool.begin().await?;
    lock::handoff(&mut tx, claimed.handoff).await?;
    let outcome = Outcome::Later { wait, words: words.to_owned(), unclear };
    if deliveries::finish(&mut tx, claimed, &outcome).await? {
        let state = if unclear { MessageState::Sending } else { MessageState::Queued };
        tell(&mut tx, claimed, message, state, Some(words)).await?;
    }
    tx.commit().await?;
    Ok(())
}

pub(super) async fn tell(
    conn: &mut sqlx::PgConnection,
    claimed: &Claimed,
    message: MessageId,
    state: MessageState,
    problem: Option<&str>,
) -> Result<()> {
    let told = sqlx::query!(
        "update messages set state = $2, problem = $3, revision = revision + 1
         where message_id = $1 and state in ('queued', 'sending') and discarded_at is null and (state, problem) is distinct from ($2, $3)",
        message.0,
        state.as_str(),
        problem
    )
    .execute(&mut *conn)
    .await?;
    if told.rows_affected() == 1 {
        changes::append(conn, claimed.handoff, What::Message(message)).await?;
    }
    Ok(())
}

async fn found_over(conn: &mut sqlx::PgConnection, locked: &Locked, words: &str) -> Result<()> {
    let end = End { cause: EndCause::FoundOver, by: None, detail: Some(words.to_owned()), from_event: false, said_at: None };
    handoffs::end(conn, locked, &end).await?;
    Ok(())
}

/// Ada ended what its owner wanted ended, or says that it was over already.
pub async fn ended(pool: &PgPool, claimed: &Claimed, detail: Option<&str>) -> Result<()> {
    let mut tx = pool.begin().await?;
    let locked = lock::handoff(&mut tx, claimed.handoff).await?;
    let cause = if claimed.kind == Kind::EndConversation { EndCause::ConversationEnded } else { EndCause::ReturnedToAi };
    let end = End { cause, by: locked.end_asked_by, detail: detail.map(str::to_owned), from_event: false, said_at: None };
    handoffs::end(&mut tx, &locked, &end).await?;
    deliveries::finish(&mut tx, claimed, &Outcome::Done).await?;
    tx.commit().await?;
    Ok(())
}

/// The asked end has not happened yet; the owner sees why.
pub async fn end_later(pool: &PgPool, claimed: &Claimed, wait: Duration, words: &str) -> Result<()> {
    let mut tx = pool.begin().await?;
    lock::handoff(&mut tx, claimed.handoff).await?;
    if deliveries::finish(&mut tx, claimed, &Outcome::Later { wait, words: words.to_owned(), unclear: false }).await? {
        sqlx::query!("update handoffs set end_problem = $2 where handoff_id = $1 and state = 'ending'", claimed.handoff.0, words)
            .execute(&mut *tx)
            .await?;
        changes::append(&mut tx, claimed.handoff, What::Handoff).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Ada has this metadata now.
pub async fn metadata_written(pool: &PgPool, claimed: &Claimed, metadata: &Metadata) -> Result<()> {
    let mut tx = pool.begin().await?;
    let locked = lock::handoff(&mut tx, claimed.handoff).await?;
    conversations::keep_metadata(&mut tx, locked.conversation, metadata).await?;
    sqlx::query!("update handoffs set metadata_problem = null where handoff_id = $1", claimed.handoff.0).execute(&mut *tx).await?;
    deliveries::finish(&mut tx, claimed, &Outcome::Done).await?;
    changes::append(&mut tx, claimed.handoff, What::Handoff).await?;
    tx.commit().await?;
    Ok(())
}

/// A change of metadata did not reach Ada. `again` if it is worth another attempt: it then goes on beside the conversation, so that it
/// never holds up the end.
pub async fn metadata_failed(pool: &PgPool, claimed: &Claimed, words: &str, again: Option<Duration>) -> Result<()> {
    let mut tx = pool.begin().await?;
    lock::handoff(&mut tx, claimed.handoff).await?;
    let outcome = match again {
        Some(wait) => Outcome::Later { wait, words: words.to_owned(), unclear: false },
        None => Outcome::Failed(words.to_owned()),
    };
    if deliveries::finish(&mut tx, claimed, &outcome).await? {
        if again.is_some() {
            deliveries::step_aside(&mut tx, claimed).await?;
        }
        sqlx::query!("update handoffs set metadata_problem = $2 where handoff_id = $1", claimed.handoff.0, words).execute(&mut *tx).await?;
        changes::append(&mut tx, claimed.handoff, What::Handoff).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// What Ada knows of the conversation and its end user, each as far as it could be read.
#[derive(Clone, Debug)]
pub struct Context {
    pub metadata: std::result::Result<Metadata, String>,
    pub end_user: Option<EndUserId>,
    pub profile: std::result::Result<Profile, String>,
}

/// The context was read, at least as far as it could be.
pub async fn context_read(pool: &PgPool, claimed: &Claimed, context: &Context) -> Result<()> {
    let mut tx = pool.begin().await?;
    let locked = lock::handoff(&mut tx, claimed.handoff).await?;
    if let Some(end_user) = &context.end_user {
        sqlx::query!(
            "update conversations set end_user_id = coalesce(end_user_id, $2) where conversation_id = $1",
            locked.conversation.0,
            end_user.as_str()
        )
        .execute(&mut *tx)
        .await?;
    }
    match &context.metadata {
        Ok(metadata) => conversations::keep_metadata(&mut tx, locked.conversation, metadata).await?,
        Err(words) => conversations::mark_read(&mut tx, &locked, Read::Metadata, "failed", Some(words)).await?,
    }
    match &context.profile {
        Ok(profile) => conversations::keep_profile(&mut tx, locked.conversation, profile).await?,
        Err(words) => conversations::mark_read(&mut tx, &locked, Read::Profile, "failed", Some(words)).await?,
    }
    deliveries::finish(&mut tx, claimed, &Outcome::Done).await?;
    changes::append(&mut tx, claimed.handoff, What::Handoff).await?;
    tx.commit().await?;
    Ok(())
}

/// One page of the transcript came. `last` closes the read.
pub async fn transcript_page(pool: &PgPool, claimed: &Claimed, page: &[Incoming], last: bool) -> Result<()> {
    let mut tx = pool.begin().await?;
    let locked = lock::handoff(&mut tx, claimed.handoff).await?;
    // Whoever works on the conversation now is told, whichever handoff the read was for.
    let latest = lock::latest(&mut tx, locked.conversation).await?;
    let place = Place { ai_agent: locked.ai_agent, conversation: locked.conversation, latest: latest.as_ref() };
    for incoming in page {
        record::message(&mut tx, place, incoming).await?;
    }
    if last {
        conversations::mark_read(&mut tx, &locked, Read::Transcript, "complete", None).await?;
        changes::append(&mut tx, claimed.handoff, What::Handoff).await?;
        deliveries::finish(&mut tx, claimed, &Outcome::Done).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// The conversation was read back to see what Ada has; nothing is closed by that.
pub async fn read_back(pool: &PgPool, claimed: &Claimed, messages: &[Incoming]) -> Result<()> {
    let mut tx = pool.begin().await?;
    let locked = lock::handoff(&mut tx, claimed.handoff).await?;
    // Whoever works on the conversation now is told, whichever handoff the read was for.
    let latest = lock::latest(&mut tx, locked.conversation).await?;
    let place = Place { ai_agent: locked.ai_agent, conversation: locked.conversation, latest: latest.as_ref() };
    for incoming in messages {
        record::message(&mut tx, place, incoming).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// A read failed. With `again` it is tried once more by itself; the reason is shown either way.
pub async fn read_failed(pool: &PgPool, claimed: &Claimed, words: &str, again: Option<Duration>) -> Result<()> {
    let mut tx = pool.begin().await?;
    let locked = lock::handoff(&mut tx, claimed.handoff).await?;
    let outcome = match again {
        Some(wait) => Outcome::Later { wait, words: words.to_owned(), unclear: false },
        None => Outcome::Failed(words.to_owned()),
    };
    if deliveries::finish(&mut tx, claimed, &outcome).await? && again.is_none() {
        let reads: &[Read] = if claimed.kind == Kind::ReadTranscript { &[Read::Transcript] } else { &[Read::Metadata, Read::Profile] };
        for read in reads {
            conversations::mark_read(&mut tx, &locked, *read, "failed", Some(words)).await?;
        }
        changes::append(&mut tx, claimed.handoff, What::Handoff).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// The outcome and note of an end, as metadata for Ada. `None` if there is nothing to say.
pub fn end_metadata(outcome: Option<&str>, note: Option<&str>) -> Option<serde_json::Value> {
    let mut patch = serde_json::Map::new();
    if let Some(outcome) = outcome {
        patch.insert("handoff_outcome".to_owned(), json!(outcome));
    }
    if let Some(note) = note {
        patch.insert("handoff_note".to_owned(), json!(note));
    }
    (!patch.is_empty()).then_some(serde_json::Value::Object(patch))
}
