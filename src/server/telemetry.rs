//! Log lines, on standard error.

use std::io::{IsTerminal, stderr};

use thiserror::Error;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

use super::config::LogFormat;

/// Log lines could not be set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TelemetryError {
    #[error("RUST_LOG is not a filter")]
    Filter,
    #[error("log lines were set up twice")]
    Twice,
}

/// Starts writing log lines, for the rest of the process. `filter` is in the syntax of `RUST_LOG`.
pub fn init(format: LogFormat, filter: &str) -> Result<(), TelemetryError> {
    let filter = EnvFilter::try_new(filter).map_err(|_| TelemetryError::Filter)?;
    // A line that cannot be written, because nobody reads any more, must not end the desk.
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr).log_internal_errors(false);
    match format {
        LogFormat::Json => builder.json().flatten_event(true).finish().try_init(),
        LogFormat::Pretty => builder.compact().with_ansi(colours()).finish().try_init(),
    }
    .map_err(|_| TelemetryError::Twice)
}

/// Colours only where somebody looks at them and has not declined (<https://no-color.org>).
fn colours() -> bool {
    stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
