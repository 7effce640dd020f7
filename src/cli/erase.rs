//! `babbage erase`.

use sqlx::PgPool;

use super::CliError;
use super::say::say;
use crate::server::config::Config;
use crate::store::personal;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub whose: Whose,
    /// Really delete; without it, only say how many handoffs there are
    #[arg(long)]
    pub yes: bool,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub struct Whose {
    /// Everything about one end user, by Ada's id
    #[arg(long, value_name = "ID")]
    pub end_user: Option<String>,
    /// One conversation, by Ada's id
    #[arg(long, value_name = "ID")]
    pub conversation: Option<String>,
}

pub async fn run(args: Args, config: Config) -> Result<(), CliError> {
    let Whose { end_user, conversation } = args.whose;
    let Some(whose) = end_user.map(personal::Whose::EndUser).or(conversation.map(personal::Whose::Conversation)) else {
        return Err(CliError::refused("say whose data: --end-user or --conversation"));
    };
    let database = super::migrate::open(&config).await?;
    let done = erase(&database.pool, &whose, args.yes).await;
    database.close().await?;
    say(done?);
    Ok(())
}

async fn erase(pool: &PgPool, whose: &personal::Whose, really: bool) -> Result<String, CliError> {
    if really {
        let erased = personal::erase(pool, whose).await?;
        return Ok(format!("Erased {} conversations and {} events.", erased.conversations, erased.events));
    }
    let found = personal::handoffs(pool, whose).await?.len();
    Ok(format!("{found} handoffs would be erased. Nothing was changed; repeat with --yes to erase them."))
}
