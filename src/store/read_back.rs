//! Comparing conversations with what Ada has: which are due, and what a comparison has brought.

mod pages;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{PgConnection, PgPool};

use super::deliveries::{self, Kind, Lane};
use super::failure::Result;
use super::lock;
use crate::model::ids::{AdaConversationId, AiAgentId, ConversationId, HandoffId};
pub use pages::{Position, ReadTo, checked, complete, done, failed, over, page, position};

/// Why a conversation is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// No server was there, or none reached the database.
    Outage,
    /// Ada did not answer for a while.
    AdaOutage,
    /// Whether it still goes on.
    Check,
    /// Webhooks cannot be relied on.
    Polling,
    /// It has been quiet for a while.
    Probe,
    /// Somebody accepted it.
    Accept,
    /// It is about to end.
    End,
}

impl Why {
    fn as_str(self) -> &'static str {
        match self {
            Self::Outage => "outage",
            Self::AdaOutage => "ada_outage",
            Self::Check => "check",
            Self::Polling => "polling",
            Self::Probe => "probe",
            Self::Accept => "accept",
            Self::End => "end",
        }
    }

    fn read(word: &str) -> Self {
        match word {
            "outage" => Self::Outage,
            "ada_outage" => Self::AdaOutage,
            _ => Self::Check,
        }
    }

    /// What is missing after an outage is missing for that reason: it says nothing about the webhooks.
    fn excuses(self) -> bool {
        matches!(self, Self::Outage | Self::AdaOutage | Self::Accept)
    }
}

/// Wants every open conversation to be compared, of one AI agent or of all.
pub async fn want(conn: &mut PgConnection, ai_agent: Option<AiAgentId>, why: Why) -> Result<()> {
    sqlx::query!(
        r#"with due as (
            select c.conversation_id from conversations c
            where c.conversation_id in (select h.conversation_id from handoffs h where h.state <> 'ended' and ($1::uuid is null or h.ai_agent_id = $1))
            order by c.ai_agent_id, c.ada_conversation_id collate "C" for update
         )
         update conversations c set read_back_wanted = $2 from due where c.conversation_id = due.conversation_id"#,
        ai_agent.map(|agent| agent.0),
        why.as_str()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Wants one conversation to be checked. The caller holds its row lock.
pub async fn want_check(conn: &mut PgConnection, conversation: ConversationId) -> Result<()> {
    sqlx::query!(
        "update conversations set read_back_wanted = coalesce(read_back_wanted, 'check') where conversation_id = $1",
        conversation.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The same for a conversation that an event has called ended: only Ada can tell whether it goes on after all.
pub async fn want_check_if_ended(conn: &mut PgConnection, ai_agent: AiAgentId, ada: &AdaConversationId) -> Result<()> {
    sqlx::query!(
        "update conversations c set read_back_wanted = coalesce(read_back_wanted, 'check')
         where c.ai_agent_id = $1 and c.ada_conversation_id = $2 and (c.ended_at is not null or exists (
            select 1 from events e
            where e.ai_agent_id = $1 and e.ada_conversation_id = $2 and e.event_type = 'v1.conversation.ended' and e.outcome = 'applied'
         ))",
        ai_agent.0,
        ada.as_str()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The AI agents of which some conversation is wanted.
pub async fn wanted(pool: &PgPool) -> Result<Vec<AiAgentId>> {
    let agents =
        sqlx::query_scalar!("select distinct ai_agent_id from conversations where read_back_wanted is not null").fetch_all(pool).await?;
    Ok(agents.into_iter().map(AiAgentId).collect())
}

/// How often conversations are read while webhooks cannot be relied on: by how long ago something was said.
#[derive(Clone, Copy, Debug)]
pub struct Polling {
    pub busy: Duration,
    pub calm: Duration,
    pub idle: Duration,
}

/// What is to be read next, the most urgent first: what somebody works on before what waits, what is wanted before what has its turn, and
/// then what is overdue the longest. At most so many that `at_once` are owed.
pub async fn due(pool: &PgPool, ai_agent: AiAgentId, polling: Option<Polling>, at_once: i64) -> Result<Vec<(HandoffId, Why)>> {
    let seconds = |duration: fn(Polling) -> Duration| polling.map_or(0.0, |polling| duration(polling).as_secs_f64());
    let rows = sqlx::query!(
        r#"select h.handoff_id, c.read_back_wanted
         from handoffs h join conversations c using (conversation_id)
         cross join lateral (
            select greatest(h.accepted_at, h.handed_off_at, max(m.sorts_at)) as at from messages m where m.conversation_id = h.conversation_id
         ) said
         cross join lateral (
            select c.read_tried_at + make_interval(secs => case
                when h.state = 'waiting' or said.at < now() - interval '10 minutes' then $5::float8
                when said.at < now() - interval '2 minutes' then $4 else $3 end) as at
         ) turn
         where h.ai_agent_id = $1 and h.state <> 'ended'
            and (c.read_back_wanted is not null or ($2 and coalesce(turn.at <= now(), true)))
            and not exists (
                select 1 from deliveries d
                where d.conversation_id = h.conversation_id and d.finished_at is null and d.kind in ('read_back', 'read_transcript')
            )
         order by h.state = 'waiting', c.read_back_wanted is null, turn.at nulls first
         limit greatest(0, $6 - (
            select count(*) from deliveries d where d.ai_agent_id = $1 and d.kind = 'read_back' and d.finished_at is null
         ))"#,
        ai_agent.0,
        polling.is_some(),
        seconds(|polling| polling.busy),
        seconds(|polling| polling.calm),
        seconds(|polling| polling.idle),
        at_once
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (HandoffId(row.handoff_id), row.read_back_wanted.map_or(Why::Polling, |why| Why::read(&why)))).collect())
}

/// The accepted handoff that was not read for the longest time, if that is longer than `since`.
pub async fn to_probe(pool: &PgPool, ai_agent: AiAgentId, since: Duration) -> Result<Option<HandoffId>> {
    let handoff = sqlx::query_scalar!(
        "select h.handoff_id from handoffs h join conversations c using (conversation_id)
         where h.ai_agent_id = $1 and h.state in ('active', 'ending') and coalesce(c.read_tried_at < now() - make_interval(secs => $2), true)
         order by c.read_tried_at nulls first limit 1",
        ai_agent.0,
        since.as_secs_f64()
    )
    .fetch_optional(pool)
    .await?;
    Ok(handoff.map(HandoffId))
}

/// The open handoff of which nothing was known for the longest time, if that is longer than `since`.
pub async fn to_check(pool: &PgPool, ai_agent: AiAgentId, since: Duration) -> Result<Option<HandoffId>> {
    let handoff = sqlx::query_scalar!(
        "select h.handoff_id from handoffs h join conversations c using (conversation_id)
         where h.ai_agent_id = $1 and h.state <> 'ended'
            and greatest(c.checked_at, h.handed_off_at) < now() - make_interval(secs => $2)
            and not exists (
                select 1 from messages m where m.conversation_id = h.conversation_id and m.sorts_at > now() - make_interval(secs => $2)
            )
         order by greatest(c.checked_at, h.handed_off_at) limit 1",
        ai_agent.0,
        since.as_secs_f64()
    )
    .fetch_optional(pool)
    .await?;
    Ok(handoff.map(HandoffId))
}

/// Owes a read, unless one is owed already or the handoff is over.
pub async fn owe(pool: &PgPool, handoff: HandoffId, why: Why) -> Result<bool> {
    let mut tx = pool.begin().await?;
    let locked = lock::handoff(&mut tx, handoff).await?;
    let owed = sqlx::query_scalar!(
        r#"select exists (
            select 1 from deliveries where conversation_id = $1 and kind = 'read_back' and finished_at is null
         ) as "owed!""#,
        locked.conversation.0
    )
    .fetch_one(&mut *tx)
    .await?;
    if owed || !locked.state.is_open() {
        return Ok(false);
    }
    deliveries::owe(&mut tx, &locked, Lane::ReadBack, Kind::ReadBack, None, json!({ "why": why })).await?;
    tx.commit().await?;
    Ok(true)
}
