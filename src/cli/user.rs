//! `babbage user`: people who sign in.

use clap::Subcommand;
use secrecy::{ExposeSecret, SecretString};

use super::say::say;
use super::table::table;
use super::{CliError, prompt};
use crate::bus::{self, Wake};
use crate::model::ids::PersonId;
use crate::model::person::Role;
use crate::people::{email, password};
use crate::server::config::Config;
use crate::store::database::Database;
use crate::store::{StoreError, people};

#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Add a person
    ///
    /// Asks for the password twice without showing it. When standard input is not a terminal, its first line is the password:
    /// `babbage user add ann@example.com --name Ann < password-file`.
    Add(AddArgs),
    /// List everybody who can or could sign in
    List,
    /// Stop somebody from signing in, and end their sessions
    ///
    /// Their name stays on what they did.
    Disable(PersonArgs),
    /// Give somebody a new password, and end their sessions
    ///
    /// Asks for it as `add` does. Somebody who was disabled may sign in again.
    ResetPassword(PersonArgs),
}

#[derive(Debug, clap::Args)]
pub struct AddArgs {
    /// The mail address that the person signs in with
    #[arg(value_parser = email::parse)]
    pub email: String,
    /// The name that colleagues and customers see
    #[arg(long, value_parser = parse_name)]
    pub name: String,
    /// What the person may do
    #[arg(long, value_enum, default_value_t = Role::Agent)]
    pub role: Role,
}

#[derive(Debug, clap::Args)]
pub struct PersonArgs {
    /// The mail address that the person signs in with
    #[arg(value_parser = email::parse)]
    pub email: String,
}

pub async fn run(command: UserCommand, config: Config) -> Result<(), CliError> {
    match command {
        UserCommand::Add(args) => add(args, config).await,
        UserCommand::List => list(config).await,
        UserCommand::Disable(args) => disable(args, config).await,
        UserCommand::ResetPassword(args) => reset_password(args, config).await,
    }
}

async fn add(args: AddArgs, config: Config) -> Result<(), CliError> {
    let hash = checked_hash(&prompt::new_password()?, &args.email, &args.name).await?;
    let database = super::migrate::open(&config).await?;
    let added = people::add(&database.pool, &args.email, &args.name, args.role, hash.expose_secret()).await;
    database.close().await?;
    added?;
    say(format_args!("Added {} <{}> as {}.", args.name, args.email, args.role.as_str()));
    Ok(())
}

async fn list(config: Config) -> Result<(), CliError> {
    let database = super::migrate::open(&config).await?;
    let people = people::list(&database.pool).await?;
    database.close().await?;
    if people.is_empty() {
        say("Nobody yet. Add somebody: babbage user add EMAIL --name NAME --role administrator");
        return Ok(());
    }
    let rows: Vec<_> = people
        .into_iter()
        .map(|row| {
            let state = if row.disabled { "disabled" } else { "" };
            [row.person.email, row.person.name, row.person.role.as_str().to_owned(), state.to_owned()]
        })
        .collect();
    say(table(["EMAIL", "NAME", "ROLE", ""], &rows));
    Ok(())
}

async fn disable(args: PersonArgs, config: Config) -> Result<(), CliError> {
    let database = super::migrate::open(&config).await?;
    let disabled = people::disable(&database.pool, &args.email).await;
    tell(&database, &config, &disabled).await;
    database.close().await?;
    disabled.map_err(|error| known(error, &args.email))?;
    say(format_args!("Disabled {}. Their sessions are over.", args.email));
    Ok(())
}

async fn reset_password(args: PersonArgs, config: Config) -> Result<(), CliError> {
    let database = super::migrate::open(&config).await?;
    let Some(account) = people::by_email(&database.pool, &args.email).await? else {
        database.close().await?;
        return Err(nobody(&args.email));
    };
    let hash = checked_hash(&prompt::new_password()?, &account.person.email, &account.person.name).await?;
    let reset = people::reset_password(&database.pool, &args.email, hash.expose_secret()).await;
    tell(&database, &config, &reset).await;
    database.close().await?;
    reset.map_err(|error| known(error, &args.email))?;
    say(format_args!("{} has a new password and may sign in. Their sessions are over.", args.email));
    Ok(())
}

/// Has every running server look at once whether this person's sessions still hold.
async fn tell(database: &Database, config: &Config, changed: &Result<PersonId, StoreError>) {
    if let Ok(person) = changed {
        bus::wake_once(&database.pool, config.bus_url.as_ref(), Wake::Person(*person)).await;
    }
}

fn known(error: StoreError, email: &str) -> CliError {
    match error {
        StoreError::NotFound => nobody(email),
        other => other.into(),
    }
}

async fn checked_hash(word: &SecretString, email: &str, name: &str) -> Result<SecretString, CliError> {
    password::check(word.expose_secret(), email, name)?;
    Ok(password::hash(word).await?)
}

fn nobody(email: &str) -> CliError {
    CliError::refused(format!("Nobody signs in as {email}. `babbage user list` shows everybody."))
}

fn parse_name(text: &str) -> Result<String, &'static str> {
    let name = text.trim();
    if name.is_empty() {
        return Err("a name has at least one character");
    }
    if name.chars().count() > 80 || name.chars().any(char::is_control) {
        return Err("a name has at most 80 characters and no line breaks");
    }
    Ok(name.to_owned())
}
