//! How long to wait before the next attempt.

use std::time::Duration;

use rand::Rng;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// Twice as long each time, with jitter so that many that failed together do not come back together. `attempts` counts those before.
pub fn after(attempts: i32) -> Duration {
    let doubled = FIRST.saturating_mul(2_u32.saturating_pow(attempts.clamp(0, 10).unsigned_abs())).min(LONGEST);
    doubled.mul_f64(rand::rng().random_range(0.5..1.0))
}

/// The same, but never sooner than Ada asked for.
pub fn at_least(asked: Duration, attempts: i32) -> Duration {
    asked.mul_f64(rand::rng().random_range(1.0..1.1)).max(after(attempts.min(3)))
}

/// "in 8 s", for people.
pub fn words(wait: Duration) -> String {
    match wait.as_secs_f64().ceil() {
        seconds if seconds >= 120.0 => format!("in {:.0} min", (seconds / 60.0).ceil()),
        seconds => format!("in {seconds:.0} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_stay_bounded() {
        for attempts in -1..40 {
            let wait = after(attempts);
            assert!(wait >= FIRST / 2 && wait <= LONGEST, "{attempts}: {wait:?}");
        }
        assert!(after(8) > after(0));
    }

    #[test]
    fn never_earlier_than_asked() {
        for _ in 0..100 {
            assert!(at_least(Duration::from_secs(30), 0) >= Duration::from_secs(30));
        }
    }
}
