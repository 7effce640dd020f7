//! Events received from Ada: which were applied, and those that could not be, kept whole.

use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::failure::Result;
use crate::model::ids::{AiAgentId, EventId};

/// What identifies an event.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    pub ai_agent: AiAgentId,
    /// The delivery's id (`svix-id`): the same for each retry.
    pub delivery: &'a str,
    pub event_type: Option<&'a str>,
    pub conversation: Option<&'a str>,
}

/// Notes that an event is being applied, in the transaction that applies it. `false` if this delivery was applied before.
pub async fn begin(conn: &mut PgConnection, received: Received<'_>) -> Result<bool> {
    let noted = sqlx::query!(
        "insert into events (event_id, ai_agent_id, delivery, event_type, ada_conversation_id, outcome) values ($1, $2, $3, $4, $5, 'applied')
         on conflict on constraint events_delivery_key
         do update set outcome = 'applied', reason = null, payload = null, replayed_at = now() where events.outcome <> 'applied'",
        EventId::new().0,
        received.ai_agent.0,
        received.delivery,
        received.event_type,
        received.conversation
    )
    .execute(conn)
    .await?;
    Ok(noted.rows_affected() == 1)
}

/// Why an event is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It is not what this version can read.
    Unreadable,
    /// It could be read, and applying it failed.
    Failed,
}

/// Keeps an event whole that could not be read or applied.
pub async fn keep(pool: &PgPool, received: Received<'_>, trouble: Trouble, reason: &str, payload: &[u8]) -> Result<()> {
    sqlx::query!(
        "insert into events (event_id, ai_agent_id, delivery, event_type, ada_conversation_id, outcome, reason, payload)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict on constraint events_delivery_key do nothing",
        EventId::new().0,
        received.ai_agent.0,
        received.delivery,
        received.event_type,
        received.conversation,
        match trouble {
            Trouble::Unreadable => "unreadable",
            Trouble::Failed => "failed",
        },
        reason,
        payload
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// An event that could not be applied.
#[derive(Clone, Debug)]
pub struct Kept {
    pub id: EventId,
    pub ai_agent: AiAgentId,
    pub delivery: String,
    pub event_type: Option<String>,
    pub outcome: String,
    pub reason: Option<String>,
    pub received_at: OffsetDateTime,
    pub payload: Vec<u8>,
}

/// What could not be applied, oldest first.
pub async fn unapplied(pool: &PgPool, limit: i64) -> Result<Vec<Kept>> {
    let rows = sqlx::query!(
        r#"select event_id, ai_agent_id, delivery, event_type, outcome, reason, received_at, payload as "payload!"
         from events where outcome <> 'applied' order by received_at limit $1"#,
        limit
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Kept {
            id: EventId(row.event_id),
            ai_agent: AiAgentId(row.ai_agent_id),
            delivery: row.delivery,
            event_type: row.event_type,
            outcome: row.outcome,
            reason: row.reason,
            received_at: row.received_at,
            payload: row.payload,
        })
        .collect())
}
