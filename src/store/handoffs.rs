//! Opening handoffs, and the one way in which they end.

use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::changes::{self, What};
use super::conversations::{self, Read, Told};
use super::deliveries::{self, Kind, Lane};
use super::failure::Result;
use super::lock::{self, Locked};
use super::read_back;
use crate::model::handoff::{EndCause, EndWay, HandoffState};
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
        note_again(&mut tx, &latest).await?;
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
    read_back::want_check_if_ended(&mut tx, trigger.ai_agent, &trigger.conversation).await?;
    changes::append(&mut tx, handoff, What::Handoff).await?;
    tx.commit().await?;
    Ok((handoff, true))
}

/// Ada triggers while the handoff is open here. Soon after the last trigger that is the same one, sent twice. Later it means that the handoff
/// was over at Ada in between, and that the event about it is still on its way: it must not end what goes on now.
async fn note_again(conn: &mut PgConnection, open: &Locked) -> Result<()> {
    sqlx::query!(
        "update handoffs set triggered_again_at = now(), end_event_seen = false
         where handoff_id = $1 and greatest(handed_off_at, triggered_again_at) < now() - interval '15 seconds'",
        open.handoff.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How and by whom a handoff is over.
#[derive(Clone, Debug)]
pub struct End {
    pub cause: EndCause,
    pub by: Option<PersonId>,
    pub detail: Option<String>,
    /// Whether Ada's own event about the handoff's end says so.
    pub from_event: bool,
    /// Ada's own time of whatever says so.
    pub said_at: Option<OffsetDateTime>,
}

/// Ends a handoff, once: for one that is over already only what is better known now is added. Its owner's own end goes out of their
/// list at once; every other end stays there until they have seen it. Returns whether anything changed.
pub async fn end(conn: &mut PgConnection, locked: &Locked, end: &End) -> Result<bool> {
    if locked.state == HandoffState::Ended {
        return refine(conn, locked, end).await;
    }
    // Whatever told us first: if the owner had asked for the end, this is the end that they asked for.
    let asked = locked.end_way.filter(|way| match end.cause {
        EndCause::EndedAtAda | EndCause::HumanAgentElsewhere | EndCause::FoundOver => true,
        // How Ada names the end of a conversation that was asked for over its API is not documented.
        EndCause::AdaSystem => *way == EndWay::EndConversation,
        _ => false,
    });
    let (cause, by) = match asked {
        Some(way) => (way.cause(), locked.end_asked_by),
        None => (end.cause, end.by),
    };
    let own = matches!(cause, EndCause::ReturnedToAi | EndCause::ConversationEnded);
    sqlx::query!(
        "update handoffs set state = 'ended', ended_at = now(), end_cause = $2, ended_by = $3, end_detail = $4, end_event_seen = $5,
            end_event_at = case when $5 then $7::timestamptz end, put_away_at = case when $6 or owner_id is null then now() end
         where handoff_id = $1",
        locked.handoff.0,
        cause.as_str(),
        by.map(|person| person.0),
        end.detail,
        end.from_event,
        own,
        end.said_at
    )
    .execute(&mut *conn)
    .await?;
    stop_what_is_owed(conn, locked).await?;
    changes::append(conn, locked.handoff, What::Handoff).await?;
    Ok(true)
}

/// A later report of an end may say who ended it, or that it ended long before what was taken for its end. What counts are Ada's own times, so
/// that reports may come in any order.
async fn refine(conn: &mut PgConnection, locked: &Locked, end: &End) -> Result<bool> {
    let changed = sqlx::query!(
        "update handoffs h set end_cause = $2
         from conversations c
         where h.handoff_id = $1 and c.conversation_id = h.conversation_id and case
            when $2 in ('end_user', 'ada_system', 'human_agent_elsewhere') then h.end_cause in ('ended_at_ada', 'found_over') and case
                when h.end_event_at is not null and $3::timestamptz is not null
                    then $3 between h.end_event_at - interval '10 seconds' and h.end_event_at + interval '10 seconds'
                else h.ended_at > now() - interval '1 minute'
                    or $3 between h.ended_at - interval '1 minute' and h.ended_at + interval '1 minute' end
            when $2 = 'ended_at_ada' and $4 then h.end_cause = 'found_over' or (
                h.end_cause in ('end_user', 'ada_system', 'human_agent_elsewhere') and c.end_event_at > $3 + interval '10 seconds')
            else false end",
        locked.handoff.0,
        end.cause.as_str(),
        end.said_at,
        end.from_event
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    if end.from_event {
        sqlx::query!(
            "update handoffs set end_event_seen = true, end_event_at = least(end_event_at, $2) where handoff_id = $1",
            locked.handoff.0,
            end.said_at
        )
        .execute(&mut *conn)
        .await?;
    }
    if changed > 0 {
        changes::append(conn, locked.handoff, What::Handoff).await?;
    }
    Ok(changed > 0)
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

/// What an event about a handoff's end could mean beside the conversation's latest handoff.
#[derive(Clone, Copy, Debug)]
pub struct Before {
    /// The handoff before the latest one; the latest one itself if Ada handed off again while it was open here.
    pub handoff: HandoffId,
    pub end_event_seen: bool,
    /// When what goes on now began.
    pub latest_began: OffsetDateTime,
}

/// What there was before a conversation's latest handoff, or before the last trigger for it.
pub async fn before(conn: &mut PgConnection, latest: &Locked) -> Result<Option<Before>> {
    let row = sqlx::query!(
        r#"select b.handoff_id, b.end_event_seen, coalesce(l.triggered_again_at, l.handed_off_at) as "latest_began!"
         from handoffs l join handoffs b on b.conversation_id = l.conversation_id
         where l.handoff_id = $2 and b.conversation_id = $1 and (b.handoff_id <> $2 or l.triggered_again_at is not null)
         order by b.handed_off_at desc, b.handoff_id desc limit 1"#,
        latest.conversation.0,
        latest.handoff.0
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Before { handoff: HandoffId(row.handoff_id), end_event_seen: row.end_event_seen, latest_began: row.latest_began }))
}

/// The event about the end before the last trigger has come; the handoff goes on.
pub async fn note_earlier_end(conn: &mut PgConnection, open: &Locked) -> Result<()> {
    sqlx::query!("update handoffs set end_event_seen = true where handoff_id = $1", open.handoff.0).execute(conn).await?;
    Ok(())
}

/// What decisions about rights depend on.
pub async fn facts(pool: &PgPool, handoff: HandoffId) -> Result<crate::people::may::Facts> {
    let row = sqlx::query!(r#"select state as "state: HandoffState", owner_id from handoffs where handoff_id = $1"#, handoff.0)
        .fetch_optional(pool)
        .await?
        .ok_or(super::StoreError::NotFound)?;
    Ok(crate::people::may::Facts { state: row.state, owner: row.owner_id.map(PersonId) })
}
