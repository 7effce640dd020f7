//! Who makes a call: taking what is due under a lease, keeping it, and giving it back.

use std::time::Duration;

use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{DeliveryState, Kind};
use crate::model::ids::{AdaConversationId, AiAgentId, ConversationId, DeliveryId, HandoffId, MessageId};
use crate::model::pace::Class;
use crate::store::failure::Result;

/// A call that this server makes now.
#[derive(Clone, Debug)]
pub struct Claimed {
    pub id: DeliveryId,
    pub ai_agent: AiAgentId,
    pub conversation: ConversationId,
    pub ada_conversation: AdaConversationId,
    pub handoff: HandoffId,
    pub handed_off_at: OffsetDateTime,
    pub kind: Kind,
    pub class: Class,
    pub message: Option<MessageId>,
    pub payload: Value,
    /// How many attempts there were before this one.
    pub attempts: i32,
    /// How far the last one got.
    pub before: DeliveryState,
    /// For how long it has been owed.
    pub age: Duration,
    /// For how long it has been unclear whether Ada has it; `None` if it is not.
    pub doubt: Option<Duration>,
    /// For how long its absence at Ada says nothing yet.
    pub absent_in: Duration,
    /// How many of Ada's answers did not tell.
    pub doubts: i32,
    /// How many looks at the conversation there were since the last of them.
    pub looks: i32,
    /// Who holds it: answers of somebody else's later attempt are not ours to write.
    pub lease: Uuid,
}

/// How many calls of an AI agent and class a server has under way.
#[derive(Clone, Copy, Debug)]
pub struct Busy {
    pub ai_agent: AiAgentId,
    pub class: Class,
    pub calls: i64,
    /// Nothing of this class can be sent for a while: only what has not been told so yet is worth taking.
    pub shut: bool,
}

/// How much a server takes at once.
#[derive(Clone, Debug)]
pub struct Room {
    /// The most calls per AI agent of each class.
    pub places: [i64; Class::ALL.len()],
    pub busy: Vec<Busy>,
}

/// Takes what is due and next in its lane, at most `limit` of each class and AI agent.
pub async fn claim(pool: &PgPool, lease_for: Duration, limit: i64) -> Result<Vec<Claimed>> {
    claim_within(pool, lease_for, &Room { places: [limit; Class::ALL.len()], busy: Vec::new() }).await
}

/// Takes what is due and next in its lane, the oldest first, as far as there is room for it.
pub async fn claim_within(pool: &PgPool, lease_for: Duration, room: &Room) -> Result<Vec<Claimed>> {
    let lease = Uuid::new_v4();
    let busy = &room.busy;
    let rows = sqlx::query!(
        r#"with room as (
            select a.ai_agent_id, c.class, c.places - coalesce(b.calls, 0) as places, coalesce(b.shut, false) as shut
            from ai_agents a
            cross join unnest($3::smallint[], $4::bigint[]) c (class, places)
            left join unnest($5::uuid[], $6::smallint[], $7::bigint[], $8::bool[]) b (ai_agent_id, class, calls, shut)
                on b.ai_agent_id = a.ai_agent_id and b.class = c.class
            where c.places > coalesce(b.calls, 0)
        ), due as (
            select next.delivery_id, next.state
            from room cross join lateral (
                select d.delivery_id, d.state from deliveries d
                where d.ai_agent_id = room.ai_agent_id and d.class = room.class and d.finished_at is null and d.not_before <= now()
                    and (d.lease_until is null or d.lease_until < now()) and (d.problem is null or not room.shut)
                    and not exists (
                        select 1 from deliveries e
                        where e.conversation_id = d.conversation_id and e.lane = d.lane and e.finished_at is null
                            and (e.handoff_id, e.position) < (d.handoff_id, d.position)
                    )
                order by d.delivery_id
                limit room.places
                for update skip locked
            ) next
        )
        update deliveries d
        set state = 'attempting', attempts = attempts + 1, looks = looks + (due.state in ('unclear', 'attempting'))::integer,
            lease_owner = $1, lease_until = now() + make_interval(secs => $2)
        from due, conversations c, handoffs h
        where d.delivery_id = due.delivery_id and c.conversation_id = d.conversation_id and h.handoff_id = d.handoff_id
        returning d.delivery_id, d.ai_agent_id, d.conversation_id, c.ada_conversation_id, d.handoff_id, h.handed_off_at,
            d.kind as "kind: Kind", d.class, d.message_id, d.payload, d.attempts - 1 as "attempts!", due.state as "before: DeliveryState",
            extract(epoch from now() - d.created_at)::float8 as "age!", extract(epoch from now() - d.doubt_since)::float8 as doubt,
            greatest(extract(epoch from d.absent_from - now()), 0)::float8 as "absent_in!", d.doubts, d.looks - 1 as "looks!""#,
        lease,
        lease_for.as_secs_f64(),
        &Class::ALL.map(Class::number),
        &room.places,
        &busy.iter().map(|busy| busy.ai_agent.0).collect::<Vec<_>>(),
        &busy.iter().map(|busy| busy.class.number()).collect::<Vec<_>>(),
        &busy.iter().map(|busy| busy.calls).collect::<Vec<_>>(),
        &busy.iter().map(|busy| busy.shut).collect::<Vec<_>>()
    )
    .fetch_all(pool)
    .await?;
    let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or_default();
    Ok(rows
        .into_iter()
        .map(|row| Claimed {
            id: DeliveryId(row.delivery_id),
            ai_agent: AiAgentId(row.ai_agent_id),
            conversation: ConversationId(row.conversation_id),
            ada_conversation: AdaConversationId(row.ada_conversation_id),
            handoff: HandoffId(row.handoff_id),
            handed_off_at: row.handed_off_at,
            kind: row.kind,
            class: Class::from_number(row.class),
            message: row.message_id.map(MessageId),
            payload: row.payload,
            attempts: row.attempts,
            before: row.before,
            age: seconds(row.age),
            doubt: row.doubt.map(seconds),
            absent_in: seconds(row.absent_in),
            doubts: row.doubts,
            looks: row.looks.max(0),
            lease,
        })
        .collect())
}

/// How long until something more becomes due; `None` if nothing waits.
pub async fn due_in(pool: &PgPool) -> Result<Option<Duration>> {
    let seconds = sqlx::query_scalar!(
        "select extract(epoch from min(not_before) - now())::float8 from deliveries where finished_at is null and not_before > now()"
    )
    .fetch_one(pool)
    .await?;
    Ok(seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()))
}

/// Keeps the lease while a long call goes on. `false` if somebody else has taken over.
pub async fn renew(pool: &PgPool, claimed: &Claimed, lease_for: Duration) -> Result<bool> {
    let renewed = sqlx::query!(
        "update deliveries set lease_until = now() + make_interval(secs => $3)
         where delivery_id = $1 and lease_owner = $2 and finished_at is null",
        claimed.id.0,
        claimed.lease,
        lease_for.as_secs_f64()
    )
    .execute(pool)
    .await?;
    Ok(renewed.rows_affected() == 1)
}

/// Gives back a claim whose outcome could not be written. It stays begun, so that whoever takes it next looks first what Ada has.
pub async fn give_back(pool: &PgPool, claimed: &Claimed, wait: Duration) -> Result<()> {
    sqlx::query!(
        "update deliveries set lease_until = null, lease_owner = null, not_before = now() + make_interval(secs => $3)
         where delivery_id = $1 and lease_owner = $2 and finished_at is null",
        claimed.id.0,
        claimed.lease,
        wait.as_secs_f64()
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Puts back a claim whose turn has not come, as if it had not been taken, with the reason. `false` if it is somebody else's by now.
pub async fn put_back(conn: &mut PgConnection, claimed: &Claimed, wait: Duration, words: &str) -> Result<bool> {
    let written = sqlx::query!(
        "update deliveries set state = $3, attempts = attempts - 1, problem = $4, not_before = now() + make_interval(secs => $5), lease_until = null,
            lease_owner = null
         where delivery_id = $1 and lease_owner = $2 and finished_at is null",
        claimed.id.0,
        claimed.lease,
        claimed.before.as_str(),
        words,
        wait.as_secs_f64()
    )
    .execute(conn)
    .await?;
    Ok(written.rows_affected() == 1)
}
