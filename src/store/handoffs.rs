//! Opening handoffs, and the one way in which they end.

use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::changes::{self, What};
use super::conversations::{self, Read, Told};
use super::deliveries::{self, Kind, Lane};
use super::failure::Result;
use super::lock::{self, Locked};
use crate::model::handoff::{EndCause, HandoffState};
use crate::model::ids::{AdaConversationId, AiAgentId, EndUserId, HandoffId, PersonId};

/// What the trigger brings.
#[derive(Clone, Debug)]
pub struct Trigger {
    pub ai_agent: AiAgentId,
    pub conversation: AdaConversationId,
    pub end_user: Option<EndUserId>,
    /// Every scalar of the trigger beside the ids.
    pub context: serde_json::Value,
}

/// Opens a handoff, or gives the one that is open: the same trigger twice is one handoff. The second value says whether it is new.
pub async fn open(pool: &PgPool, trigger: &Trigger) -> Result<(HandoffId, bool)> {
    let mut tx = pool.begin().await?;
    let told = Told { ai_agent: trigger.ai_agent, ada: trigger.conversation.clone(), end_user: trigger.end_user.clone(), channel: None };
    let kept = conversations::lock_or_create(&mut tx, told).await?;
    let conversation = kept.id;
    if let Some(latest) = lock::latest(&mut tx, conversation).await?
        && latest.state.is_open()
    {
        // Ada asks again while somebody has it: our answer to the first trigger did not arrive, or the end is still on its way to us. What
        // was said in between carried no label of ours, so nobody told us; one who accepts later reads it then.
        let accepted = latest.state != HandoffState::Waiting;
        if accepted {
            conversations::mark_read(&mut tx, &latest, Read::Transcript, "loading", None).await?;
            deliveries::owe(&mut tx, &latest, Lane::Transcript, Kind::ReadTranscript, None, serde_json::Value::Null).await?;
        }
        if kept.learned || accepted {
            changes::append(&mut tx, latest.handoff, What::Handoff).await?;
        }
        tx.commit().await?;
        return Ok((latest.handoff, false));
    }
    let handoff = HandoffId::new();
    sqlx::query!(
        "insert into handoffs (handoff_id, ai_agent_id, conversation_id, context) values ($1, $2, $3, $4)",
        handoff.0,
        trigger.ai_agent.0,
        conversation.0,
        trigger.context
    )
    .execute(&mut *tx)
    .await?;
    changes::append(&mut tx, handoff, What::Handoff).await?;
    tx.commit().await?;
    Ok((handoff, true))
}

/// How and by whom a handoff is over.
#[derive(Clone, Debug)]
pub struct End {
    pub cause: EndCause,
    pub by: Option<PersonId>,
    pub detail: Option<String>,
    /// Whether Ada's own event says so.
    pub from_event: bool,
}

/// Ends a handoff, once: for one that is over already only what is better known now is added. Its owner's own end goes out of their
/// list at once; every other end stays there until they have seen it. Returns whether anything changed.
pub async fn end(conn: &mut PgConnection, locked: &Locked, end: &End) -> Result<bool> {
    if locked.state == HandoffState::Ended {
        return refine(conn, locked, end).await;
    }
    // Whatever told us first: if the owner had asked for the end, this is the end that they asked for.
    let asked = locked.end_way.filter(|_| matches!(end.cause, EndCause::EndedAtAda | EndCause::HumanAgentElsewhere | EndCause::FoundOver));
    let (cause, by) = match asked {
        Some(way) => (way.cause(), locked.end_asked_by),
        None => (end.cause, end.by),
    };
    let own = matches!(cause, EndCause::ReturnedToAi | EndCause::ConversationEnded);
    sqlx::query!(
        "update handoffs set state = 'ended', ended_at = now(), end_cause = $2, ended_by = $3, end_detail = $4, end_event_seen = $5,
            put_away_at = case when $6 or owner_id is null then now() end
         where handoff_id = $1",
        locked.handoff.0,
        cause.as_str(),
        by.map(|person| person.0),
        end.detail,
        end.from_event,
        own
    )
    .execute(&mut *conn)
    .await?;
    stop_what_is_owed(conn, locked).await?;
    changes::append(conn, locked.handoff, What::Handoff).await?;
    Ok(true)
}

/// A later report of an end may say who ended it.
async fn refine(conn: &mut PgConnection, locked: &Locked, end: &End) -> Result<bool> {
    let changed = sqlx::query!(
        "update handoffs set end_cause = $2, end_event_seen = end_event_seen or $3
         where handoff_id = $1 and end_cause in ('ended_at_ada', 'found_over') and $2 in ('end_user', 'ada_system', 'human_agent_elsewhere')
            and ended_at > now() - interval '1 minute'",
        locked.handoff.0,
        end.cause.as_str(),
        end.from_event
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    if changed == 0 {
        sqlx::query!("update handoffs set end_event_seen = end_event_seen or $2 where handoff_id = $1", locked.handoff.0, end.from_event)
            .execute(conn)
            .await?;
        return Ok(false);
    }
    changes::append(conn, locked.handoff, What::Handoff).await?;
    Ok(true)
}

/// Nothing more can reach the customer: replies that have not left stay with the agent, as not sent.
async fn stop_what_is_owed(conn: &mut PgConnection, locked: &Locked) -> Result<()> {
    let unsent = sqlx::query_scalar!(
        "update messages set state = 'failed', problem = 'The handoff ended before this could be sent.', revision = revision + 1
         where handoff_id = $1 and state = 'queued' and discarded_at is null
         returning message_id",
        locked.handoff.0
    )
    .fetch_all(&mut *conn)
    .await?;
    for message in unsent {
        changes::append(conn, locked.handoff, What::Message(crate::model::ids::MessageId(message))).await?;
    }
    // A call under way finishes by itself: its outcome still counts. Metadata can be written after the end as well: the outcome and the
    // note are worth having whoever ended it.
    sqlx::query!(
        "update deliveries set state = 'failed', finished_at = now(), problem = 'the handoff is over'
         where handoff_id = $1 and finished_at is null and state = 'owed' and kind in ('reply', 'end_handoff', 'end_conversation')",
        locked.handoff.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What is known of the handoff before the latest one.
#[derive(Clone, Copy, Debug)]
pub struct Before {
    pub handoff: HandoffId,
    pub end_event_seen: bool,
    pub ended_at: Option<OffsetDateTime>,
}

/// The handoff before a conversation's latest one.
pub async fn before(conn: &mut PgConnection, latest: &Locked) -> Result<Option<Before>> {
    let row = sqlx::query!(
        "select handoff_id, end_event_seen, ended_at from handoffs
         where conversation_id = $1 and handoff_id <> $2
         order by handed_off_at desc, handoff_id desc limit 1",
        latest.conversation.0,
        latest.handoff.0
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Before { handoff: HandoffId(row.handoff_id), end_event_seen: row.end_event_seen, ended_at: row.ended_at }))
}

/// What decisions about rights depend on.
pub async fn facts(pool: &PgPool, handoff: HandoffId) -> Result<crate::people::may::Facts> {
    let row = sqlx::query!(r#"select state as "state: HandoffState", owner_id from handoffs where handoff_id = $1"#, handoff.0)
        .fetch_optional(pool)
        .await?
        .ok_or(super::StoreError::NotFound)?;
    Ok(crate::people::may::Facts { state: row.state, owner: row.owner_id.map(PersonId) })
}
