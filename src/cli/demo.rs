//! `babbage demo`: the desk, the sandbox and sample people, connected to each other.

use std::net::SocketAddr;

use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::CliError;
use super::say::say;
use super::serve::{serve, stop_when_asked};
use crate::model::pace::RateLimits;
use crate::model::person::Role;
use crate::people::password;
use crate::sandbox;
use crate::server::config::{AiAgentConfig, Config};
use crate::store::database::Database;
use crate::store::people;

/// The domain that the sandbox's events carry.
const DOMAIN: &str = "acme.sandbox";
/// For everybody on this machine's demo alone: it listens on loopback unless somebody says otherwise.
const PASSWORD: &str = "difference engine no 2";
const PEOPLE: [(&str, &str, Role); 4] = [
    ("ana@example.com", "Ana Kovač", Role::Agent),
    ("bo@example.com", "Bo Lindqvist", Role::Agent),
    ("sam@example.com", "Sam Osei", Role::Supervisor),
    ("ida@example.com", "Ida Brandt", Role::Administrator),
];

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where the sandbox listens
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8091")]
    pub sandbox: SocketAddr,
}

pub async fn run(args: Args, mut config: Config) -> Result<(), CliError> {
    let listener = TcpListener::bind(args.sandbox).await.map_err(|error| {
        CliError::refused(format!(
            "the sandbox cannot listen on {}: {error}. Is another demo running? Choose another address with --sandbox.",
            args.sandbox
        ))
    })?;
    let at = listener.local_addr()?;
    let ada = sandbox::Config {
        bind: at,
        domain: DOMAIN.to_owned(),
        webhook_url: at_desk(&config, "webhooks/message"),
        trigger_url: at_desk(&config, "handoffs/start"),
        ..sandbox::Config::default()
    };
    config.ai_agent = Some(connected_to(&ada, at)?);
    let stop = stop_when_asked()?;
    let playing = tokio::spawn(sandbox::serve(ada, listener, stop.clone().cancelled_owned()));
    let database = Database::open(&config).await?;
    let result = serve_with_people(config, &database, stop.clone(), at).await;
    stop.cancel();
    database.close().await?;
    if let Ok(Err(error)) = playing.await {
        tracing::warn!(%error, "the sandbox ended badly");
    }
    result
}

async fn serve_with_people(config: Config, database: &Database, stop: CancellationToken, sandbox: SocketAddr) -> Result<(), CliError> {
    database.migrate().await?;
    add_missing(database).await?;
    let welcome = welcome(config.public_url.as_str(), sandbox);
    serve(config, database, stop, || say(welcome)).await
}

/// The sandbox calls the desk on this machine, whatever its public address is.
fn at_desk(config: &Config, path: &str) -> String {
    let mut address = config.bind_addr;
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    format!("http://{address}/{path}")
}

fn connected_to(ada: &sandbox::Config, at: SocketAddr) -> Result<AiAgentConfig, CliError> {
    let base_url = Url::parse(&format!("http://{at}/api")).map_err(|error| CliError::refused(error.to_string()))?;
    Ok(AiAgentConfig {
        base_url,
        domain: ada.domain.clone(),
        api_key: Some(SecretString::from(ada.api_key.clone())),
        webhook_secrets: vec![SecretString::from(ada.webhook_secret.clone())],
        trigger_keys: vec![SecretString::from(ada.trigger_key.clone())],
        integration: ada.integration.clone(),
        rate_limits: RateLimits::default(),
    })
}

async fn add_missing(database: &Database) -> Result<(), CliError> {
    let mut hash = None;
    for (email, name, role) in PEOPLE {
        if people::by_email(&database.pool, email).await?.is_none() {
            if hash.is_none() {
                hash = Some(password::hash(&SecretString::from(PASSWORD.to_owned())).await?);
            }
            let hash = hash.as_ref().map_or("", |hash| hash.expose_secret());
            people::add(&database.pool, email, name, role, hash).await?;
        }
    }
    Ok(())
}

fn welcome(desk: &str, sandbox: SocketAddr) -> String {
    let people: Vec<_> = PEOPLE.iter().map(|(email, _, role)| format!("    {email:<18} {}", role.as_str())).collect();
    format!(
        "\nBabbage is ready.\n\n  Play the customer   http://{sandbox}/\n  Work at the desk    {desk}\n\n  Sign in as one of these, with the password \
         \"{PASSWORD}\":\n{}\n\nCtrl-C stops everything; the data stays.\n",
        people.join("\n")
    )
}
