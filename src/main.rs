//! The program: reads the command line and the configuration, then does what was asked.

use std::fmt::Display;
use std::process::ExitCode;

use babbage::cli::{self, Cli, CliError, Command};
use babbage::server::config::{Config, ConfigError, LogFormat};
use babbage::server::telemetry;
use clap::Parser;

/// What services log unless `RUST_LOG` says otherwise. At each start the database notes that its tables are there already.
const USUAL: &str = "info,sqlx=warn";
/// What commands that end by themselves log unless `RUST_LOG` says otherwise: their output is for a person.
const QUIET: &str = "warn";

fn main() -> ExitCode {
    let command = Cli::parse().command;
    let config = Config::load();
    if let Err(error) = start_logging(&command, &config) {
        return failed(error);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(format!("the system gave no threads: {error}")),
    };
    match runtime.block_on(cli::run(command, config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(CliError::Told) => ExitCode::FAILURE,
        Err(error) => failed(error),
    }
}

fn start_logging(command: &Command, config: &Result<Config, ConfigError>) -> Result<(), telemetry::TelemetryError> {
    let (format, filter) = match config {
        Ok(config) => (config.log_format, config.rust_log.as_deref()),
        Err(_) => (LogFormat::default(), None),
    };
    let usual = if command.is_service() { USUAL } else { QUIET };
    telemetry::init(format, filter.unwrap_or(usual))
}

/// One line per fault, without Rust's own words.
fn failed(error: impl Display) -> ExitCode {
    for line in error.to_string().lines() {
        eprintln!("error: {line}");
    }
    ExitCode::FAILURE
}
