//! How long to wait before connecting again: exponential, with full jitter, so that a restarted server is not met by all
//! browsers at once.

/// The longest first wait, in milliseconds.
pub const FIRST: u32 = 500;
/// The longest wait of all, in milliseconds.
pub const CAP: u32 = 4_000;

/// Counts the failed tries in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backoff {
    failed: u32,
}

impl Backoff {
    /// The next wait in milliseconds. `random` is from 0 up to 1.
    pub fn next(&mut self, random: f64) -> u32 {
        let longest = FIRST.saturating_mul(2_u32.saturating_pow(self.failed)).min(CAP);
        self.failed = self.failed.saturating_add(1);
        share_of(longest, random)
    }

    /// How many tries have failed in a row.
    pub fn failed(self) -> u32 {
        self.failed
    }

    /// Starts again from the short waits.
    pub fn reset(&mut self) {
        self.failed = 0;
    }
}

/// A moment within so many milliseconds. `random` is from 0 up to 1.
pub fn share_of(longest: u32, random: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and `longest`")]
    let wait = (f64::from(longest) * random.clamp(0.0, 1.0)) as u32;
    wait
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap_and_start_again() {
        let mut backoff = Backoff::default();
        let longest: Vec<_> = (0..7).map(|_| backoff.next(1.0)).collect();
        assert_eq!(longest, [500, 1_000, 2_000, 4_000, 4_000, 4_000, 4_000]);
        backoff.reset();
        assert_eq!(backoff.next(0.5), 250);
        assert_eq!(backoff.next(0.0), 0);
        (0..100).for_each(|_| assert!(backoff.next(7.0) <= CAP));
    }
}
