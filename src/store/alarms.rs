//! Alarms: one row per AI agent and trouble while it stands.

use std::time::Duration;

use sqlx::PgPool;
use uuid::Uuid;

use super::failure::Result;
use crate::model::alarm::{Alarm, AlarmKind};
use crate::model::ids::AiAgentId;

/// The alarms that stand, oldest first.
pub async fn open(pool: &PgPool) -> Result<Vec<Alarm>> {
    let rows = sqlx::query!(
        r#"select a.ai_agent_id, g.domain, a.kind as "kind: AlarmKind", a.detail, a.since, a.last_seen, a.cleared_at
         from alarms a join ai_agents g using (ai_agent_id)
         where a.cleared_at is null and g.removed_at is null order by a.since, a.alarm_id"#
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Alarm {
            ai_agent: AiAgentId(row.ai_agent_id),
            domain: row.domain,
            kind: row.kind,
            detail: row.detail,
            since: row.since,
            last_seen: row.last_seen,
            cleared_at: row.cleared_at,
        })
        .collect())
}

/// Raises an alarm, or notes that there is still a sign of it. `true` if it is new: then it is logged as an error.
pub async fn raise(pool: &PgPool, ai_agent: AiAgentId, kind: AlarmKind, detail: &str) -> Result<bool> {
    let new = sqlx::query_scalar!(
        r#"insert into alarms (alarm_id, ai_agent_id, kind, detail) values ($1, $2, $3, $4)
         on conflict (ai_agent_id, kind) where cleared_at is null do update set last_seen = now(), detail = excluded.detail
         returning alarm_id = $1 as "new!""#,
        Uuid::now_v7(),
        ai_agent.0,
        kind.as_str(),
        detail
    )
    .fetch_one(pool)
    .await?;
    if new {
        tracing::error!(kind = kind.as_str(), %ai_agent, detail, "an alarm is raised");
    }
    Ok(new)
}

/// The trouble is over. `true` if the alarm stood: then it is logged.
pub async fn clear(pool: &PgPool, ai_agent: AiAgentId, kind: AlarmKind) -> Result<bool> {
    clear_unseen(pool, ai_agent, kind, Duration::ZERO).await
}

/// The same, unless there was a sign of it within this time.
pub async fn clear_unseen(pool: &PgPool, ai_agent: AiAgentId, kind: AlarmKind, within: Duration) -> Result<bool> {
    let cleared = sqlx::query!(
        "update alarms set cleared_at = now()
         where ai_agent_id = $1 and kind = $2 and cleared_at is null and last_seen <= now() - make_interval(secs => $3)",
        ai_agent.0,
        kind.as_str(),
        within.as_secs_f64()
    )
    .execute(pool)
    .await?;
    let stood = cleared.rows_affected() > 0;
    if stood {
        tracing::info!(kind = kind.as_str(), %ai_agent, "an alarm is over");
    }
    Ok(stood)
}
