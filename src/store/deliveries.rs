//! Calls owed to Ada, and who makes them: one lane of a conversation after the other's end, under a lease that any server can take
//! over when it has run out.

use std::time::Duration;

use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use uuid::Uuid;

use super::failure::Result;
use super::lock::Locked;
use crate::model::ids::{AdaConversationId, AiAgentId, ConversationId, DeliveryId, HandoffId, MessageId};
use crate::model::pace::Class;

/// What is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Kind {
    Reply,
    /// A change of the conversation's metadata.
    Metadata,
    EndHandoff,
    EndConversation,
    ReadTranscript,
    /// The conversation's metadata and its end user.
    ReadContext,
}

impl Kind {
    /// The word used in SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Metadata => "metadata",
            Self::EndHandoff => "end_handoff",
            Self::EndConversation => "end_conversation",
            Self::ReadTranscript => "read_transcript",
            Self::ReadContext => "read_context",
        }
    }

    /// Who goes first when Ada's limits are near.
    pub fn class(self) -> Class {
        match self {
            Self::Reply | Self::Metadata | Self::EndHandoff | Self::EndConversation => Class::Talk,
            Self::ReadTranscript | Self::ReadContext => Class::Read,
        }
    }
}

/// What has to happen in order with what: deliveries of one lane of a conversation are made one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// What the customer sees: replies, then the end.
    Talk,
    Metadata,
    Transcript,
    Context,
}

impl Lane {
    fn as_str(self) -> &'static str {
        match self {
            Self::Talk => "talk",
            Self::Metadata => "metadata",
            Self::Transcript => "transcript",
            Self::Context => "context",
        }
    }
}

/// How far the last attempt got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum DeliveryState {
    Owed,
    /// Written before the first byte leaves. Found on a claim, it means that somebody died on the way: Ada may have done it.
    Attempting,
    /// Ada's answer did not tell; the conversation has to be read back before anything is sent again.
    Unclear,
    Done,
    Failed,
}

/// Owes a call, as the last one of its lane. The caller holds the handoff's row lock.
pub async fn owe(
    conn: &mut PgConnection,
    locked: &Locked,
    lane: Lane,
    kind: Kind,
    message: Option<MessageId>,
    payload: Value,
) -> Result<()> {
    owe_as(conn, locked, lane, kind, kind.class(), message, payload).await
}

/// The same, of another class than its kind usually has.
pub async fn owe_as(
    conn: &mut PgConnection,
    locked: &Locked,
    lane: Lane,
    kind: Kind,
    class: Class,
    message: Option<MessageId>,
    payload: Value,
) -> Result<()> {
    sqlx::query!(
        "with placed as (update handoffs set last_position = last_position + 1 where handoff_id = $4 returning last_position)
         insert into deliveries (delivery_id, ai_agent_id, conversation_id, handoff_id, lane, position, kind, message_id, payload, class)
         select $1, $2, $3, $4, $5, last_position, $6, $7, $8, $9 from placed",
        DeliveryId::new().0,
        locked.ai_agent.0,
        locked.conversation.0,
        locked.handoff.0,
        lane.as_str(),
        kind.as_str(),
        message.map(|message| message.0),
        payload,
        class.number()
    )
    .execute(conn)
    .await?;
    Ok(())
}

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
    pub message: Option<MessageId>,
    pub payload: Value,
    /// How many attempts there were before this one.
    pub attempts: i32,
    /// How far the last one got.
    pub before: DeliveryState,
    /// Who holds it: answers of somebody else's later attempt are not ours to write.
    pub lease: Uuid,
}

/// Takes what is due and next in its lane, at most `limit`.
pub async fn claim(pool: &PgPool, lease_for: Duration, limit: i64) -> Result<Vec<Claimed>> {
    let lease = Uuid::new_v4();
    let rows = sqlx::query!(
        r#"with due as (
            select d.delivery_id, d.state from deliveries d
            where d.finished_at is null and d.not_before <= now() and (d.lease_until is null or d.lease_until < now())
                and not exists (
                    select 1 from deliveries e
                    where e.conversation_id = d.conversation_id and e.lane = d.lane and e.finished_at is null
                        and (e.handoff_id, e.position) < (d.handoff_id, d.position)
                )
            order by d.not_before
            limit $1
            for update skip locked
        )
        update deliveries d
        set state = 'attempting', attempts = attempts + 1, lease_owner = $2, lease_until = now() + make_interval(secs => $3)
        from due, conversations c, handoffs h
        where d.delivery_id = due.delivery_id and c.conversation_id = d.conversation_id and h.handoff_id = d.handoff_id
        returning d.delivery_id, d.ai_agent_id, d.conversation_id, c.ada_conversation_id, d.handoff_id, h.handed_off_at,
            d.kind as "kind: Kind", d.message_id, d.payload, d.attempts - 1 as "attempts!", due.state as "before: DeliveryState""#,
        limit,
        lease,
        lease_for.as_secs_f64()
    )
    .fetch_all(pool)
    .await?;
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
            message: row.message_id.map(MessageId),
            payload: row.payload,
            attempts: row.attempts,
            before: row.before,
            lease,
        })
        .collect())
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

/// How an attempt ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    Done,
    /// Not, and it will not be tried again. In words for people.
    Failed(String),
    /// Not yet: again after this long. `unclear` if Ada may have done it.
    Later {
        wait: Duration,
        words: String,
        unclear: bool,
    },
}

/// Writes how an attempt ended, if it is still ours to say. `false` if somebody else has taken over.
pub async fn finish(conn: &mut PgConnection, claimed: &Claimed, outcome: &Outcome) -> Result<bool> {
    let (state, wait, words, finished) = match outcome {
        Outcome::Done => ("done", Duration::ZERO, None, true),
        Outcome::Failed(words) => ("failed", Duration::ZERO, Some(words), true),
        Outcome::Later { wait, words, unclear } => (if *unclear { "unclear" } else { "owed" }, *wait, Some(words), false),
    };
    let written = sqlx::query!(
        "update deliveries set state = $3, problem = $4, not_before = now() + make_interval(secs => $5), lease_until = null, lease_owner = null,
            finished_at = case when $6 then now() end
         where delivery_id = $1 and lease_owner = $2 and finished_at is null",
        claimed.id.0,
        claimed.lease,
        state,
        words,
        wait.as_secs_f64(),
        finished
    )
    .execute(conn)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// Takes a delivery out of the way of the others of its lane: it goes on by itself.
pub async fn step_aside(conn: &mut PgConnection, claimed: &Claimed) -> Result<()> {
    sqlx::query!("update deliveries set lane = 'metadata' where delivery_id = $1", claimed.id.0).execute(conn).await?;
    Ok(())
}
