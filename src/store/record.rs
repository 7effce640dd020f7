//! Recording what Ada says was written: the one place where webhooks, transcript reads and the answers to our own posts meet in
//! one row per (AI agent, conversation, message id).

pub mod fresh;

use sqlx::PgConnection;
use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::changes::{self, What};
use super::failure::Result;
use super::lock::Locked;
use crate::model::ids::{AdaMessageId, AiAgentId, ConversationId, MessageId};
use crate::model::message::{Author, AuthorRole, Content, MessageState};
use crate::model::reply;
use crate::model::stamp::Stamp;
use crate::model::timeline::{self, Facts};

/// A message as Ada tells of it.
#[derive(Clone, Debug)]
pub struct Incoming {
    pub id: AdaMessageId,
    pub author: Author,
    pub content: Content,
    pub created_at: Option<Stamp>,
    /// The webhook's own time; absent in a transcript.
    pub event_at: Option<Stamp>,
    /// Its place in Ada's list; absent in a webhook.
    pub listed_at: Option<i32>,
}

/// Where a message belongs: the caller holds the conversation's row lock, and that of its latest handoff if there is one.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub ai_agent: AiAgentId,
    pub conversation: ConversationId,
    pub latest: Option<&'a Locked>,
}

/// How long before our own first attempt an echo may be dated: clocks differ.
const CLOCKS_DIFFER: time::Duration = time::Duration::minutes(5);

/// Records a message once. What is known already is completed: a finer time, the confirmation of our own reply.
/// Returns whether anything changed; if so, browsers are told.
pub async fn message(conn: &mut PgConnection, place: Place<'_>, incoming: &Incoming) -> Result<bool> {
    let known = match by_ada_id(conn, place.conversation, &incoming.id).await? {
        Some(known) => Some(known),
        None => own_echo(conn, place.conversation, incoming).await?,
    };
    let Some(known) = known else {
        return Ok(fresh::insert(conn, &[(place, incoming)]).await?.iter().any(Option::is_some));
    };
    let changed = complete(conn, &known, incoming).await?;
    if known.unheard && incoming.listed_at.is_none() {
        sqlx::query!("update messages set unheard_since = null where message_id = $1", known.id.0).execute(&mut *conn).await?;
    }
    if changed && let Some(latest) = place.latest {
        changes::append(conn, latest.handoff, What::Message(known.id)).await?;
    }
    Ok(changed)
}

/// A row that is there already.
pub(super) struct Known {
    id: MessageId,
    ada_id: Option<String>,
    state: MessageState,
    created_at: Option<Stamp>,
    event_at: Option<Stamp>,
    listed_at: Option<i32>,
    echoed: bool,
    own: bool,
    content: Content,
    /// Only a list has shown it so far, although a webhook should have.
    unheard: bool,
}

struct KnownRow {
    message_id: Uuid,
    ada_message_id: Option<String>,
    state: MessageState,
    ada_created_at: Option<OffsetDateTime>,
    ada_created_fine: bool,
    event_at: Option<OffsetDateTime>,
    event_fine: bool,
    listed_at: Option<i32>,
    echoed: bool,
    sent_by: Option<Uuid>,
    content: Json<Content>,
    unheard: bool,
}

impl From<KnownRow> for Known {
    fn from(row: KnownRow) -> Self {
        Self {
            id: MessageId(row.message_id),
            ada_id: row.ada_message_id,
            state: row.state,
            created_at: row.ada_created_at.map(|at| Stamp { at, fine: row.ada_created_fine }),
            event_at: row.event_at.map(|at| Stamp { at, fine: row.event_fine }),
            listed_at: row.listed_at,
            echoed: row.echoed,
            own: row.sent_by.is_some(),
            content: row.content.0,
            unheard: row.unheard,
        }
    }
}

async fn by_ada_id(conn: &mut PgConnection, conversation: ConversationId, id: &AdaMessageId) -> Result<Option<Known>> {
    let row = sqlx::query_as!(
        KnownRow,
        r#"select message_id, ada_message_id, state as "state: _", ada_created_at, ada_created_fine, event_at, event_fine, listed_at, echoed, sent_by,
            content as "content: _",
            unheard_since is not null as "unheard!"
         from messages where conversation_id = $1 and (ada_message_id = $2 or posted_id = $2)
         order by ada_message_id = $2 desc nulls last limit 1"#,
        conversation.0,
        id.as_str()
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Known::from))
}

/// Our own reply that this message is the echo of: the same content, sent by us, not shown back yet; the oldest one first, so that
/// two equal replies sent on purpose stay two.
async fn own_echo(conn: &mut PgConnection, conversation: ConversationId, incoming: &Incoming) -> Result<Option<Known>> {
    if incoming.author.role != AuthorRole::HumanAgent {
        return Ok(None);
    }
    // A year at the end of the calendar has no five minutes more: then any attempt was before.
    let attempted_by = timeline::ada_time(incoming.created_at, incoming.event_at).and_then(|at| at.checked_add(CLOCKS_DIFFER));
    let row = sqlx::query_as!(
        KnownRow,
        r#"select message_id, ada_message_id, state as "state: _", ada_created_at, ada_created_fine, event_at, event_fine, listed_at, echoed, sent_by,
            content as "content: _",
            unheard_since is not null as "unheard!"
         from messages
         where conversation_id = $1 and not echoed and sent_by is not null and first_attempt_at is not null and discarded_at is null
            and content = $2 and ($3::timestamptz is null or first_attempt_at <= $3)
         order by recorded_at, message_id limit 1"#,
        conversation.0,
        serde_json::to_value(&incoming.content)?,
        attempted_by
    )
    .fetch_optional(&mut *conn)
    .await?;
    match row {
        Some(row) => Ok(Some(row.into())),
        None => edited_echo(conn, conversation, incoming, attempted_by).await,
    }
}

/// The same when Ada has tidied the text: only spaces and the marks of Markdown may differ.
async fn edited_echo(
    conn: &mut PgConnection,
    conversation: ConversationId,
    incoming: &Incoming,
    attempted_by: Option<OffsetDateTime>,
) -> Result<Option<Known>> {
    let Content::Text { body } = &incoming.content else { return Ok(None) };
    let candidates = sqlx::query!(
        r#"select message_id, content ->> 'body' as "body!" from messages
         where conversation_id = $1 and not echoed and sent_by is not null and first_attempt_at is not null and discarded_at is null
            and content ->> 'type' = 'text' and ($2::timestamptz is null or first_attempt_at <= $2)
         order by recorded_at, message_id limit 50"#,
        conversation.0,
        attempted_by
    )
    .fetch_all(&mut *conn)
    .await?;
    let Some(found) = candidates.into_iter().find(|own| reply::same_words(&own.body, body)) else { return Ok(None) };
    let row = sqlx::query_as!(
        KnownRow,
        r#"select message_id, ada_message_id, state as "state: _", ada_created_at, ada_created_fine, event_at, event_fine, listed_at, echoed, sent_by,
            content as "content: _",
            unheard_since is not null as "unheard!"
         from messages where message_id = $1"#,
        found.message_id
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Known::from))
}

async fn complete(conn: &mut PgConnection, known: &Known, incoming: &Incoming) -> Result<bool> {
    if !known.own && !says_the_same(&known.content, &incoming.content) {
        // What was shown first stays: nothing that Ada documents changes a message.
        metrics::counter!("babbage_messages_contradicted").increment(1);
        tracing::warn!(message = %known.id, "Ada tells other words under the id of a message that is known; the first ones stay");
    }
    let (created_at, event_at) = timeline::merge_facts((known.created_at, known.event_at), (incoming.created_at, incoming.event_at));
    let state = if known.own { MessageState::Sent } else { known.state };
    let listed_at = timeline::merge_places(known.listed_at, incoming.listed_at);
    let same = (created_at, event_at, listed_at, state) == (known.created_at, known.event_at, known.listed_at, known.state)
        && known.ada_id.as_deref() == Some(incoming.id.as_str());
    if same {
        if known.own && !known.echoed {
            sqlx::query!("update messages set echoed = true where message_id = $1", known.id.0).execute(conn).await?;
        }
        return Ok(false);
    }
    sqlx::query!(
        "update messages set ada_message_id = $2, ada_created_at = $3, ada_created_fine = $4, event_at = $5, event_fine = $6, sorts_at = coalesce($7, sorts_at, recorded_at),
            state = $8, problem = case when $8 = 'sent' then null else problem end, echoed = echoed or $9, listed_at = $10, revision = revision + 1
         where message_id = $1",
        known.id.0,
        incoming.id.as_str(),
        created_at.map(|stamp| stamp.at),
        created_at.is_some_and(|stamp| stamp.fine),
        event_at.map(|stamp| stamp.at),
        event_at.is_some_and(|stamp| stamp.fine),
        timeline::ada_time(created_at, event_at),
        state.as_str(),
        known.own,
        listed_at
    )
    .execute(conn)
    .await?;
    Ok(true)
}

/// Whether two reports of a message say the same. A file's address is signed anew each time.
fn says_the_same(one: &Content, other: &Content) -> bool {
    match (one, other) {
        (Content::File { mime_type: a, filename: b, .. }, Content::File { mime_type: c, filename: d, .. }) => (a, b) == (c, d),
        _ => one == other,
    }
}

/// Removes a row that turned out to be the echo of our own reply, told apart only now that Ada named the reply's id. Gives what
/// it told: times, and its place in Ada's list.
pub(super) async fn remove_double(
    conn: &mut PgConnection,
    locked: &Locked,
    own: MessageId,
    ada_id: &str,
) -> Result<Option<(Facts, Option<i32>)>> {
    let double = sqlx::query!(
        "delete from messages where conversation_id = $1 and ada_message_id = $2 and message_id <> $3 and sent_by is null
         returning message_id, ada_created_at, ada_created_fine, event_at, event_fine, listed_at",
        locked.conversation.0,
        ada_id,
        own.0
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(double) = double else { return Ok(None) };
    changes::append(conn, locked.handoff, What::Gone(MessageId(double.message_id))).await?;
    let stamp = |at: Option<OffsetDateTime>, fine| at.map(|at| Stamp { at, fine });
    let facts = (stamp(double.ada_created_at, double.ada_created_fine), stamp(double.event_at, double.event_fine));
    Ok(Some((facts, double.listed_at)))
}
