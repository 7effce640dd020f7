//! Messages that the desk did not know: their rows and the numbers of their changes, in one statement for however many there are.

use std::collections::HashMap;

use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Incoming, Place};
use crate::model::handoff::HandoffState;
use crate::model::ids::{HandoffId, MessageId};
use crate::model::message::{Content, Message, MessageState};
use crate::model::stamp::whole_micros;
use crate::model::timeline;
use crate::store::failure::Result;

/// A message that was not known, as it stands in its row now.
#[derive(Clone, Debug)]
pub struct Fresh {
    pub message: Message,
    /// The number of the change that tells it, and whose; absent before the conversation's first handoff.
    pub change: Option<(HandoffId, i64)>,
}

/// Puts messages into rows of their own, in the order given. Those whose id stands in the transcript already are left out: for them
/// the answer is `None`. The ids must differ within a conversation, and the caller holds the locks that [`Place`] asks for.
pub async fn insert(conn: &mut PgConnection, messages: &[(Place<'_>, &Incoming)]) -> Result<Vec<Option<Fresh>>> {
    let now = whole_micros(OffsetDateTime::now_utc());
    let columns = Columns::of(messages, now)?;
    let rows = sqlx::query!(
        r#"with given as (
            select * from unnest(
                $1::bigint[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::boolean[], $7::boolean[], $8::text[], $9::text[], $10::text[],
                $11::jsonb[], $12::timestamptz[], $13::boolean[], $14::timestamptz[], $15::boolean[], $16::timestamptz[], $17::integer[]
            ) as given (
                place, message_id, ai_agent_id, conversation_id, handoff_id, open, watched, ada_message_id, author_role, author_name,
                content, ada_created_at, ada_created_fine, event_at, event_fine, sorts_at, listed_at
            )
         ), unknown as (
            select g.*, max(g.sorts_at) over (
                partition by g.conversation_id order by g.place rows between unbounded preceding and 1 preceding
            ) as given_before
            from given g
            where not exists (select 1 from messages m where m.conversation_id = g.conversation_id and m.ada_message_id = g.ada_message_id)
                and not exists (select 1 from messages m where m.conversation_id = g.conversation_id and m.posted_id = g.ada_message_id)
         ), fresh as (
            insert into messages (message_id, ai_agent_id, conversation_id, handoff_id, ada_message_id, echoed, author_role, author_name,
                content, state, ada_created_at, ada_created_fine, event_at, event_fine, sorts_at, recorded_at, listed_at, late)
            select u.message_id, u.ai_agent_id, u.conversation_id, case when u.open then u.handoff_id end, u.ada_message_id, true,
                u.author_role, u.author_name, u.content, 'received', u.ada_created_at, u.ada_created_fine, u.event_at, u.event_fine, u.sorts_at,
                $18, u.listed_at,
                u.watched and (
                    coalesce(u.given_before >= u.sorts_at + interval '1 second', false)
                    or exists (
                        select 1 from messages m
                        where m.conversation_id = u.conversation_id and m.sorts_at >= u.sorts_at + interval '1 second'
                    )
                )
            from unknown u
            on conflict on constraint messages_ada_key do nothing
            returning message_id, late
         ), told as (
            select u.handoff_id, f.message_id, row_number() over (partition by u.handoff_id order by u.place) as place
            from fresh f join unknown u using (message_id)
            where u.handoff_id is not null
         ), raised as (
            update handoffs h set head = h.head + told.messages
            from (select handoff_id, count(*) as messages from told group by handoff_id) told
            where h.handoff_id = told.handoff_id
            returning h.handoff_id, h.head - told.messages as before
         ), numbered as (
            insert into changes (handoff_id, number, kind, message_id)
            select t.handoff_id, r.before + t.place, 'message', t.message_id from told t join raised r using (handoff_id)
            returning message_id, number
         )
         select f.message_id, f.late, n.number as "number?" from fresh f left join numbered n using (message_id)"#,
        &columns.places,
        &columns.ids,
        &columns.ai_agents,
        &columns.conversations,
        &columns.handoffs as &[Option<Uuid>],
        &columns.open,
        &columns.watched,
        &columns.ada_ids,
        &columns.roles,
        &columns.names as &[Option<String>],
        &columns.contents,
        &columns.created_at as &[Option<OffsetDateTime>],
        &columns.created_fine,
        &columns.event_at as &[Option<OffsetDateTime>],
        &columns.event_fine,
        &columns.sorts_at,
        &columns.listed_at as &[Option<i32>],
        now
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut known: HashMap<Uuid, (bool, Option<i64>)> = rows.into_iter().map(|row| (row.message_id, (row.late, row.number))).collect();
    let mut fresh = Vec::with_capacity(messages.len());
    for ((place, incoming), id) in messages.iter().zip(&columns.ids) {
        let Some((late, number)) = known.remove(id) else {
            fresh.push(None);
            continue;
        };
        keep_file(conn, *place, MessageId(*id), &incoming.content).await?;
        let change = place.latest.map(|latest| latest.handoff).zip(number);
        fresh.push(Some(Fresh { message: shown(MessageId(*id), incoming, late, now), change }));
    }
    Ok(fresh)
}

/// The messages column by column, as the statement takes them.
#[derive(Default)]
struct Columns {
    places: Vec<i64>,
    ids: Vec<Uuid>,
    ai_agents: Vec<Uuid>,
    conversations: Vec<Uuid>,
    handoffs: Vec<Option<Uuid>>,
    open: Vec<bool>,
    watched: Vec<bool>,
    ada_ids: Vec<String>,
    roles: Vec<String>,
    names: Vec<Option<String>>,
    contents: Vec<Value>,
    created_at: Vec<Option<OffsetDateTime>>,
    created_fine: Vec<bool>,
    event_at: Vec<Option<OffsetDateTime>>,
    event_fine: Vec<bool>,
    sorts_at: Vec<OffsetDateTime>,
    listed_at: Vec<Option<i32>>,
}

impl Columns {
    fn of(messages: &[(Place<'_>, &Incoming)], now: OffsetDateTime) -> Result<Self> {
        let mut columns = Self::default();
        for (at, (place, incoming)) in (0..).zip(messages) {
            columns.places.push(at);
            columns.ids.push(MessageId::new().0);
            columns.ai_agents.push(place.ai_agent.0);
            columns.conversations.push(place.conversation.0);
            columns.handoffs.push(place.latest.map(|latest| latest.handoff.0));
            columns.open.push(place.latest.is_some_and(|latest| latest.state.is_open()));
            columns.watched.push(is_watched(*place, incoming));
            columns.ada_ids.push(incoming.id.as_str().to_owned());
            columns.roles.push(incoming.author.role.as_str().to_owned());
            columns.names.push(incoming.author.name.clone());
            columns.contents.push(serde_json::to_value(&incoming.content)?);
            columns.created_at.push(incoming.created_at.map(|stamp| stamp.at));
            columns.created_fine.push(incoming.created_at.is_some_and(|stamp| stamp.fine));
            columns.event_at.push(incoming.event_at.map(|stamp| stamp.at));
            columns.event_fine.push(incoming.event_at.is_some_and(|stamp| stamp.fine));
            // A message that Ada has not dated is dated by its arrival: it must stand somewhere, everywhere the same.
            columns.sorts_at.push(timeline::ada_time(incoming.created_at, incoming.event_at).unwrap_or(now));
            columns.listed_at.push(incoming.listed_at);
        }
        Ok(columns)
    }
}

/// Late is what lands above something said a second later or more: webhooks that overtake each other by moments are nobody's concern.
/// The history that is read at the start is not late.
fn is_watched(place: Place<'_>, incoming: &Incoming) -> bool {
    place.latest.is_some_and(|latest| {
        matches!(latest.state, HandoffState::Active | HandoffState::Ending) && (incoming.event_at.is_some() || latest.transcript_complete)
    })
}

async fn keep_file(conn: &mut PgConnection, place: Place<'_>, message: MessageId, content: &Content) -> Result<()> {
    let Content::File { url, mime_type, filename } = content else { return Ok(()) };
    sqlx::query!(
        "insert into files (file_id, ai_agent_id, message_id, filename, mime_type, source_url) values ($1, $2, $3, $4, $5, $6)",
        Uuid::now_v7(),
        place.ai_agent.0,
        message.0,
        filename.as_deref(),
        mime_type.as_deref(),
        url
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The row as transcripts show it.
fn shown(id: MessageId, incoming: &Incoming, late: bool, recorded_at: OffsetDateTime) -> Message {
    Message {
        id,
        ada_id: Some(incoming.id.clone()),
        author: incoming.author.clone(),
        content: incoming.content.clone(),
        state: MessageState::Received,
        problem: None,
        created_at: incoming.created_at,
        event_at: incoming.event_at,
        listed_at: incoming.listed_at,
        recorded_at,
        late,
        sent_by: None,
        revision: 1,
    }
}
