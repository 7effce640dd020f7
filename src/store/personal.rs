//! What is kept about one end user, to be handed out or deleted.

use serde_json::json;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use uuid::Uuid;

use super::audit;
use super::failure::Result;
use crate::model::ids::HandoffId;

/// Whose data: an end user or a conversation, as Ada names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    EndUser(String),
    Conversation(String),
}

/// Their conversations, whichever AI agent they belong to.
async fn conversations(conn: &mut PgConnection, whose: &Whose) -> Result<Vec<Uuid>> {
    let agents = sqlx::query_scalar!("select ai_agent_id from ai_agents").fetch_all(&mut *conn).await?;
    let mut found = Vec::new();
    for agent in agents {
        let of_agent = match whose {
            Whose::EndUser(id) => {
                sqlx::query_scalar!("select conversation_id from conversations where ai_agent_id = $1 and end_user_id = $2", agent, id)
                    .fetch_all(&mut *conn)
                    .await?
            }
            Whose::Conversation(id) => {
                sqlx::query_scalar!(
                    "select conversation_id from conversations where ai_agent_id = $1 and ada_conversation_id = $2",
                    agent,
                    id
                )
                .fetch_all(&mut *conn)
                .await?
            }
        };
        found.extend(of_agent);
    }
    Ok(found)
}

/// Their handoffs, oldest first.
pub async fn handoffs(pool: &PgPool, whose: &Whose) -> Result<Vec<HandoffId>> {
    let mut conn = pool.acquire().await?;
    let conversations = conversations(&mut conn, whose).await?;
    let ids = sqlx::query_scalar!(
        "select handoff_id from handoffs where conversation_id = any($1) order by handed_off_at, handoff_id",
        &conversations
    )
    .fetch_all(&mut *conn)
    .await?;
    Ok(ids.into_iter().map(HandoffId).collect())
}

/// Everything handed off since, oldest first.
pub async fn handoffs_since(pool: &PgPool, since: OffsetDateTime) -> Result<Vec<HandoffId>> {
    let ids = sqlx::query_scalar!("select handoff_id from handoffs where handed_off_at >= $1 order by handed_off_at, handoff_id", since)
        .fetch_all(pool)
        .await?;
    Ok(ids.into_iter().map(HandoffId).collect())
}

/// What was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erased {
    pub conversations: u64,
    /// Events that were kept because they could not be applied.
    pub events: u64,
}

/// Deletes everything about an end user or a conversation in one transaction; what hangs on a conversation goes with it. The audit
/// keeps that it was done and how much there was, not what it was.
pub async fn erase(pool: &PgPool, whose: &Whose) -> Result<Erased> {
    let mut tx = pool.begin().await?;
    let found = conversations(&mut tx, whose).await?;
    let events = sqlx::query!(
        "delete from events e using conversations c
         where c.conversation_id = any($1) and e.ai_agent_id = c.ai_agent_id and e.ada_conversation_id = c.ada_conversation_id",
        &found
    )
    .execute(&mut *tx)
    .await?
    .rows_affected();
    let conversations =
        sqlx::query!("delete from conversations where conversation_id = any($1)", &found).execute(&mut *tx).await?.rows_affected();
    let kind = match whose {
        Whose::EndUser(_) => "end_user",
        Whose::Conversation(_) => "conversation",
    };
    let detail = json!({ "conversations": conversations, "events": events });
    audit::record(&mut tx, None, "personal_data.erase", kind, "", detail).await?;
    tx.commit().await?;
    Ok(Erased { conversations, events })
}
