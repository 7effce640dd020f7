//! Conversations at Ada.

use sqlx::PgConnection;

use super::failure::Result;
use super::lock::Locked;
use crate::model::context::{self, ContextEntry};
use crate::model::handoff::EndUser;
use crate::model::ids::{AdaConversationId, AiAgentId, ConversationId, EndUserId};
use crate::model::metadata::Metadata;

/// A conversation whose row this transaction holds.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    pub id: ConversationId,
    /// Its end user or channel was not known before, or is another one now: panes show both.
    pub learned: bool,
}

/// Locks a conversation, making it if it is new.
pub async fn lock_or_create(
    conn: &mut PgConnection,
    ai_agent: AiAgentId,
    ada: &AdaConversationId,
    end_user: Option<&EndUserId>,
    channel: Option<&str>,
) -> Result<Kept> {
    // The update locks the row also when there is nothing to change.
    let row = sqlx::query!(
        r#"with before as (select end_user_id, channel from conversations where ai_agent_id = $2 and ada_conversation_id = $3)
         insert into conversations as c (conversation_id, ai_agent_id, ada_conversation_id, end_user_id, channel) values ($1, $2, $3, $4, $5)
         on conflict on constraint conversations_ada_key
         do update set end_user_id = coalesce(c.end_user_id, excluded.end_user_id), channel = coalesce(excluded.channel, c.channel)
         returning c.conversation_id, not exists (
            select 1 from before b
            where b.end_user_id is not distinct from c.end_user_id and b.channel is not distinct from c.channel
         ) as "learned!""#,
        ConversationId::new().0,
        ai_agent.0,
        ada.as_str(),
        end_user.map(EndUserId::as_str),
        channel
    )
    .fetch_one(conn)
    .await?;
    Ok(Kept { id: ConversationId(row.conversation_id), learned: row.learned })
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
         order by conversation_id for update",
        ai_agent.0,
        end_user.as_str()
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(ConversationId).collect())
}

/// Keeps that Ada says the conversation is over.
pub async fn mark_ended(conn: &mut PgConnection, conversation: ConversationId) -> Result<()> {
    sqlx::query!("update conversations set ended_at = coalesce(ended_at, now()) where conversation_id = $1", conversation.0)
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
