//! `babbage migrate`, and the open database that other commands start from.

use super::CliError;
use super::say::say;
use crate::server::config::Config;
use crate::store::database::Database;

#[derive(Debug, clap::Args)]
pub struct Args {}

pub async fn run(_args: Args, config: Config) -> Result<(), CliError> {
    open(&config).await?.close().await?;
    say("The database is up to date.");
    Ok(())
}

/// The database, up to date.
pub(super) async fn open(config: &Config) -> Result<Database, CliError> {
    let database = Database::open(config).await?;
    database.migrate().await?;
    Ok(database)
}
