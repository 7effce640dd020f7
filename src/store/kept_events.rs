//! Kept events, as administrators look at them. Looking at what one says is noted.

use serde_json::json;
use sqlx::PgPool;

use super::audit;
use super::failure::Result;
use crate::model::ids::{EventId, PersonId};
use crate::model::kept_event::KeptEvent;

/// What could not be applied and was not set aside, oldest first, without what it says.
pub async fn listed(pool: &PgPool, limit: i64) -> Result<Vec<KeptEvent>> {
    let rows = sqlx::query!(
        r#"select e.event_id, a.domain, e.event_type, e.reason, e.received_at, e.replayed_at
         from events e join ai_agents a using (ai_agent_id)
         where e.outcome <> 'applied' and e.dismissed_at is null order by e.received_at, e.event_id limit $1"#,
        limit
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| KeptEvent {
            id: EventId(row.event_id),
            domain: row.domain,
            event_type: row.event_type,
            reason: row.reason,
            received_at: row.received_at,
            tried_at: row.replayed_at,
        })
        .collect())
}

/// What an event says, for a person whose looking is noted. `None` if it is not kept any more.
pub async fn open(pool: &PgPool, id: EventId, by: PersonId) -> Result<Option<Vec<u8>>> {
    let mut tx = pool.begin().await?;
    let payload = sqlx::query_scalar!(
        r#"select payload as "payload!" from events where event_id = $1 and outcome <> 'applied' and dismissed_at is null"#,
        id.0
    )
    .fetch_optional(&mut *tx)
    .await?;
    if payload.is_some() {
        audit::record(&mut tx, Some(by), "event.read", "event", &id.to_string(), json!({})).await?;
    }
    tx.commit().await?;
    Ok(payload)
}

/// Notes that a person had an event applied again, or set it aside.
pub async fn note(pool: &PgPool, by: PersonId, action: &str, id: EventId) -> Result<()> {
    let mut conn = pool.acquire().await?;
    audit::record(&mut conn, Some(by), action, "event", &id.to_string(), json!({})).await
}
