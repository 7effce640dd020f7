//! The one place that decides how a delivery behaves.

use std::time::Duration;

/// Svix' schedule: seconds to wait before each attempt.
const DELAYS: [u64; 8] = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 36_000];

/// What happens next to a delivery.
#[derive(Debug, PartialEq)]
pub enum Plan {
    /// Wait, then post it.
    Attempt { after: Duration },
    /// No attempt is left.
    GiveUp,
}

/// Decides about attempt `number`, counted from nought. `scale` multiplies the schedule's delays.
pub fn decide(number: usize, scale: f64) -> Plan {
    match DELAYS.get(number) {
        Some(&delay) => Plan::Attempt { after: scaled(Duration::from_secs(delay), scale) },
        None => Plan::GiveUp,
    }
}

/// A scale that makes no sense counts as nought rather than as a panic.
fn scaled(delay: Duration, scale: f64) -> Duration {
    Duration::try_from_secs_f64(delay.as_secs_f64() * scale).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_is_svix_s() {
        let total: Duration = (0..)
            .map_while(|number| match decide(number, 1.0) {
                Plan::Attempt { after } => Some(after),
                Plan::GiveUp => None,
            })
            .sum();
        assert_eq!(total, Duration::from_secs(99_305));
        assert_eq!(decide(0, 1.0), Plan::Attempt { after: Duration::ZERO });
        assert_eq!(decide(8, 1.0), Plan::GiveUp);
        let after = Duration::from_millis(5);
        assert_eq!(decide(1, 0.001), Plan::Attempt { after });
        assert_eq!(decide(1, f64::NAN), Plan::Attempt { after: Duration::ZERO });
    }
}
