//! `babbage events`: what came from Ada and could not be processed.

use clap::Subcommand;

use super::CliError;
use super::say::say;
use super::table::table;
use crate::bus::{self, Wake};
use crate::intake::replay::{self, ReplayError};
use crate::model::ids::EventId;
use crate::server::config::Config;
use crate::server::secrets::SecretKey;
use crate::server::start::StartError;
use crate::server::tenants::Tenants;
use crate::store::database::Database;
use crate::store::events;

#[derive(Debug, Subcommand)]
pub enum EventsCommand {
    /// List events that could not be read or applied, oldest first, each with the reason
    List(ListArgs),
    /// Process events again, for example after an update
    ///
    /// Safe to repeat: what was applied before is not applied twice.
    Replay(ReplayArgs),
}

#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// At most so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub limit: u32,
}

#[derive(Debug, clap::Args)]
pub struct ReplayArgs {
    /// The ids, as `babbage events list` shows them
    #[arg(value_name = "ID", required_unless_present = "all")]
    pub ids: Vec<EventId>,
    /// Every event that `babbage events list` shows
    #[arg(long, conflicts_with = "ids")]
    pub all: bool,
}

pub async fn run(command: EventsCommand, config: Config) -> Result<(), CliError> {
    match command {
        EventsCommand::List(args) => list(args, config).await,
        EventsCommand::Replay(args) => replay(args, config).await,
    }
}

async fn list(args: ListArgs, config: Config) -> Result<(), CliError> {
    let database = super::migrate::open(&config).await?;
    let found = events::unapplied(&database.pool, args.limit.into()).await;
    let counts = events::counts(&database.pool).await;
    database.close().await?;
    let (found, counts) = (found?, counts?);
    if found.is_empty() {
        say("Every event was processed.");
        return Ok(());
    }
    let time = time::macros::format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    let rows: Vec<_> = found
        .into_iter()
        .map(|event| {
            let received = event.received_at.format(time).unwrap_or_default();
            [event.id.to_string(), received, event.event_type.unwrap_or_default(), event.outcome, event.reason.unwrap_or_default()]
        })
        .collect();
    say(table(["ID", "RECEIVED (UTC)", "TYPE", "OUTCOME", "REASON"], &rows));
    say(format_args!("{} could not be read, {} could not be applied", counts.unreadable, counts.failed));
    Ok(())
}

async fn replay(args: ReplayArgs, config: Config) -> Result<(), CliError> {
    let secret = SecretKey::load(&config)?;
    let database = super::migrate::open(&config).await?;
    let failed = replay_in(&database, &secret, &args, &config).await;
    database.close().await?;
    if failed? > 0 { Err(CliError::Told) } else { Ok(()) }
}

async fn replay_in(database: &Database, secret: &SecretKey, args: &ReplayArgs, config: &Config) -> Result<usize, CliError> {
    let tenants = Tenants::load(&database.pool, config, secret).await.map_err(StartError::from)?;
    // Only their ids: each may be a megabyte.
    let wanted = if args.all { events::unapplied_ids(&database.pool).await? } else { args.ids.clone() };
    let mut failed = 0;
    for id in &wanted {
        if let Err(reason) = replay_one(database, &tenants, config, *id).await {
            failed += 1;
            say(format_args!("{id} failed: {reason}"));
        } else {
            say(format_args!("{id} processed"));
        }
    }
    say(format_args!("{} processed, {failed} failed", wanted.len() - failed));
    Ok(failed)
}

/// Other processes are the servers: they are woken, so that open pages show what came of it.
async fn replay_one(database: &Database, tenants: &Tenants, config: &Config, id: EventId) -> Result<(), ReplayError> {
    let kept = events::one(&database.pool, id).await?.ok_or(ReplayError::NotKept)?;
    for handoff in replay::replay(&database.pool, tenants, &kept).await? {
        bus::wake_once(&database.pool, config.bus_url.as_ref(), Wake::Handoff(handoff)).await;
    }
    Ok(())
}
