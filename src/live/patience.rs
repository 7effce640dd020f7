//! What a connection may take, and when those who lost one come back.

use std::time::Duration;

use tokio::time::Instant;

/// How many frames a browser may send at once.
const BURST: u32 = 100;
/// How long it takes until it may send one more.
const REFILL: Duration = Duration::from_millis(50);

/// The soonest that all browsers of a server may be asked to come back, in milliseconds.
const SOONEST: u32 = 1_000;
/// The latest: people wait for it.
const LATEST: u32 = 4_000;
/// For each browser, in milliseconds: so many are taken in without anybody else noticing.
const EACH: u32 = 2;

/// How many more frames a browser may send: people click, programs flood.
#[derive(Debug)]
pub(super) struct Allowance {
    left: u32,
    since: Instant,
}

impl Default for Allowance {
    fn default() -> Self {
        Self { left: BURST, since: Instant::now() }
    }
}

impl Allowance {
    /// Counts a frame that came now. Says whether it was allowed.
    pub(super) fn takes(&mut self, now: Instant) -> bool {
        let earned = now.duration_since(self.since).as_millis() / REFILL.as_millis();
        if let Some(earned) = u32::try_from(earned).ok().filter(|earned| *earned < BURST) {
            self.left = (self.left + earned).min(BURST);
            self.since += REFILL * earned;
        } else {
            self.left = BURST;
            self.since = now;
        }
        let allowed = self.left > 0;
        self.left = self.left.saturating_sub(1);
        allowed
    }
}

/// Within how many milliseconds the browsers of a server that stops should be back, each at a time of its own.
pub(super) fn return_within(sockets: usize) -> u32 {
    u32::try_from(sockets).unwrap_or(u32::MAX).saturating_mul(EACH).saturating_add(SOONEST).min(LATEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_person_is_never_stopped_and_a_flood_soon_is() {
        let start = Instant::now();
        let mut person = Allowance { left: BURST, since: start };
        assert!((0..10_000).all(|click: u32| person.takes(start + Duration::from_millis(60) * click)));
        let mut flood = Allowance { left: BURST, since: start };
        let taken = (0..10_000).take_while(|frame| flood.takes(start + Duration::from_micros(100) * *frame)).count();
        assert!((100..=103).contains(&taken), "{taken}");
        assert!(flood.takes(start + Duration::from_secs(60)), "what is over is forgotten");
    }

    #[test]
    fn more_browsers_take_longer_up_to_what_people_bear() {
        assert_eq!(return_within(0), 1_000);
        assert_eq!(return_within(500), 2_000);
        assert_eq!(return_within(100_000), 4_000);
    }
}
