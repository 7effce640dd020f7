//! The rows of the table, in groups that share their processes.

mod budget;
mod crashes;
mod fanout;
mod idle;
mod ingest;
mod latency;
mod order;
mod page;
mod recovery;
mod replies;
mod sign_in;
mod stage;

use std::time::Duration;

use crate::support::process::busy;
use crate::support::settings::Settings;
use crate::support::table::{Row, Verdict, print};
use crate::support::{Result, clock};

/// How long a group may take before it is given up.
const PATIENCE: Duration = Duration::from_secs(420);
/// A machine below this share of work is idle enough; there is always our own database's housekeeping.
const IDLE: f64 = 0.06;
/// How long a pair waits for the machine to become idle.
const WAIT: Duration = Duration::from_secs(8);

/// Measures what was asked for and prints the table. `false` if a row is void.
pub async fn run(settings: Settings) -> Result<bool> {
    let mut rows: Vec<Row> = Vec::new();
    macro_rules! group {
        ($($name:literal),+ => $measure:path) => {
            if settings.wants(&[$($name),+]) {
                let started = clock::now();
                eprintln!("measuring {} …", [$($name),+].join(", "));
                let measured = match tokio::time::timeout(PATIENCE, $measure(&settings)).await {
                    Ok(Ok(measured)) => measured,
                    Ok(Err(error)) => void(&[$($name),+], &error.to_string()),
                    Err(_) => void(&[$($name),+], &format!("it took more than {PATIENCE:?}")),
                };
                eprintln!("  done in {:.0} s", (clock::now() - started) as f64 / 1e9);
                for row in &measured {
                    eprintln!("  {} {}: {} {} {:?}", row.id, row.what, row.measured, row.ratio, row.verdict);
                }
                rows.extend(measured);
            }
        };
    }
    group!("P1", "P4", "P6" => ingest::measure);
    group!("P2", "P3", "P4", "P5", "O2" => latency::measure);
    group!("P7" => idle::measure);
    group!("P8", "P9" => fanout::measure);
    group!("P10" => replies::on_the_wire);
    group!("P11", "R2" => budget_and_doubt);
    group!("P12" => budget::retry_after);
    group!("P13", "P14" => recovery::measure);
    group!("P15" => sign_in::measure);
    group!("O1" => order::measure);
    group!("R1" => crashes::measure);
    group!("W5" => page::measure);
    print(&rows);
    Ok(!rows.iter().any(|row| matches!(row.verdict, Verdict::Void(_))))
}

/// Both wait most of the time, and neither is about how fast something is: they are run beside each other.
async fn budget_and_doubt(settings: &Settings) -> Result<Vec<Row>> {
    let budget = async { if settings.wants(&["P11"]) { budget::saturation(settings).await } else { Ok(Vec::new()) } };
    let doubt = async { if settings.wants(&["R2"]) { replies::ambiguous(settings).await } else { Ok(Vec::new()) } };
    let (mut rows, more) = tokio::try_join!(budget, doubt)?;
    rows.extend(more);
    Ok(rows)
}

fn void(names: &[&'static str], why: &str) -> Vec<Row> {
    let why: String = why.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect();
    names.iter().map(|name| Row::new(name, "could not be run to its end", "").void(why.clone())).collect()
}

/// Waits until the machine does nothing else, for a while; says so if it never did.
pub async fn quiet(settings: &Settings) -> Result<()> {
    if !settings.quiet {
        return Ok(());
    }
    let started = clock::now();
    loop {
        let share = busy(Duration::from_millis(250)).await?;
        if share < IDLE {
            return Ok(());
        }
        if clock::now() - started > WAIT.as_nanos() as u64 {
            eprintln!("  the machine is not idle: {:.0} % of it is busy with something else", share * 100.0);
            return Ok(());
        }
    }
}
