//! How long to wait before the next attempt.

use std::time::Duration;

use rand::Rng;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);
/// The shortest wait after "too many requests" without a word for how long.
const A_MOMENT: Duration = Duration::from_millis(100);

/// Twice as long each time, with jitter so that many that failed together do not come back together. `attempts` counts those before.
pub fn after(attempts: i32) -> Duration {
    doubled(attempts).mul_f64(rand::rng().random_range(0.5..1.0))
}

/// As long as Ada asked, and at most a little more. If it did not ask for anything: up to twice as long each time.
pub fn asked(asked: Duration, attempts: i32) -> Duration {
    if asked.is_zero() {
        return doubled(attempts).mul_f64(rand::rng().random_range(0.0..1.0)).max(A_MOMENT);
    }
    asked.mul_f64(rand::rng().random_range(1.0..1.05))
}

fn doubled(attempts: i32) -> Duration {
    FIRST.saturating_mul(2_u32.saturating_pow(attempts.clamp(0, 10).unsigned_abs())).min(LONGEST)
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
            let wait = asked(Duration::ZERO, attempts);
            assert!(wait >= A_MOMENT && wait <= LONGEST, "{attempts}: {wait:?}");
        }
        assert!(after(8) > after(0));
    }

    #[test]
    fn never_earlier_than_asked_and_hardly_later() {
        for _ in 0..100 {
            let wait = asked(Duration::from_secs(30), 3);
            assert!(wait >= Duration::from_secs(30) && wait < Duration::from_secs(33), "{wait:?}");
        }
    }
}
