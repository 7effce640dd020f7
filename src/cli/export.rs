//! `babbage export`.

use std::io::{BufWriter, Write, stdout};

use sqlx::PgPool;
use time::{Date, Time};

use super::CliError;
use crate::model::ids::HandoffId;
use crate::server::config::Config;
use crate::store::database::Database;
use crate::store::personal::{self, Whose};
use crate::store::{StoreError, snapshot};

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub struct Args {
    /// Everything about one end user, by Ada's id
    #[arg(long, value_name = "ID")]
    pub end_user: Option<String>,
    /// One conversation, by Ada's id
    #[arg(long, value_name = "ID")]
    pub conversation: Option<String>,
    /// Everything handed off on or after a day (UTC)
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_day)]
    pub since: Option<Date>,
}

pub async fn run(args: Args, config: Config) -> Result<(), CliError> {
    let database = super::migrate::open(&config).await?;
    let printed = print(&args, &database).await;
    database.close().await?;
    printed
}

async fn print(args: &Args, database: &Database) -> Result<(), CliError> {
    let handoffs = wanted(args, &database.pool).await?;
    let mut out = BufWriter::new(stdout());
    for handoff in handoffs {
        let snapshot = snapshot::handoff(&database.pool, handoff).await?;
        serde_json::to_writer(&mut out, &snapshot).map_err(StoreError::from)?;
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

async fn wanted(args: &Args, pool: &PgPool) -> Result<Vec<HandoffId>, CliError> {
    let whose = args.end_user.clone().map(Whose::EndUser).or_else(|| args.conversation.clone().map(Whose::Conversation));
    Ok(match (whose, args.since) {
        (Some(whose), _) => personal::handoffs(pool, &whose).await?,
        (None, Some(day)) => personal::handoffs_since(pool, day.with_time(Time::MIDNIGHT).assume_utc()).await?,
        (None, None) => return Err(CliError::refused("say whose data: --end-user, --conversation or --since")),
    })
}

fn parse_day(text: &str) -> Result<Date, &'static str> {
    Date::parse(text, time::macros::format_description!("[year]-[month]-[day]")).map_err(|_| "not a day of the form 2026-10-20")
}
