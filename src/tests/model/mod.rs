//! The desk against models of what it promises: timelines at random through the store, deliveries checked state by state, handoffs played at
//! random, and whatever bytes at the door.
//!
//! `PROPTEST_CASES` asks for more cases than the usual few.

mod delivery;
mod doors;
mod order;
mod outbox;

use proptest::test_runner::{Config, TestRunner};

/// The usual number of cases, or as many as `PROPTEST_CASES` says. The same ones each time, so that a failure can be looked at again.
fn runner(usual: u32) -> TestRunner {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let config = Config { cases: asked.unwrap_or(usual), failure_persistence: None, ..Config::default() };
    let seed = proptest::test_runner::TestRng::deterministic_rng(config.rng_algorithm);
    TestRunner::new_with_rng(config, seed)
}
