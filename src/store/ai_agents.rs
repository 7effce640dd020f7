//! AI agents, that is, Ada tenants.

use serde_json::json;
use sqlx::PgPool;

use super::audit;
use super::failure::{Result, StoreError};
use crate::model::ids::AiAgentId;
use crate::model::pace::RateLimits;

/// An AI agent as it is stored.
#[derive(Clone)]
pub struct Stored {
    pub id: AiAgentId,
    pub domain: String,
    pub name: String,
    pub base_url: String,
    pub integration: String,
    pub rate_limits: RateLimits,
    pub from_environment: bool,
    /// Keys and secrets, sealed with `SECRET_KEY`; absent for the one whose keys stay in the environment.
    pub sealed_keys: Option<Vec<u8>>,
}

/// The AI agents in use.
pub async fn list(pool: &PgPool) -> Result<Vec<Stored>> {
    let rows = sqlx::query!(
        "select ai_agent_id, domain, name, base_url, integration, calls_per_second, calls_per_minute, calls_per_day, from_environment,
            sealed_keys
         from ai_agents where removed_at is null order by domain"
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Stored {
            id: AiAgentId(row.ai_agent_id),
            domain: row.domain,
            name: row.name,
            base_url: row.base_url,
            integration: row.integration,
            rate_limits: RateLimits::new(row.calls_per_second, row.calls_per_minute, row.calls_per_day),
            from_environment: row.from_environment,
            sealed_keys: row.sealed_keys,
        })
        .collect())
}

/// What describes an AI agent beside its keys.
#[derive(Clone, Copy, Debug)]
pub struct Description<'a> {
    pub domain: &'a str,
    pub name: &'a str,
    pub base_url: &'a str,
    pub integration: &'a str,
    /// What its tenant may ask of Ada.
    pub rate_limits: RateLimits,
}

/// Keeps the AI agent that the environment describes, without its keys.
pub async fn keep_from_environment(pool: &PgPool, description: Description<'_>) -> Result<AiAgentId> {
    let id = sqlx::query_scalar!(
        "insert into ai_agents (ai_agent_id, domain, name, base_url, integration, calls_per_second, calls_per_minute, calls_per_day, from_environment)
         values ($1, $2, $3, $4, $5, $6, $7, $8, true)
         on conflict on constraint ai_agents_domain_key
         do update set base_url = excluded.base_url, integration = excluded.integration, calls_per_second = excluded.calls_per_second,
            calls_per_minute = excluded.calls_per_minute, calls_per_day = excluded.calls_per_day, from_environment = true, sealed_keys = null,
            removed_at = null
         returning ai_agent_id",
        AiAgentId::new().0,
        description.domain,
        description.name,
        description.base_url,
        description.integration,
        stored(description.rate_limits.per_second),
        stored(description.rate_limits.per_minute),
        stored(description.rate_limits.per_day)
    )
    .fetch_one(pool)
    .await?;
    Ok(AiAgentId(id))
}

/// Adds an AI agent with sealed keys, or brings a removed one back.
pub async fn add(pool: &PgPool, id: AiAgentId, description: Description<'_>, sealed_keys: &[u8]) -> Result<AiAgentId> {
    let mut tx = pool.begin().await?;
    let added = sqlx::query_scalar!(
        "insert into ai_agents as a
            (ai_agent_id, domain, name, base_url, integration, sealed_keys, calls_per_second, calls_per_minute, calls_per_day)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict on constraint ai_agents_domain_key
         do update set name = excluded.name, base_url = excluded.base_url, integration = excluded.integration,
            calls_per_second = excluded.calls_per_second, calls_per_minute = excluded.calls_per_minute, calls_per_day = excluded.calls_per_day,
            sealed_keys = excluded.sealed_keys, from_environment = false, removed_at = null
         where a.removed_at is not null
         returning ai_agent_id",
        id.0,
        description.domain,
        description.name,
        description.base_url,
        description.integration,
        sealed_keys,
        stored(description.rate_limits.per_second),
        stored(description.rate_limits.per_minute),
        stored(description.rate_limits.per_day)
    )
    .fetch_optional(&mut *tx)
    .await?
    .ok_or_else(|| StoreError::Invalid(format!("domain: {} is connected already", description.domain)))?;
    audit::record(&mut tx, None, "ai_agent.add", "ai_agent", &added.to_string(), json!({ "domain": description.domain })).await?;
    tx.commit().await?;
    Ok(AiAgentId(added))
}

/// Takes an AI agent out of use. Its handoffs stay.
pub async fn remove(pool: &PgPool, domain: &str) -> Result<()> {
    let mut tx = pool.begin().await?;
    let id = sqlx::query_scalar!(
        "update ai_agents set removed_at = now(), sealed_keys = null where domain = $1 and removed_at is null returning ai_agent_id",
        domain
    )
    .fetch_optional(&mut *tx)
    .await?
    .ok_or(StoreError::NotFound)?;
    audit::record(&mut tx, None, "ai_agent.remove", "ai_agent", &id.to_string(), json!({ "domain": domain })).await?;
    tx.commit().await?;
    Ok(())
}

fn stored(limit: u32) -> i32 {
    i32::try_from(limit).unwrap_or(i32::MAX)
}
