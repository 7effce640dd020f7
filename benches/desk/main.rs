//! What the desk's speed is: ratios against something measured in the same run on the same machine and the same Postgres.
//!
//! Run it through `make bench`; `docs/benchmarks.md` says how to read the table. It needs the release binary (`BABBAGE_BIN`) and
//! a Postgres that flushes to disk (`TEST_DATABASE_URL`), and starts everything else by itself: real servers, real sockets, real
//! signatures. Every row also counts what was lost, doubled or out of order, and is void unless all three are 0.

// Counts and times become shares and milliseconds all over these files; none comes near the limits of its type.
#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)]

mod rows;
mod support;

use std::process::ExitCode;

use support::bare;
use support::idle_sockets;
use support::settings::Settings;

/// How the helper processes of the benchmark are told what they are.
const ROLE: &str = "BENCH_ROLE";

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("the benchmark could not start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let done = match std::env::var(ROLE).as_deref() {
        Ok("bare") => runtime.block_on(bare::serve()).map(|()| true),
        Ok("idle") => runtime.block_on(idle_sockets::hold()).map(|()| true),
        _ => match Settings::load() {
            Ok(settings) => runtime.block_on(rows::run(settings)),
            Err(error) => Err(error),
        },
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the benchmark could not run: {error}");
            ExitCode::FAILURE
        }
    }
}
