//! The storm: the desk's promises attacked on real processes.
//!
//! Two `babbage serve` behind a balancer, one Postgres, the sandbox with its faults on, scripted customers and agents over HTTP and
//! websockets. A seeded plan kills, cuts, freezes and misleads. When it is over and everything is up again, an independent checker
//! compares three ledgers: what Ada's customers said and saw, what Postgres holds, and what every agent's page shows.
//!
//! `make test` runs the short form; `make soak` the long one. `SEED=…` repeats either.

mod agents;
mod checker;
mod customers;
mod finale;
mod journal;
mod ledger;
mod live;
mod plan;
mod processes;
mod proxy;
mod report;
mod session;
mod storm;
mod tab;

use std::time::Duration;

use storm::Shape;
use tokio::signal::unix::{SignalKind, signal};

/// A seed of the environment, or this one.
fn seed_or(usual: u64) -> u64 {
    number("SEED").unwrap_or(usual)
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok().filter(|text| !text.trim().is_empty())?;
    Some(text.trim().parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

/// A storm that is broken off takes its processes with it.
async fn unless_interrupted(storm: impl Future<Output = ()>) {
    let mut asked = signal(SignalKind::terminate()).expect("a signal");
    tokio::select! {
        () = storm => {}
        _ = asked.recv() => panic!("broken off"),
        _ = tokio::signal::ctrl_c() => panic!("broken off"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_short_storm_loses_and_doubles_nothing() {
    let shape = Shape { seed: seed_or(1), conversations: 60, agents: 5, calls_per_second: 40, storm: Duration::from_secs(16) };
    unless_interrupted(storm::run(shape)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: make soak"]
async fn a_long_storm_loses_and_doubles_nothing() {
    let minutes = number("SOAK_MINUTES").unwrap_or(5).max(1);
    let conversations = usize::try_from(number("SOAK_CONVERSATIONS").unwrap_or(1_000)).expect("a number of conversations");
    // What is left of the time is for the start and for the calm after it.
    let storm = Duration::from_secs(minutes * 60 * 7 / 10);
    let seed = seed_or(rand::random::<u32>().into());
    let shape = Shape { seed, conversations, agents: (conversations / 20).clamp(5, 50), calls_per_second: 100, storm };
    unless_interrupted(storm::run(shape)).await;
}
