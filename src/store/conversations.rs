//! Conversations at Ada.

use std::collections::{BTreeMap, HashMap};

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::failure::{Result, StoreError};
use super::lock::Locked;
use crate::model::context::{self, ContextEntry};
use crate::model::handoff::{EndCause, EndUser};
use crate::model::ids::{AdaConversationId, AiAgentId, ConversationId, EndUserId};
use crate::model::metadata::Metadata;

/// A conversation whose row this transaction holds.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    pub id: ConversationId,
    /// Its end user or channel was not known before, or is another one now: panes show both.
    pub learned: bool,
}

/// What a message or a trigger tells of its conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub ai_agent: AiAgentId,
    pub ada: AdaConversationId,
    pub end_user: Option<EndUserId>,
    pub channel: Option<String>,
}

/// A conversation as the outside names it.
pub type Named = (AiAgentId, AdaConversationId);

/// Locks a conversation, making it if it is new.
pub async fn lock_or_create(conn: &mut PgConnection, told: Told) -> Result<Kept> {
    let kept = lock_or_create_all(conn, std::slice::from_ref(&told)).await?;
    kept.into_values().next().ok_or(StoreError::NotFound)
}

/// Locks conversations, making those that are new. What is told of one several times counts in the order given: the first end user and
/// the last channel stay.
///
/// Rows are locked in one order, so that two servers with the same conversations wait for each other and never in a circle.
pub async fn lock_or_create_all(conn: &mut PgConnection, told: &[Told]) -> Result<HashMap<Named, Kept>> {
    let mut wanted: BTreeMap<Named, Told> = BTreeMap::new();
    for one in told {
        let known = wanted.entry((one.ai_agent, one.ada.clone())).or_insert_with(|| one.clone());
        known.end_user = known.end_user.take().or_else(|| one.end_user.clone());
        known.channel = one.channel.clone().or_else(|| known.channel.take());
    }
    let mut kept = HashMap::with_capacity(wanted.len());
    lock_known_all(conn, &mut wanted, &mut kept).await?;
    if !wanted.is_empty() {
        learn_all(conn, wanted.into_values().collect(), &mut kept).await?;
    }
    Ok(kept)
}

/// Locks those that are known. What is left in `wanted` is new, or there is something to learn of it. Most messages find their
/// conversation as it is, and then no new version of its row is written.
async fn lock_known_all(conn: &mut PgConnection, wanted: &mut BTreeMap<Named, Told>, kept: &mut HashMap<Named, Kept>) -> Result<()> {
    let (agents, names): (Vec<_>, Vec<_>) = wanted.keys().map(|(agent, ada)| (agent.0, ada.0.clone())).unzip();
    let rows = sqlx::query!(
        r#"select c.conversation_id, c.ai_agent_id, c.ada_conversation_id, c.end_user_id, c.channel
         from unnest($1::uuid[], $2::text[]) as wanted (ai_agent_id, ada_conversation_id)
         join conversations c on c.ai_agent_id = wanted.ai_agent_id and c.ada_conversation_id = wanted.ada_conversation_id
         order by c.ai_agent_id, c.ada_conversation_id collate "C"
         for update of c"#,
        &agents,
        &names
    )
    .fetch_all(conn)
    .await?;
    for row in rows {
        let key = (AiAgentId(row.ai_agent_id), AdaConversationId(row.ada_conversation_id));
        let as_it_is = wanted.get(&key).is_some_and(|told| {
            (told.end_user.is_none() || row.end_user_id.is_some()) && (told.channel.is_none() || told.channel == row.channel)
        });
        if as_it_is {
            wanted.remove(&key);
            kept.insert(key, Kept { id: ConversationId(row.conversation_id), learned: false });
        }
    }
    Ok(())
}

async fn learn_all(conn: &mut PgConnection, told: Vec<Told>, kept: &mut HashMap<Named, Kept>) -> Result<()> {
    let ids: Vec<_> = told.iter().map(|_| ConversationId::new().0).collect();
    let agents: Vec<_> = told.iter().map(|one| one.ai_agent.0).collect();
    let (mut names, mut end_users, mut channels) = (Vec::new(), Vec::new(), Vec::new());
    for one in told {
        names.push(one.ada.0);
        end_users.push(one.end_user.map(|id| id.0));
        channels.push(one.channel);
    }
    // The update locks the row also when somebody else made it meanwhile and there is nothing to change.
    let rows = sqlx::query!(
        r#"with given as (
            select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[])
                as given (conversation_id, ai_agent_id, ada_conversation_id, end_user_id, channel)
         ), before as (
            select c.conversation_id, c.end_user_id, c.channel
            from given g join conversations c on c.ai_agent_id = g.ai_agent_id and c.ada_conversation_id = g.ada_conversation_id
         )
         insert into conversations as c (conversation_id, ai_agent_id, ada_conversation_id, end_user_id, channel)
         select conversation_id, ai_agent_id, ada_conversation_id, end_user_id, channel from given
         order by ai_agent_id, ada_conversation_id collate "C"
         on conflict on constraint conversations_ada_key
         do update set end_user_id = coalesce(c.end_user_id, excluded.end_user_id), channel = coalesce(excluded.channel, c.channel)
         returning c.conversation_id, c.ai_agent_id, c.ada_conversation_id, not exists (
            select 1 from before b
            where b.conversation_id = c.conversation_id and b.end_user_id is not distinct from c.end_user_id
                and b.channel is not distinct from c.channel
         ) as "learned!""#,
        &ids,
        &agents,
        &names,
        &end_users as &[Option<String>],
        &channels as &[Option<String>]
    )
    .fetch_all(conn)
    .await?;
    kept.extend(rows.into_iter().map(|row| {
        let key = (AiAgentId(row.ai_agent_id), AdaConversationId(row.ada_conversation_id));
        (key, Kept { id: ConversationId(row.conversation_id), learned: row.learned })
    }));
    Ok(())
}

/// Locks a conversation that is known. `None` if it is not.
pub async fn lock_known(conn: &mut PgConnection, ai_agent: AiAgentId, ada: &AdaConversationId) -> Result<Option<ConversationId>> {
    let id = sqlx::query_scalar!(
        "select conversation_id from conversations where ai_agent_id = $1 and ada_conversation_id = $2 for update",
        ai_agent.0,
        ada.as_str()
    )
    .fetch_optional(conn)
    .await?;
    Ok(id.map(ConversationId))
}

/// The conversations of an end user that are with people or on their way there, locked.
pub async fn lock_open_of(conn: &mut PgConnection, ai_agent: AiAgentId, end_user: &EndUserId) -> Result<Vec<ConversationId>> {
    let ids = sqlx::query_scalar!(
        "select conversation_id from conversations c
         where ai_agent_id = $1 and end_user_id = $2
            and exists (select 1 from handoffs h where h.conversation_id = c.conversation_id and h.state <> 'ended')
         order by ai_agent_id, ada_conversation_id collate \"C\" for update",
        ai_agent.0,
        end_user.as_str()
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(ConversationId).collect())
}

/// Keeps that an event of Ada's says the conversation is over. Of several the latest counts.
pub async fn mark_ended(
    conn: &mut PgConnection,
    conversation: ConversationId,
    cause: EndCause,
    said_at: Option<OffsetDateTime>,
) -> Result<()> {
    sqlx::query!(
        "update conversations set ended_at = coalesce(ended_at, now()),
            end_event_cause = case when end_event_at > $3::timestamptz then end_event_cause else $2 end,
            end_event_at = greatest(end_event_at, $3)
         where conversation_id = $1",
        conversation.0,
        cause.as_str(),
        said_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps what Ada has as metadata.
pub async fn keep_metadata(conn: &mut PgConnection, conversation: ConversationId, metadata: &Metadata) -> Result<()> {
    sqlx::query!(
        "update conversations set metadata = $2, metadata_read = 'complete', metadata_read_problem = null where conversation_id = $1",
        conversation.0,
        serde_json::to_value(metadata)?
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps what Ada had as metadata at the beginning, unless something newer was read.
pub async fn keep_first_metadata(conn: &mut PgConnection, conversation: ConversationId, metadata: &Metadata) -> Result<()> {
    sqlx::query!(
        "update conversations set metadata = $2 where conversation_id = $1 and metadata_read = 'not_asked'",
        conversation.0,
        serde_json::to_value(metadata)?
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What Ada knows of an end user, as it is kept: only what panes show.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Profile {
    pub name: Option<String>,
    pub email: Option<String>,
    pub language: Option<String>,
    pub metavariables: Vec<ContextEntry>,
}

impl Profile {
    /// Together with what the trigger told: Ada's own profile goes first.
    pub fn with_context(self, id: Option<EndUserId>, context: &[ContextEntry]) -> EndUser {
        EndUser {
            id,
            name: self.name.or_else(|| context::first_of(context, context::CUSTOMER)),
            email: self.email.or_else(|| context::first_of(context, context::EMAIL)),
            language: self.language.or_else(|| context::first_of(context, context::LANGUAGE)),
            metavariables: self.metavariables,
        }
    }
}

/// Keeps what Ada knows of the end user.
pub async fn keep_profile(conn: &mut PgConnection, conversation: ConversationId, profile: &Profile) -> Result<()> {
    sqlx::query!(
        "update conversations set profile = $2, profile_read = 'complete', profile_problem = null where conversation_id = $1",
        conversation.0,
        serde_json::to_value(profile)?
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Which thing is read from Ada.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    Transcript,
    Profile,
    Metadata,
}

/// Keeps where a read stands: `loading`, `complete`, or `failed` with the reason.
pub async fn mark_read(conn: &mut PgConnection, locked: &Locked, read: Read, state: &str, problem: Option<&str>) -> Result<()> {
    let query = match read {
        Read::Transcript => sqlx::query!(
            "update handoffs set transcript_read = $2, transcript_problem = $3 where handoff_id = $1",
            locked.handoff.0,
            state,
            problem
        ),
        Read::Profile => sqlx::query!(
            "update conversations set profile_read = $2, profile_problem = $3 where conversation_id = $1",
            locked.conversation.0,
            state,
            problem
        ),
        Read::Metadata => sqlx::query!(
            "update conversations set metadata_read = $2, metadata_read_problem = $3 where conversation_id = $1",
            locked.conversation.0,
            state,
            problem
        ),
    };
    query.execute(conn).await?;
    Ok(())
}

/// The end user that a conversation belongs to, as far as known.
pub async fn end_user(conn: &mut PgConnection, conversation: ConversationId) -> Result<Option<EndUserId>> {
    let id =
        sqlx::query_scalar!("select end_user_id from conversations where conversation_id = $1", conversation.0).fetch_one(conn).await?;
    Ok(id.map(EndUserId))
}
