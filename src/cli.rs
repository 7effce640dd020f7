//! The command line.
#![expect(clippy::doc_markdown, reason = "these texts are what --help shows, and a terminal shows backticks as they are")]

mod agent;
mod demo;
pub mod doctor;
mod erase;
mod error;
mod events;
mod export;
mod migrate;
mod prompt;
mod sandbox;
mod say;
mod serve;
pub mod signal;
mod table;
mod user;

use clap::{Parser, Subcommand};

use crate::server::config::{Config, ConfigError};
pub use error::CliError;

/// The agent desk for companies whose AI agent is built on Ada.
///
/// Settings come from the environment and from a `.env` file in the working directory; the environment wins. `babbage doctor`
/// tells whether they work.
#[derive(Debug, Parser)]
#[command(name = "babbage", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the desk
    ///
    /// Brings the database up to date, then serves people, Ada's webhooks and the handoff trigger on BIND_ADDR until it gets
    /// SIGTERM or Ctrl-C. Without DATABASE_URL it starts a private Postgres under DATA_DIR and stops it at the end.
    Serve(serve::Args),
    /// Try everything on this machine: the desk, the sandbox that plays Ada, and sample people
    ///
    /// Starts a private Postgres, the sandbox and the desk, connected to each other, and prints the addresses and sign-ins.
    /// Ctrl-C stops all of it; the data stays in DATA_DIR. Not for production.
    Demo(demo::Args),
    /// Run the sandbox alone: a program that plays Ada
    ///
    /// Serves Ada's Conversations API, delivers signed webhooks, and has a page on which a person plays the customer and one on
    /// which faults are switched on.
    Sandbox(sandbox::Args),
    /// Bring the database up to date and end
    ///
    /// `serve` does this too; a command of its own helps where many servers start at once or where a role with more rights does it.
    Migrate(migrate::Args),
    /// Check configuration, database, clock, Ada's key, webhook secret and whether Ada's calls arrive
    ///
    /// Says for each what is wrong and what to do. Ends with status 1 if anything must be repaired. Run it on the machine of the
    /// desk, with the desk's settings, while the desk runs.
    Doctor(doctor::Args),
    /// People who sign in
    #[command(subcommand)]
    User(user::UserCommand),
    /// AI agents: Ada tenants that hand off to this desk
    #[command(subcommand)]
    Agent(agent::AgentCommand),
    /// Events from Ada that could not be processed
    #[command(subcommand)]
    Events(events::EventsCommand),
    /// Print handoffs with their transcripts, one JSON object per line
    ///
    /// Of one end user, of one conversation, or since a day: for a request for information, or to take the data elsewhere.
    Export(export::Args),
    /// Delete everything about an end user or a conversation
    ///
    /// Conversations, handoffs, transcripts, files and what is owed to Ada. Cannot be undone, and says nothing to Ada: delete there too.
    Erase(erase::Args),
}

impl Command {
    /// Whether it runs until somebody ends it, and so logs what it does.
    pub fn is_service(&self) -> bool {
        matches!(self, Self::Serve(_) | Self::Demo(_) | Self::Sandbox(_))
    }
}

/// Does what the command line says. `doctor` reports a faulty configuration like any other trouble; the rest needs a sound one.
pub async fn run(command: Command, config: Result<Config, ConfigError>) -> Result<(), CliError> {
    match command {
        Command::Doctor(args) => doctor::run(args, config).await,
        Command::Serve(args) => serve::run(args, config?).await,
        Command::Demo(args) => demo::run(args, config?).await,
        Command::Sandbox(args) => sandbox::run(args, config?).await,
        Command::Migrate(args) => migrate::run(args, config?).await,
        Command::User(command) => user::run(command, config?).await,
        Command::Agent(command) => agent::run(command, config?).await,
        Command::Events(command) => events::run(command, config?).await,
        Command::Export(args) => export::run(args, config?).await,
        Command::Erase(args) => erase::run(args, config?).await,
    }
}

#[cfg(test)]
mod tests;
