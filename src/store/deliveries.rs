//! Calls owed to Ada, and who makes them: one lane of a conversation after the other's end, under a lease that any server can take
//! over when it has run out.

mod claim;

use std::time::Duration;

use serde_json::Value;
use sqlx::PgConnection;

use super::failure::Result;
use super::lock::Locked;
use crate::model::ids::{DeliveryId, MessageId};
use crate::model::pace::Class;
pub use claim::{Busy, Claimed, Room, claim, claim_within, due_in, give_back, put_back, renew};

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
    /// Compares the conversation with what Ada has.
    ReadBack,
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
            Self::ReadBack => "read_back",
        }
    }

    /// Who goes first when Ada's limits are near.
    pub fn class(self) -> Class {
        match self {
            Self::Reply | Self::Metadata | Self::EndHandoff | Self::EndConversation => Class::Talk,
            Self::ReadTranscript | Self::ReadContext => Class::Read,
            Self::ReadBack => Class::Sweep,
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
    /// Apart from the transcript: what somebody waits for must not wait for what has time.
    ReadBack,
}

impl Lane {
    fn as_str(self) -> &'static str {
        match self {
            Self::Talk => "talk",
            Self::Metadata => "metadata",
            Self::Transcript => "transcript",
            Self::Context => "context",
            Self::ReadBack => "read_back",
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

impl DeliveryState {
    /// The word used in SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owed => "owed",
            Self::Attempting => "attempting",
            Self::Unclear => "unclear",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
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
            finished_at = case when $6 then now() end, doubt_since = case when $3 = 'unclear' then coalesce(doubt_since, now()) end
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

/// Ada's answer did not tell whether it has a reply, which only means something when it is not there after this long.
pub async fn doubt(conn: &mut PgConnection, claimed: &Claimed, absent_in: Duration) -> Result<()> {
    sqlx::query!(
        "update deliveries set doubts = doubts + 1, looks = 0, doubt_since = now(), absent_from = now() + make_interval(secs => $2) where delivery_id = $1",
        claimed.id.0,
        absent_in.as_secs_f64()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Makes what is owed for a message begin with a look at what Ada has.
pub async fn look_first(conn: &mut PgConnection, message: MessageId) -> Result<()> {
    sqlx::query!(
        "update deliveries set state = 'unclear', doubt_since = now(), absent_from = now() where message_id = $1 and finished_at is null",
        message.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets finished deliveries that are older than `days`, at most `limit` of them. Gives how many there were.
pub async fn sweep(pool: &sqlx::PgPool, days: i32, limit: i64) -> Result<u64> {
    let swept = sqlx::query!(
        "delete from deliveries where delivery_id = any(array(
            select delivery_id from deliveries where finished_at < now() - make_interval(days => $1) order by finished_at limit $2
         ))",
        days,
        limit
    )
    .execute(pool)
    .await?;
    Ok(swept.rows_affected())
}
