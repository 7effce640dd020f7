//! How much is measured: the environment decides.

use std::path::PathBuf;
use std::time::Duration;

use super::Result;

/// What the environment says.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `BABBAGE_BIN`: the program under test.
    pub binary: PathBuf,
    /// `TEST_DATABASE_URL`: a cluster of our own that flushes to disk.
    pub postgres: String,
    /// `BENCH_POSTGRES`: its name for `scripts/test-postgres`, which crashes it and starts it again.
    pub postgres_name: String,
    /// `BENCH_ROWS`: such as `P1,P2`; empty for all.
    pub rows: Vec<String>,
    /// `BENCH_SECONDS`: how long each side of a pair runs.
    pub side: Duration,
    /// `BENCH_PAIRS`.
    pub pairs: usize,
    /// `BENCH_FLOOD`: the webhooks of P6.
    pub flood: usize,
    /// `BENCH_SOCKETS`: the idle sockets of P7.
    pub sockets: usize,
    /// `BENCH_KILLS`: the kills of R1.
    pub kills: usize,
    /// `BENCH_REPLIES`: the replies of R2.
    pub replies: usize,
    /// `BENCH_BUDGET_SECONDS`: how long P11 presses against the limits.
    pub budget: Duration,
    /// `BENCH_IDLE_SECONDS`: how long P7 looks at the processor.
    pub idle: Duration,
    /// `BENCH_QUIET=0` does not wait for the machine to be idle.
    pub quiet: bool,
}

impl Settings {
    pub fn load() -> Result<Self> {
        let needed = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set; run `make bench`"));
        Ok(Self {
            binary: std::path::absolute(needed("BABBAGE_BIN")?)?,
            postgres: needed("TEST_DATABASE_URL")?,
            postgres_name: std::env::var("BENCH_POSTGRES").unwrap_or_else(|_| "bench".to_owned()),
            rows: rows(),
            side: Duration::from_secs_f64(number("BENCH_SECONDS", 3.0)?),
            pairs: number("BENCH_PAIRS", 5_usize)?.max(1),
            flood: number("BENCH_FLOOD", 100_000)?,
            sockets: number("BENCH_SOCKETS", 10_000)?,
            kills: number("BENCH_KILLS", 40)?,
            replies: number("BENCH_REPLIES", 1_000)?,
            budget: Duration::from_secs_f64(number("BENCH_BUDGET_SECONDS", 75.0)?),
            idle: Duration::from_secs_f64(number("BENCH_IDLE_SECONDS", 30.0)?),
            quiet: std::env::var("BENCH_QUIET").as_deref() != Ok("0"),
        })
    }

    /// Whether a row was asked for: by its own name, or as one of those measured together.
    pub fn wants(&self, names: &[&str]) -> bool {
        self.rows.is_empty() || names.iter().any(|name| self.rows.iter().any(|row| row.eq_ignore_ascii_case(name)))
    }
}

/// `BENCH_ROWS`, and whatever stands on the command line; cargo adds words with dashes.
fn rows() -> Vec<String> {
    let asked = std::env::var("BENCH_ROWS").unwrap_or_default();
    let words = asked.split([',', ' ']).map(str::to_owned).chain(std::env::args().skip(1).filter(|word| !word.starts_with('-')));
    words.filter(|word| !word.is_empty()).collect()
}

fn number<T: std::str::FromStr>(name: &str, usual: T) -> Result<T> {
    match std::env::var(name) {
        Ok(value) if !value.trim().is_empty() => value.trim().parse().map_err(|_| format!("{name}: \"{value}\" is not a number").into()),
        _ => Ok(usual),
    }
}
