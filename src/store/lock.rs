//! Locks on rows, always in the same order: the conversation first, then its handoff.

use std::collections::HashMap;

use sqlx::PgConnection;

use super::failure::{Result, StoreError};
use crate::model::handoff::{EndWay, HandoffState};
use crate::model::ids::{AdaConversationId, AiAgentId, ConversationId, HandoffId, PersonId};
use time::OffsetDateTime;
use uuid::Uuid;

/// A handoff whose row, and whose conversation's row, this transaction holds.
#[derive(Clone, Debug)]
pub struct Locked {
    pub handoff: HandoffId,
    pub ai_agent: AiAgentId,
    pub conversation: ConversationId,
    pub ada_conversation: AdaConversationId,
    pub state: HandoffState,
    pub owner: Option<PersonId>,
    pub handed_off_at: OffsetDateTime,
    pub end_way: Option<EndWay>,
    pub end_asked_by: Option<PersonId>,
    /// Whether the transcript has been read from Ada in full.
    pub transcript_complete: bool,
}

/// For the rest of this transaction, waits longer for rows that others hold than connections for writers usually do.
pub async fn wait_longer(conn: &mut PgConnection) -> Result<()> {
    sqlx::query!("set local lock_timeout = '1s'").execute(conn).await?;
    Ok(())
}

/// Locks a handoff and its conversation.
pub async fn handoff(conn: &mut PgConnection, handoff: HandoffId) -> Result<Locked> {
    let conversation = sqlx::query_scalar!(
        "select c.conversation_id from conversations c
         where c.conversation_id = (select conversation_id from handoffs where handoff_id = $1)
         for update",
        handoff.0
    )
    .fetch_optional(&mut *conn)
    .await?
    .ok_or(StoreError::NotFound)?;
    latest_or(conn, ConversationId(conversation), Some(handoff)).await?.ok_or(StoreError::NotFound)
}

/// Locks the latest handoff of a conversation whose row is locked already. `None` before its first trigger.
pub async fn latest(conn: &mut PgConnection, conversation: ConversationId) -> Result<Option<Locked>> {
    latest_or(conn, conversation, None).await
}

/// One row of a query for [`Locked`].
struct Row {
    handoff_id: Uuid,
    ai_agent_id: Uuid,
    conversation_id: Uuid,
    ada_conversation_id: String,
    state: HandoffState,
    owner_id: Option<Uuid>,
    handed_off_at: OffsetDateTime,
    end_way: Option<EndWay>,
    end_asked_by: Option<Uuid>,
    transcript_complete: bool,
}

/// Selects [`Row`]s.
macro_rules! select_locked {
    ($rest:literal $(, $argument:expr)*) => {
        sqlx::query_as!(
            Row,
            r#"select h.handoff_id, h.ai_agent_id, h.conversation_id, c.ada_conversation_id, h.state as "state: HandoffState", h.owner_id,
                h.handed_off_at, h.end_way as "end_way: EndWay", h.end_asked_by, h.transcript_read = 'complete' as "transcript_complete!"
            from handoffs h join conversations c using (conversation_id) "# + $rest
            $(, $argument)*
        )
    };
}

/// Locks the latest handoffs of conversations whose rows are locked already. Those before their first trigger have none.
pub async fn latest_all(conn: &mut PgConnection, conversations: &[Uuid]) -> Result<HashMap<ConversationId, Locked>> {
    let rows = select_locked!(
        "where h.handoff_id in (
            select latest.handoff_id
            from unnest($1::uuid[]) as wanted (conversation_id)
            cross join lateral (
                select l.handoff_id from handoffs l where l.conversation_id = wanted.conversation_id
                order by l.handed_off_at desc, l.handoff_id desc limit 1
            ) latest
         )
         for update of h",
        conversations
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (ConversationId(row.conversation_id), row.into())).collect())
}

async fn latest_or(conn: &mut PgConnection, conversation: ConversationId, wanted: Option<HandoffId>) -> Result<Option<Locked>> {
    let row = select_locked!(
        "where h.conversation_id = $1 and ($2::uuid is null or h.handoff_id = $2)
         order by h.handed_off_at desc, h.handoff_id desc
         limit 1
         for update of h",
        conversation.0,
        wanted.map(|handoff| handoff.0)
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Locked::from))
}

impl From<Row> for Locked {
    fn from(row: Row) -> Self {
        Self {
            handoff: HandoffId(row.handoff_id),
            ai_agent: AiAgentId(row.ai_agent_id),
            conversation: ConversationId(row.conversation_id),
            ada_conversation: AdaConversationId(row.ada_conversation_id),
            state: row.state,
            owner: row.owner_id.map(PersonId),
            handed_off_at: row.handed_off_at,
            end_way: row.end_way,
            end_asked_by: row.end_asked_by.map(PersonId),
            transcript_complete: row.transcript_complete,
        }
    }
}
