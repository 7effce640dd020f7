//! `babbage serve`.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio_util::sync::CancellationToken;

use super::say::say;
use super::{CliError, signal};
use crate::server::config::Config;
use crate::server::start::Server;
use crate::store::database::Database;

#[derive(Debug, clap::Args)]
pub struct Args {}

pub async fn run(_args: Args, config: Config) -> Result<(), CliError> {
    if config.ai_agent.is_none() {
        tracing::warn!("ADA_BASE_URL is not set: only AI agents added with `babbage agent add` can hand off to this desk");
    }
    let stop = stop_when_asked()?;
    let database = Database::open(&config).await?;
    let address = config.public_url.clone();
    let result = serve(config, &database, stop, || say(format!("The desk is at {address}"))).await;
    database.close().await?;
    result
}

/// Cancelled when the system asks the process to end.
pub(super) fn stop_when_asked() -> Result<CancellationToken, CliError> {
    let stop = CancellationToken::new();
    let asked = signal::stop_asked()?;
    let told = stop.clone();
    tokio::spawn(async move {
        asked.await;
        tracing::info!("stopping: what is in flight is finished first");
        told.cancel();
    });
    Ok(stop)
}

/// Each page holds a connection open, and systems let a process have 1,024 files and connections until it asks for more.
fn allow_many_connections() {
    let allowed = getrlimit(Resource::Nofile);
    let wanted = Rlimit { current: allowed.maximum, maximum: allowed.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, wanted) {
        tracing::warn!(%error, "only {} connections and files are allowed", allowed.current.unwrap_or_default());
    }
}

/// Serves until `stop`. `ready` is called once the desk listens.
pub(super) async fn serve(config: Config, database: &Database, stop: CancellationToken, ready: impl FnOnce()) -> Result<(), CliError> {
    allow_many_connections();
    let server = Server::start(config, database.pool.clone(), stop).await?;
    ready();
    Ok(server.serve().await?)
}
