//! Events received from Ada: which were applied, and those that could not be, kept whole.

use std::collections::BTreeMap;

use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::failure::Result;
use crate::model::ids::{AiAgentId, EventId, PersonId};

/// What identifies an event.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    pub ai_agent: AiAgentId,
    /// The delivery's id (`svix-id`): the same for each retry.
    pub delivery: &'a str,
    pub event_type: Option<&'a str>,
    pub conversation: Option<&'a str>,
}

/// Notes that events are being applied, in the transaction that applies them. For each, in the order given: `false` if its delivery was
/// applied before, or stands earlier in the same slice.
///
/// Rows are touched in one order, so that two servers which take the same deliveries wait for each other and never in a circle.
pub async fn begin(conn: &mut PgConnection, received: &[Received<'_>]) -> Result<Vec<bool>> {
    let mut firsts: BTreeMap<(AiAgentId, &str), usize> = BTreeMap::new();
    for (at, one) in received.iter().enumerate() {
        firsts.entry((one.ai_agent, one.delivery)).or_insert(at);
    }
    let ids: Vec<_> = firsts.iter().map(|_| EventId::new().0).collect();
    let agents: Vec<_> = firsts.keys().map(|(agent, _)| agent.0).collect();
    let deliveries: Vec<_> = firsts.keys().map(|(_, delivery)| (*delivery).to_owned()).collect();
    let kinds: Vec<_> = firsts.values().map(|at| received[*at].event_type.map(str::to_owned)).collect();
    let conversations: Vec<_> = firsts.values().map(|at| received[*at].conversation.map(str::to_owned)).collect();
    let noted = sqlx::query!(
        "insert into events (event_id, ai_agent_id, delivery, event_type, ada_conversation_id, outcome)
         select event_id, ai_agent_id, delivery, event_type, ada_conversation_id, 'applied'
         from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[])
            as given (event_id, ai_agent_id, delivery, event_type, ada_conversation_id)
         on conflict on constraint events_delivery_key
         do update set outcome = 'applied', reason = null, payload = null, replayed_at = now() where events.outcome <> 'applied'
         returning ai_agent_id, delivery",
        &ids,
        &agents,
        &deliveries,
        &kinds as &[Option<String>],
        &conversations as &[Option<String>]
    )
    .fetch_all(conn)
    .await?;
    let mut begun = vec![false; received.len()];
    for row in noted {
        if let Some(at) = firsts.get(&(AiAgentId(row.ai_agent_id), row.delivery.as_str())) {
            begun[*at] = true;
        }
    }
    Ok(begun)
}

/// Why an event is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It is not what this version can read.
    Unreadable,
    /// It could be read, and applying it failed.
    Failed,
}

impl Trouble {
    /// The word used in SQL and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Failed => "failed",
        }
    }
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
        trouble.as_str(),
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

/// How many events wait for an operator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub unreadable: i64,
    pub failed: i64,
}

/// Counts what could not be applied and was not laid aside.
pub async fn counts(pool: &PgPool) -> Result<Counts> {
    let row = sqlx::query!(
        r#"select count(*) filter (where outcome = 'unreadable') as "unreadable!", count(*) filter (where outcome = 'failed') as "failed!"
         from events where outcome <> 'applied' and dismissed_at is null"#
    )
    .fetch_one(pool)
    .await?;
    Ok(Counts { unreadable: row.unreadable, failed: row.failed })
}

/// Selects [`Kept`] events.
macro_rules! select_kept {
    ($rest:literal $(, $argument:expr)*) => {
        sqlx::query_as!(
            Kept,
            r#"select event_id as "id: _", ai_agent_id as "ai_agent: _", delivery, event_type, outcome, reason, received_at, payload as "payload!"
            from events where outcome <> 'applied' and dismissed_at is null "# + $rest
            $(, $argument)*
        )
    };
}

/// What could not be applied and was not laid aside, oldest first.
pub async fn unapplied(pool: &PgPool, limit: i64) -> Result<Vec<Kept>> {
    Ok(select_kept!("order by received_at, event_id limit $1", limit).fetch_all(pool).await?)
}

/// The ids of what could not be applied and was not laid aside, oldest first.
pub async fn unapplied_ids(pool: &PgPool) -> Result<Vec<EventId>> {
    let ids = sqlx::query_scalar!(
        "select event_id from events where outcome <> 'applied' and dismissed_at is null order by received_at, event_id"
    )
    .fetch_all(pool)
    .await?;
    Ok(ids.into_iter().map(EventId).collect())
}

/// One event that could not be applied. `None` if there is none, or it has been applied or laid aside since.
pub async fn one(pool: &PgPool, id: EventId) -> Result<Option<Kept>> {
    Ok(select_kept!("and event_id = $1", id.0).fetch_optional(pool).await?)
}

/// Keeps why an event could not be applied this time either.
pub async fn still_fails(pool: &PgPool, id: EventId, trouble: Trouble, reason: &str) -> Result<()> {
    sqlx::query!(
        "update events set outcome = $2, reason = $3, replayed_at = now() where event_id = $1 and outcome <> 'applied'",
        id.0,
        trouble.as_str(),
        reason
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Lays an event aside: it stays in the store and is not listed any more. `false` if it is not listed now.
pub async fn dismiss(pool: &PgPool, id: EventId, by: PersonId) -> Result<bool> {
    let done = sqlx::query!(
        "update events set dismissed_at = now(), dismissed_by = $2 where event_id = $1 and outcome <> 'applied' and dismissed_at is null",
        id.0,
        by.0
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets deliveries of events that were applied more than `days` ago, at most `limit` of them. Svix sends an event again for about a day; one that
/// comes later all the same changes nothing, because what it says is known. Gives how many there were.
pub async fn sweep(pool: &PgPool, days: i32, limit: i64) -> Result<u64> {
    let swept = sqlx::query!(
        "delete from events where event_id = any(array(
            select event_id from events
            where outcome = 'applied' and received_at < now() - make_interval(days => $1) order by received_at limit $2
         ))",
        days,
        limit
    )
    .execute(pool)
    .await?;
    Ok(swept.rows_affected())
}
