//! `babbage sandbox`.

use std::net::SocketAddr;

use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;
use url::Url;

use super::say::say;
use super::{CliError, signal};
use crate::sandbox;
use crate::server::config::Config;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where the sandbox listens
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8091")]
    pub listen: SocketAddr,
    /// The desk that gets its events and handoffs
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8090")]
    pub desk: Url,
    /// The address under which the desk reaches the sandbox, if that is another than --listen: behind a proxy
    #[arg(long, value_name = "URL")]
    pub public_url: Option<Url>,
    /// Multiplies the waits between attempts of a webhook: 0.001 lets a day pass in a minute and a half
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    pub retry_scale: f64,
}

/// Runs until it is asked to stop. Its keys are those that the environment gives the desk for its first AI agent, so that one
/// `.env` fits both; what is not set is made up.
pub async fn run(args: Args, config: Config) -> Result<(), CliError> {
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        CliError::refused(format!("{} cannot be listened on: {error}. Choose another address with --listen.", args.listen))
    })?;
    let stop = signal::stop_asked()?;
    say(format_args!("The sandbox is at http://{}/ and its control page at http://{0}/control", listener.local_addr()?));
    Ok(sandbox::serve(settings(&args, &config), listener, stop).await?)
}

fn settings(args: &Args, config: &Config) -> sandbox::Config {
    let mut settings = sandbox::Config {
        bind: args.listen,
        public_url: args.public_url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned()),
        retry_scale: args.retry_scale,
        ..sandbox::Config::default()
    };
    let at_desk = |path: &str| format!("{}{path}", args.desk.as_str().trim_end_matches('/'));
    settings.webhook_url = at_desk("/webhooks/message");
    settings.trigger_url = at_desk("/handoffs/start");
    let Some(agent) = &config.ai_agent else {
        return settings;
    };
    settings.domain.clone_from(&agent.domain);
    settings.integration.clone_from(&agent.integration);
    let take = |place: &mut String, secret: Option<&SecretString>| {
        if let Some(secret) = secret {
            secret.expose_secret().clone_into(place);
        }
    };
    take(&mut settings.api_key, agent.api_key.as_ref());
    take(&mut settings.webhook_secret, agent.webhook_secrets.first());
    take(&mut settings.trigger_key, agent.trigger_keys.first());
    settings
}
