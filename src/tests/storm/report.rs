//! What a storm came to, for people.

use std::sync::atomic::Ordering;

use super::checker::Findings;
use super::journal::Journal;

/// What happened besides.
#[derive(Debug, Default)]
pub struct Happened {
    pub blows: Vec<String>,
    /// Where a process did what none should: it died, panicked, or did not leave in time.
    pub misdeeds: Vec<String>,
}

/// Prints the table; the lines after it say what is wrong.
pub fn print(seed: u64, findings: &Findings, happened: &Happened, journal: &Journal) {
    let counts = &journal.counts;
    let number = |counter: &std::sync::atomic::AtomicUsize| counter.load(Ordering::Relaxed);
    println!("\nstorm of seed {seed}");
    println!("  {:<18} {:>6}", "acknowledged", findings.acknowledged);
    for (name, found) in findings.kinds() {
        println!("  {name:<18} {:>6}", found.len());
    }
    println!(
        "  besides: {} replies of unknown delivery, {} channels reopened, {} catch-ups, {} resyncs, {} gaps asked for, {} accepts too late, \
         {} requests unanswered",
        findings.unknown,
        number(&counts.reconnects),
        number(&counts.catch_ups),
        number(&counts.resyncs),
        number(&counts.gaps),
        number(&counts.too_late),
        number(&counts.unanswered)
    );
    println!("  blows: {}", happened.blows.join(", "));
    for (name, found) in findings.kinds() {
        for line in found.iter().take(12) {
            println!("  {name}: {line}");
        }
        if found.len() > 12 {
            println!("  {name}: and {} more", found.len() - 12);
        }
    }
    for misdeed in &happened.misdeeds {
        println!("  {misdeed}");
    }
}
