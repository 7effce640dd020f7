//! The AI agents that this server serves, with their keys opened. Kept in step with the store.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use subtle::{Choice, ConstantTimeEq};
use thiserror::Error;
use url::Url;

use super::config::{AiAgentConfig, Config};
use super::secrets::{EncryptError, SecretKey};
use super::signer::Signer;
use crate::ada;
use crate::model::ids::AiAgentId;
use crate::store::{self, ai_agents};

/// One AI agent with what is needed to hear from it and to speak to it.
pub struct AiAgent {
    pub id: AiAgentId,
    pub domain: String,
    pub integration: String,
    /// `None` without an API key: then nothing can be sent. It makes no call until it is given a gate.
    pub client: Option<ada::Client>,
    webhooks: Vec<Signer>,
    trigger_keys: Vec<SecretString>,
}

impl fmt::Debug for AiAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AiAgent").field("id", &self.id).field("domain", &self.domain).finish_non_exhaustive()
    }
}

impl AiAgent {
    /// Whether one of this AI agent's secrets signed these bytes.
    pub fn has_signed(&self, body: &[u8], headers: &axum::http::HeaderMap) -> bool {
        self.webhooks.iter().any(|webhook| webhook.has_signed(body, headers))
    }

    fn has_trigger_key(&self, key: &[u8]) -> Choice {
        self.trigger_keys.iter().fold(Choice::from(0), |found, known| found | known.expose_secret().as_bytes().ct_eq(key))
    }
}

/// Keys of an AI agent as they are sealed in the store.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Keys {
    pub api_key: Option<String>,
    pub webhook_secrets: Vec<String>,
    pub trigger_keys: Vec<String>,
}

impl Keys {
    /// Encrypts the keys for one AI agent.
    pub fn seal(&self, secret: &SecretKey, domain: &str) -> Result<Vec<u8>, EncryptError> {
        let plain = serde_json::to_vec(self).map_err(|_| EncryptError)?;
        secret.encrypt(&plain, &context(domain))
    }
}

/// Why the AI agents could not be loaded.
#[derive(Debug, Error)]
pub enum TenantsError {
    #[error(transparent)]
    Store(#[from] store::StoreError),
    #[error("{domain}: {reason}")]
    Agent { domain: String, reason: String },
}

/// All AI agents in use. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Tenants {
    known: Arc<RwLock<Vec<Arc<AiAgent>>>>,
}

impl Tenants {
    /// Keeps the AI agent of the environment in the store, and opens the keys of all.
    pub async fn load(pool: &PgPool, config: &Config, secret: &SecretKey) -> Result<Self, TenantsError> {
        let tenants = Self { known: Arc::default() };
        if let Some(agent) = &config.ai_agent {
            let description = ai_agents::Description {
                domain: &agent.domain,
                name: name_of(&agent.domain),
                base_url: agent.base_url.as_str(),
                integration: &agent.integration,
                rate_limits: agent.rate_limits,
            };
            ai_agents::keep_from_environment(pool, description).await?;
        }
        tenants.reload(pool, config, secret).await?;
        Ok(tenants)
    }

    /// Reads the AI agents anew. One whose keys cannot be opened is left out, loudly: the others go on.
    pub async fn reload(&self, pool: &PgPool, config: &Config, secret: &SecretKey) -> Result<(), TenantsError> {
        let mut known = Vec::new();
        for stored in ai_agents::list(pool).await? {
            let domain = stored.domain.clone();
            match open(stored, config.ai_agent.as_ref(), secret) {
                Ok(Some(agent)) => known.push(Arc::new(agent)),
                Ok(None) => tracing::warn!(%domain, "this AI agent was described by the environment and is not any more; it is not served"),
                Err(error) => tracing::error!(%error, "this AI agent is not served"),
            }
        }
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(())
    }

    /// Every AI agent.
    pub fn all(&self) -> Vec<Arc<AiAgent>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// An AI agent by id.
    pub fn by_id(&self, id: AiAgentId) -> Option<Arc<AiAgent>> {
        self.all().into_iter().find(|agent| agent.id == id)
    }

    /// Whether any AI agent can send webhooks at all.
    pub fn hear_webhooks(&self) -> bool {
        self.all().iter().any(|agent| !agent.webhooks.is_empty())
    }

    /// Whether any AI agent can trigger handoffs at all.
    pub fn hear_triggers(&self) -> bool {
        self.all().iter().any(|agent| !agent.trigger_keys.is_empty())
    }

    /// The AI agents that one of their secrets says signed these bytes. All are asked, whichever matches.
    pub fn signers(&self, body: &[u8], headers: &axum::http::HeaderMap) -> Vec<Arc<AiAgent>> {
        self.all().into_iter().filter(|agent| agent.has_signed(body, headers)).collect()
    }

    /// The AI agent that a trigger key belongs to. Takes as long whichever it is.
    pub fn by_trigger_key(&self, key: &[u8]) -> Option<Arc<AiAgent>> {
        self.all().into_iter().fold(None, |found, agent| if bool::from(agent.has_trigger_key(key)) { Some(agent) } else { found })
    }
}

/// What an AI agent is called until somebody names it: the first part of its domain, or a whole address.
pub fn name_of(domain: &str) -> &str {
    if domain.parse::<std::net::IpAddr>().is_ok() {
        return domain;
    }
    domain.split('.').next().filter(|part| !part.is_empty()).unwrap_or(domain)
}

fn open(stored: ai_agents::Stored, environment: Option<&AiAgentConfig>, secret: &SecretKey) -> Result<Option<AiAgent>, TenantsError> {
    let fault = |reason: String| TenantsError::Agent { domain: stored.domain.clone(), reason };
    let (api_key, webhook_secrets, trigger_keys) = match &stored.sealed_keys {
        Some(sealed) => {
            let opened = secret.decrypt(sealed, &context(&stored.domain)).map_err(|error| fault(error.to_string()))?;
            let keys: Keys = serde_json::from_slice(&opened).map_err(|_| fault("its keys cannot be read".to_owned()))?;
            let secrets = |texts: Vec<String>| texts.into_iter().map(SecretString::from).collect::<Vec<_>>();
            (keys.api_key.map(SecretString::from), secrets(keys.webhook_secrets), secrets(keys.trigger_keys))
        }
        None => match environment.filter(|agent| agent.domain == stored.domain) {
            Some(agent) => (agent.api_key.clone(), agent.webhook_secrets.clone(), agent.trigger_keys.clone()),
            None => return Ok(None),
        },
    };
    let base_url = Url::parse(&stored.base_url).map_err(|_| fault("its address cannot be read".to_owned()))?;
    let client = api_key.map(|api_key| ada::Client::new(ada::Tenant { base_url, api_key }).map(|client| client.without_gate()));
    let client = client.transpose().map_err(|error| fault(error.to_string()))?;
    let webhooks = webhook_secrets
        .iter()
        .map(|secret| Signer::new(secret.expose_secret()))
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| fault("a webhook secret is malformed".to_owned()))?;
    Ok(Some(AiAgent { id: stored.id, domain: stored.domain, integration: stored.integration, client, webhooks, trigger_keys }))
}

/// What sealed keys are bound to: they open for this AI agent only.
fn context(domain: &str) -> String {
    format!("ai_agent:{domain}")
}

#[cfg(test)]
mod tests {
    use super::name_of;

    #[test]
    fn an_ai_agent_is_called_by_the_first_part_of_its_domain() {
        assert_eq!(name_of("acme.eu.ada.support"), "acme");
        assert_eq!(name_of("localhost"), "localhost");
        assert_eq!(name_of("127.0.0.1"), "127.0.0.1");
    }
}
