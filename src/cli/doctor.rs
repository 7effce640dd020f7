//! `babbage doctor`: does what is set up work, and if not, what is to be done?
//!
//! Each check says what it saw and from where. It changes nothing that lasts: the private Postgres is started if it was made
//! before and is stopped again if nobody else uses it; the events it sends are of a kind that the desk does not know.

mod ada;
mod clock;
mod database;
mod hooks;
mod local;
mod report;
mod web;

use super::CliError;
use super::say::say;
use crate::server::config::{Config, ConfigError};
pub use report::{Check, Outcome, Report};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print JSON: a list of objects with `name`, `outcome` (`ok`, `warn`, `fail` or `skipped`), `detail` and `remedy`
    #[arg(long)]
    pub json: bool,
}

/// Prints every check. Fails if anything must be repaired.
pub async fn run(args: Args, config: Result<Config, ConfigError>) -> Result<(), CliError> {
    let report = examine(config).await;
    if args.json {
        say(report.json());
    } else {
        say(&report);
    }
    if report.must_repair() { Err(CliError::Told) } else { Ok(()) }
}

/// Runs every check that can be run.
pub async fn examine(config: Result<Config, ConfigError>) -> Report {
    let mut report = Report::default();
    let config = match config {
        Ok(config) => {
            report.add("configuration", Outcome::ok("every value is well-formed"));
            config
        }
        Err(error) => {
            for fault in error.0 {
                let remedy = format!("set it right in the environment or in .env. Example: {}", fault.example);
                report.add("configuration", Outcome::fail(format!("{} {}", fault.variable, fault.problem), remedy));
            }
            report.add("everything else", Outcome::skipped("needs a sound configuration"));
            return report;
        }
    };
    local::check(&config, &mut report);
    database::check(&config, &mut report).await;
    match web::client(&config) {
        Ok(http) => {
            ada::check(&config, &http, &mut report).await;
            hooks::check(&config, &http, &mut report).await;
        }
        Err(error) => {
            let remedy = "install the package `ca-certificates`";
            report.add("calls over the network", Outcome::fail(format!("cannot be prepared: {error}"), remedy));
        }
    }
    report
}

#[cfg(test)]
mod tests;
