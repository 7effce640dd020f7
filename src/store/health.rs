//! How it stands with each AI agent, for the health page.

use std::collections::HashMap;

use sqlx::PgPool;
use time::OffsetDateTime;

use super::failure::Result;
use super::{alarms, budget, events};
use crate::model::health::{AiAgentHealth, BudgetUse, Health, Heard, Owed, WindowUse};
use crate::model::ids::AiAgentId;
use crate::model::pace::{Class, Window};
use crate::model::stamp;

/// Everything that the health page shows, as of now.
pub async fn all(pool: &PgPool) -> Result<Health> {
    let mut alarms = alarms::open(pool).await?;
    let mut owed = owed(pool).await?;
    let kept = events::counts(pool).await?;
    let rows = sqlx::query!(
        r#"select a.ai_agent_id, a.name, a.domain, h.heard_at as "heard_at?", h.brought_at as "brought_at?", h.refused as "refused?",
            (select min(d.created_at) from deliveries d where d.ai_agent_id = a.ai_agent_id and d.kind = 'reply' and d.finished_at is null) as unsent
         from ai_agents a left join hearing h using (ai_agent_id)
         where a.removed_at is null order by a.name, a.domain"#
    )
    .fetch_all(pool)
    .await?;
    let mut ai_agents = Vec::with_capacity(rows.len());
    for row in rows {
        let id = AiAgentId(row.ai_agent_id);
        let (own, others) = alarms.into_iter().partition(|alarm| alarm.ai_agent == id);
        alarms = others;
        ai_agents.push(AiAgentHealth {
            id,
            name: row.name,
            domain: row.domain,
            alarms: own,
            heard: Heard { any_at: row.heard_at, message_at: row.brought_at, refused: row.refused.unwrap_or(0) },
            budget: used(pool, id).await?,
            owed: owed.remove(&id).unwrap_or_default(),
            oldest_unsent: row.unsent,
        });
    }
    Ok(Health { ai_agents, kept_events: kept.unreadable + kept.failed, now: stamp::whole_micros(OffsetDateTime::now_utc()) })
}

async fn used(pool: &PgPool, id: AiAgentId) -> Result<BudgetUse> {
    let budget = budget::remaining(pool, id).await?;
    let windows = [(Window::Second, budget.used.second), (Window::Minute, budget.used.minute), (Window::Day, budget.used.day)];
    Ok(BudgetUse {
        windows: windows.map(|(window, used)| WindowUse { window, used, limit: budget.limits.of(window) }).to_vec(),
        paused_until: budget.paused_until,
        day_goes_on_at: budget.next_of_day,
        key_refused_at: budget.key_refused_at,
    })
}

/// What is owed to Ada, by AI agent and class.
async fn owed(pool: &PgPool) -> Result<HashMap<AiAgentId, Vec<Owed>>> {
    let rows = sqlx::query!(
        r#"select ai_agent_id, class, count(*) as "count!", min(created_at) as "oldest!"
         from deliveries where finished_at is null group by ai_agent_id, class order by ai_agent_id, class"#
    )
    .fetch_all(pool)
    .await?;
    let mut owed: HashMap<_, Vec<_>> = HashMap::new();
    for row in rows {
        let Some(class) = Class::ALL.into_iter().find(|class| class.number() == row.class) else { continue };
        owed.entry(AiAgentId(row.ai_agent_id)).or_default().push(Owed { class, count: row.count, oldest: row.oldest });
    }
    Ok(owed)
}
