//! The first AI agent: the `ADA_*`, `WEBHOOK_SECRET` and `HANDOFF_*` variables.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use url::Url;

use super::fault::Faults;
use super::network;
use crate::model::pace::{RateLimits, RateLimitsError};

/// The fewest bytes behind `whsec_`.
const WEBHOOK_SECRET_BYTES: usize = 16;
/// The fewest characters of a trigger key.
const TRIGGER_KEY_LENGTH: usize = 16;

const DEPENDENT: &[&str] = &["ADA_DOMAIN", "ADA_API_KEY", "WEBHOOK_SECRET", "HANDOFF_AUTH_KEY", "HANDOFF_INTEGRATION", "ADA_RATE_LIMITS"];
const BASE_URL_EXAMPLE: &str = "https://example.ada.support/api";

/// One Ada tenant, as the environment describes it.
#[derive(Clone)]
pub struct AiAgentConfig {
    /// `ADA_BASE_URL`: where the tenant's API lives, without a slash at the end of its path.
    pub base_url: Url,
    /// `ADA_DOMAIN`: the `ai_agent_domain` that the tenant's events carry.
    pub domain: String,
    /// `ADA_API_KEY`. Without it nothing can be sent to Ada or read from it.
    pub api_key: Option<SecretString>,
    /// `WEBHOOK_SECRET`, each with its `whsec_`. Empty: the desk refuses to serve the webhook route.
    pub webhook_secrets: Vec<SecretString>,
    /// `HANDOFF_AUTH_KEY`. Empty: the desk refuses to serve the trigger route.
    pub trigger_keys: Vec<SecretString>,
    /// `HANDOFF_INTEGRATION`: the Handoff Integration Identifier.
    pub integration: String,
    /// `ADA_RATE_LIMITS`: what the tenant may ask of Ada.
    pub rate_limits: RateLimits,
}

impl fmt::Debug for AiAgentConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AiAgentConfig")
            .field("base_url", &self.base_url.as_str())
            .field("domain", &self.domain)
            .field("api_key", &self.api_key.as_ref().map(|_| "set"))
            .field("webhook_secrets", &self.webhook_secrets.len())
            .field("trigger_keys", &self.trigger_keys.len())
            .field("integration", &self.integration)
            .field("rate_limits", &self.rate_limits)
            .finish()
    }
}

pub(super) fn ai_agent(get: &dyn Fn(&str) -> Option<String>, faults: &mut Faults) -> Option<AiAgentConfig> {
    let Some(base_url) = get("ADA_BASE_URL") else {
        for variable in DEPENDENT.iter().filter(|variable| get(variable).is_some()) {
            let problem = "describes an AI agent, but ADA_BASE_URL is not set";
            faults.add(variable, problem, &format!("ADA_BASE_URL={BASE_URL_EXAMPLE}"));
        }
        return None;
    };
    // What else is wrong is told in the same go, even if the address is wrong.
    let api_key = api_key(get("ADA_API_KEY"), faults);
    let webhook_secrets = webhook_secrets(get("WEBHOOK_SECRET"), faults);
    let trigger_keys = trigger_keys(get("HANDOFF_AUTH_KEY"), faults);
    let integration = integration(get("HANDOFF_INTEGRATION"), faults);
    let domain = domain(get("ADA_DOMAIN"), faults);
    let rate_limits = rate_limits(get("ADA_RATE_LIMITS"), faults);
    let base_url = check_base_url(&base_url).map_err(|problem| faults.add("ADA_BASE_URL", problem, BASE_URL_EXAMPLE)).ok()?;
    let domain = domain.or_else(|| base_url.host_str().map(str::to_owned))?;
    Some(AiAgentConfig { base_url, domain, api_key, webhook_secrets, trigger_keys, integration, rate_limits })
}

/// An address at which a tenant's API can live, without the slashes at its end.
///
/// # Errors
/// What is wrong, as the rest of a sentence.
pub fn check_base_url(text: &str) -> Result<Url, &'static str> {
    let mut url = network::http_url(text)?;
    if url.scheme() == "http" && !network::is_loopback(&url) {
        return Err("starts with http://, which would show the key to the network; only this machine itself may do without https://");
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

/// Whether a text is a webhook secret as Svix writes them.
pub fn is_webhook_secret(text: &str) -> bool {
    text.strip_prefix("whsec_").and_then(|encoded| STANDARD.decode(encoded).ok()).is_some_and(|bytes| bytes.len() >= WEBHOOK_SECRET_BYTES)
}

/// Whether a text can be the bearer secret of the trigger: long enough, and fit for a header.
pub fn is_trigger_key(text: &str) -> bool {
    text.len() >= TRIGGER_KEY_LENGTH && is_token(text)
}

/// Whether a text can be a bearer key: visible ASCII without blanks.
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether a text can be the domain that a tenant's events carry.
pub fn is_domain(text: &str) -> bool {
    is_token(text) && !text.contains(['/', '@', '?', '#', '"', '<', '>'])
}

fn api_key(value: Option<String>, faults: &mut Faults) -> Option<SecretString> {
    let value = value?;
    if !is_token(&value) {
        faults.add("ADA_API_KEY", "has blanks or characters that no key has", "the key from Ada's dashboard, nothing around it");
        return None;
    }
    Some(value.into())
}

fn domain(value: Option<String>, faults: &mut Faults) -> Option<String> {
    let value = value?;
    if !is_domain(&value) {
        faults.add("ADA_DOMAIN", "is not a domain alone", "example.ada.support");
        return None;
    }
    Some(value)
}

fn integration(value: Option<String>, faults: &mut Faults) -> String {
    let integration = value.unwrap_or_else(|| "custom-handoff".to_owned());
    if integration.chars().any(char::is_control) {
        faults.add("HANDOFF_INTEGRATION", "has control characters", "custom-handoff");
    }
    integration
}

fn rate_limits(value: Option<String>, faults: &mut Faults) -> RateLimits {
    let Some(value) = value else { return RateLimits::default() };
    value.parse().unwrap_or_else(|problem: RateLimitsError| {
        faults.add("ADA_RATE_LIMITS", &problem.to_string(), &RateLimits::default().to_string());
        RateLimits::default()
    })
}

fn webhook_secrets(value: Option<String>, faults: &mut Faults) -> Vec<SecretString> {
    list(value, is_webhook_secret, |several| {
        let problem = if several { "has an entry that is no webhook secret" } else { "is no webhook secret" };
        faults.add(
            "WEBHOOK_SECRET",
            &format!("{problem}: `whsec_` and then the base64 of at least {WEBHOOK_SECRET_BYTES} bytes; spaces only between several"),
            "the endpoint's Signing Secret, whsec_…",
        );
    })
}

fn trigger_keys(value: Option<String>, faults: &mut Faults) -> Vec<SecretString> {
    list(value, is_trigger_key, |several| {
        let problem = if several { "has an entry that is too short or not plain ASCII" } else { "is too short or not plain ASCII" };
        faults.add(
            "HANDOFF_AUTH_KEY",
            &format!("{problem}: at least {TRIGGER_KEY_LENGTH} characters; spaces only between several"),
            "what `openssl rand -hex 32` prints",
        );
    })
}

fn list(value: Option<String>, fit: fn(&str) -> bool, mut fault: impl FnMut(bool)) -> Vec<SecretString> {
    let value = value.unwrap_or_default();
    let several = value.split_whitespace().count() > 1;
    value
        .split_whitespace()
        .filter(|entry| {
            let fit = fit(entry);
            if !fit {
                fault(several);
            }
            fit
        })
        .map(SecretString::from)
        .collect()
}
