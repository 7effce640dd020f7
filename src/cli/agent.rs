//! `babbage agent`: AI agents beside the one that the environment describes.
#![expect(clippy::doc_markdown, reason = "these texts are what --help shows, and a terminal shows backticks as they are")]

use clap::Subcommand;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::say::say;
use super::table::table;
use super::{CliError, prompt};
use crate::bus::{self, Wake};
use crate::model::ids::AiAgentId;
use crate::model::pace::RateLimits;
use crate::server::config::{AiAgentConfig, Config, check_base_url, is_domain, is_token, is_trigger_key, is_webhook_secret};
use crate::server::secrets::SecretKey;
use crate::server::tenants::{self, Keys};
use crate::store::database::Database;
use crate::store::{StoreError, ai_agents};

#[derive(Debug, Subcommand)]
pub enum AgentCommand {
    /// Add an AI agent, that is, one Ada tenant
    ///
    /// Asks for its API key, webhook secret and trigger key without showing them; each may be left empty and set later on the
    /// settings page. When standard input is not a terminal, its first three lines are the answers, in this order. Several
    /// webhook secrets or trigger keys are separated by spaces.
    Add(AddArgs),
    /// List the AI agents and what is set for each
    List,
    /// Remove an AI agent
    ///
    /// Its events and triggers are refused from then on. Past handoffs stay.
    Remove(RemoveArgs),
}

#[derive(Debug, clap::Args)]
pub struct AddArgs {
    /// Where the tenant's API lives, such as <https://example.ada.support/api>
    #[arg(value_name = "BASE_URL", value_parser = parse_base_url)]
    pub base_url: Url,
    /// The `ai_agent_domain` that the tenant's events carry [default: the host of BASE_URL]
    #[arg(long, value_parser = parse_domain)]
    pub domain: Option<String>,
    /// The Handoff Integration Identifier in Ada
    #[arg(long, default_value = "custom-handoff")]
    pub integration: String,
    /// How many calls this tenant may make at Ada
    #[arg(long, value_name = "LIMITS", default_value_t)]
    pub rate_limits: RateLimits,
}

#[derive(Debug, clap::Args)]
pub struct RemoveArgs {
    /// The domain, as `babbage agent list` shows it
    pub domain: String,
}

pub async fn run(command: AgentCommand, config: Config) -> Result<(), CliError> {
    match command {
        AgentCommand::Add(args) => add(args, config).await,
        AgentCommand::List => list(config).await,
        AgentCommand::Remove(args) => remove(args, config).await,
    }
}

async fn add(args: AddArgs, config: Config) -> Result<(), CliError> {
    let host = args.base_url.host_str().map(str::to_owned);
    let domain = args.domain.or(host).ok_or_else(|| CliError::refused("BASE_URL has no host. Give --domain."))?;
    let agent = AiAgentConfig {
        base_url: args.base_url,
        domain: domain.clone(),
        api_key: ask("API key of Ada (empty: later): ", "The API key", is_token)?.pop(),
        webhook_secrets: ask("Webhook secret, whsec_… (empty: later): ", "The webhook secret", is_webhook_secret)?,
        trigger_keys: ask("Trigger key, at least 16 characters (empty: later): ", "The trigger key", is_trigger_key)?,
        integration: args.integration,
        rate_limits: args.rate_limits,
    };
    let key = SecretKey::load(&config)?;
    let database = super::migrate::open(&config).await?;
    let added = store(&database, &key, &agent).await;
    if added.is_ok() {
        bus::wake_once(&database.pool, config.bus_url.as_ref(), Wake::AiAgents).await;
    }
    database.close().await?;
    added?;
    say(format_args!("Added {domain}."));
    Ok(())
}

/// Stores the AI agent with its keys sealed.
async fn store(database: &Database, secret: &SecretKey, agent: &AiAgentConfig) -> Result<(), CliError> {
    let plain = |secrets: &[SecretString]| secrets.iter().map(|secret| secret.expose_secret().to_owned()).collect();
    let keys = Keys {
        api_key: agent.api_key.as_ref().map(|key| key.expose_secret().to_owned()),
        webhook_secrets: plain(&agent.webhook_secrets),
        trigger_keys: plain(&agent.trigger_keys),
    };
    let description = ai_agents::Description {
        domain: &agent.domain,
        name: tenants::name_of(&agent.domain),
        base_url: agent.base_url.as_str(),
        integration: &agent.integration,
        rate_limits: agent.rate_limits,
    };
    let sealed = keys.seal(secret, &agent.domain).map_err(|error| CliError::refused(error.to_string()))?;
    ai_agents::add(&database.pool, AiAgentId::new(), description, &sealed).await?;
    Ok(())
}

async fn list(config: Config) -> Result<(), CliError> {
    let database = super::migrate::open(&config).await?;
    let agents = ai_agents::list(&database.pool).await?;
    database.close().await?;
    if agents.is_empty() {
        say("No AI agent yet. Set ADA_BASE_URL, or add one: babbage agent add BASE_URL");
        return Ok(());
    }
    let rows: Vec<_> = agents
        .into_iter()
        .map(|agent| {
            let keys = if agent.from_environment { "environment" } else { "stored, sealed" };
            [agent.domain, agent.base_url, agent.integration, agent.rate_limits.to_string(), keys.to_owned()]
        })
        .collect();
    say(table(["DOMAIN", "ADDRESS", "INTEGRATION", "LIMITS", "KEYS"], &rows));
    Ok(())
}

async fn remove(args: RemoveArgs, config: Config) -> Result<(), CliError> {
    if config.ai_agent.as_ref().is_some_and(|agent| agent.domain == args.domain) {
        let text = format!("{} is described by the environment and would come back. Remove the ADA_* variables instead.", args.domain);
        return Err(CliError::refused(text));
    }
    let database = super::migrate::open(&config).await?;
    let removed = ai_agents::remove(&database.pool, &args.domain).await;
    if removed.is_ok() {
        bus::wake_once(&database.pool, config.bus_url.as_ref(), Wake::AiAgents).await;
    }
    database.close().await?;
    if let Err(StoreError::NotFound) = removed {
        let text = format!("{} is no AI agent of this desk. `babbage agent list` shows them.", args.domain);
        return Err(CliError::refused(text));
    }
    removed?;
    say(format_args!("Removed {}.", args.domain));
    Ok(())
}

/// The answers, separated by spaces, each checked.
fn ask(question: &str, what: &str, fit: fn(&str) -> bool) -> Result<Vec<SecretString>, CliError> {
    let answer = prompt::secret(question)?;
    let entries: Vec<_> = answer.expose_secret().split_whitespace().collect();
    if entries.iter().all(|entry| fit(entry)) {
        Ok(entries.into_iter().map(SecretString::from).collect())
    } else {
        Err(CliError::refused(format!("{what} is not of the right form. Nothing was changed.")))
    }
}

fn parse_base_url(text: &str) -> Result<Url, String> {
    check_base_url(text).map_err(|problem| format!("the address {problem}"))
}

fn parse_domain(text: &str) -> Result<String, &'static str> {
    if is_domain(text) { Ok(text.to_owned()) } else { Err("a domain alone, such as example.ada.support") }
}
