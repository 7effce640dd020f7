//! `babbage events`: what came from Ada and could not be processed.

use clap::Subcommand;

use super::CliError;
use super::say::say;
use super::table::table;
use crate::bus::{self, Wake};
use crate::intake::replay;
use crate::model::ids::EventId;
use crate::server::config::Config;
use crate::server::secrets::SecretKey;
use crate::server::start::StartError;
use crate::server::tenants::Tenants;
use crate::store::database::Database;
use crate::store::{StoreError, events};

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
    database.close().await?;
    let found = found?;
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
    let kept = events::unapplied(&database.pool, i64::MAX).await?;
    let wanted: Vec<_> = kept.into_iter().filter(|event| args.all || args.ids.contains(&event.id)).collect();
    let mut failed = 0;
    for event in &wanted {
        match replay::replay(&database.pool, &tenants, event).await {
            Ok(handoffs) => {
                for handoff in handoffs {
                    bus::wake_once(&database.pool, Wake::Handoff(handoff)).await.map_err(StoreError::from)?;
                }
                say(format_args!("{} processed", event.id));
            }
            Err(reason) => {
                failed += 1;
                say(format_args!("{} failed: {reason}", event.id));
            }
        }
    }
    for unknown in args.ids.iter().filter(|id| !wanted.iter().any(|event| event.id == **id)) {
        failed += 1;
        say(format_args!("{unknown} failed: `babbage events list` does not show it"));
    }
    say(format_args!("{} processed, {failed} failed", (wanted.len() + args.ids.len()).saturating_sub(failed).min(wanted.len())));
    Ok(failed)
}
