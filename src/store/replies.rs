//! Replies of agents: stored and owed in one transaction, and what can be done about one that failed.

use serde_json::Value;
use sqlx::PgPool;
use sqlx::types::Json;

use super::audit;
use super::changes::{self, What};
use super::deliveries::{self, Kind, Lane};
use super::failure::{Result, StoreError};
use super::lock::{self, Locked};
use crate::model::handoff::HandoffState;
use crate::model::ids::{HandoffId, MessageId};
use crate::model::message::{AuthorRole, Content, MessageState};
use crate::model::person::Person;
use crate::model::reply;

/// Stores a reply and owes it. The same `id` again (a double click, a retry after a lost answer) changes nothing.
pub async fn queue(pool: &PgPool, handoff: HandoffId, id: MessageId, body: &str, me: &Person) -> Result<()> {
    let body = reply::checked(body).map_err(|error| StoreError::Invalid(error.to_string()))?.replace('\0', "\u{fffd}");
    let mut tx = pool.begin().await?;
    let locked = lock::handoff(&mut tx, handoff).await?;
    if let Some(known) =
        sqlx::query!("select handoff_id, sent_by from messages where message_id = $1", id.0).fetch_optional(&mut *tx).await?
    {
        let same = known.handoff_id == Some(handoff.0) && known.sent_by == Some(me.id.0);
        return if same {
            Ok(())
        } else {
            Err(StoreError::Invalid("Reply: this id is taken. Reload the page, then send again.".to_owned()))
        };
    }
    must_take_replies(&locked)?;
    sqlx::query!(
        "insert into messages (message_id, ai_agent_id, conversation_id, handoff_id, author_role, author_name, content, state, sent_by)
         values ($1, $2, $3, $4, $5, $6, $7, 'queued', $8)",
        id.0,
        locked.ai_agent.0,
        locked.conversation.0,
        handoff.0,
        AuthorRole::HumanAgent.as_str(),
        me.name,
        Json(&Content::Text { body }) as _,
        me.id.0
    )
    .execute(&mut *tx)
    .await?;
    deliveries::owe(&mut tx, &locked, Lane::Talk, Kind::Reply, Some(id), Value::Null).await?;
    changes::append(&mut tx, handoff, What::Message(id)).await?;
    tx.commit().await?;
    Ok(())
}

/// Owes a failed reply again, behind what is owed already. One of which nobody knows whether Ada has it is looked for first.
pub async fn retry(pool: &PgPool, handoff: HandoffId, id: MessageId) -> Result<()> {
    let mut tx = pool.begin().await?;
    let locked = lock::handoff(&mut tx, handoff).await?;
    must_take_replies(&locked)?;
    let was_unknown = sqlx::query_scalar!(
        r#"update messages m
         set state = 'queued', problem = null, recorded_at = now(), revision = revision + 1
         from (select message_id, state from messages where message_id = $1 for update) before
         where m.message_id = before.message_id and handoff_id = $2 and m.state in ('failed', 'unknown') and discarded_at is null
         returning before.state = 'unknown' as "unknown!""#,
        id.0,
        handoff.0
    )
    .fetch_optional(&mut *tx)
    .await?
    .ok_or_else(not_failed)?;
    deliveries::owe(&mut tx, &locked, Lane::Talk, Kind::Reply, Some(id), Value::Null).await?;
    if was_unknown {
        // Ada may have it all the same.
        deliveries::look_first(&mut tx, id).await?;
    }
    changes::append(&mut tx, handoff, What::Message(id)).await?;
    tx.commit().await?;
    Ok(())
}

/// Takes a failed reply out of the transcript. The row stays, for the audit.
pub async fn discard(pool: &PgPool, handoff: HandoffId, id: MessageId, me: &Person) -> Result<()> {
    let mut tx = pool.begin().await?;
    lock::handoff(&mut tx, handoff).await?;
    let discarded = sqlx::query!(
        "update messages set discarded_at = now(), revision = revision + 1
         where message_id = $1 and handoff_id = $2 and state in ('failed', 'unknown') and discarded_at is null",
        id.0,
        handoff.0
    )
    .execute(&mut *tx)
    .await?;
    if discarded.rows_affected() == 0 {
        return Err(not_failed());
    }
    changes::append(&mut tx, handoff, What::Gone(id)).await?;
    audit::record(&mut tx, Some(me.id), "reply.discard", "message", &id.to_string(), Value::Null).await?;
    tx.commit().await?;
    Ok(())
}

fn must_take_replies(locked: &Locked) -> Result<()> {
    if locked.state.takes_replies() {
        return Ok(());
    }
    Err(StoreError::TooLate(
        match locked.state {
            HandoffState::Waiting => "Accept the handoff before you reply.",
            HandoffState::Ending => "The handoff is being ended: the customer would not get this.",
            HandoffState::Active | HandoffState::Ended => "The handoff is over: the customer would not get this.",
        }
        .to_owned(),
    ))
}

fn not_failed() -> StoreError {
    StoreError::TooLate("This reply is not waiting for a decision any more.".to_owned())
}

/// What an attempt needs to know of a reply.
#[derive(Clone, Debug)]
pub struct Outgoing {
    pub content: Content,
    /// The name that the customer sees.
    pub author: String,
    pub state: MessageState,
    /// Ada has shown it back already.
    pub echoed: bool,
}

/// Marks a reply as being sent, and gives what is to be sent. `None` if it was discarded.
pub async fn begin_attempt(pool: &PgPool, handoff: HandoffId, id: MessageId) -> Result<Option<Outgoing>> {
    let mut tx = pool.begin().await?;
    lock::handoff(&mut tx, handoff).await?;
    let row = sqlx::query!(
        r#"update messages m
         set state = case when m.state in ('queued', 'sending') then 'sending' else m.state end,
            first_attempt_at = coalesce(m.first_attempt_at, now()), revision = revision + (m.state = 'queued')::integer
         from (select message_id, state from messages where message_id = $1 for update) before
         where m.message_id = before.message_id and m.discarded_at is null
         returning m.content as "content: Json<Content>", m.author_name, m.state as "state: MessageState", m.echoed,
            before.state <> m.state as "changed!""#,
        id.0
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    if row.changed {
        changes::append(&mut tx, handoff, What::Message(id)).await?;
    }
    tx.commit().await?;
    Ok(Some(Outgoing { content: row.content.0, author: row.author_name.unwrap_or_default(), state: row.state, echoed: row.echoed }))
}
