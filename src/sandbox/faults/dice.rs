//! Chances that can be repeated: each is a function of the seed and of what is decided, never of when.

use std::hash::Hasher as _;

use super::settings::Share;

/// Draws for one thing that happens: an event, a call.
#[derive(Clone, Debug)]
pub struct Dice {
    seed: u64,
    /// Names the thing, such as the third event of the fifth conversation.
    key: String,
}

impl Dice {
    pub fn new(seed: u64, key: String) -> Self {
        Self { seed, key }
    }

    /// Whether `what` is drawn.
    pub fn hits(&self, share: Share, what: &str) -> bool {
        self.part(what) < share.0
    }

    /// A number below `end`; nought when `end` is.
    pub fn below(&self, end: u64, what: &str) -> u64 {
        if end == 0 { 0 } else { self.number(what) % end }
    }

    /// From 0.0 up to, but without, 1.0.
    fn part(&self, what: &str) -> f64 {
        // The 32 upper bits are enough, and they are exact in a double.
        let upper = u32::try_from(self.number(what) >> 32).unwrap_or(u32::MAX);
        f64::from(upper) / (f64::from(u32::MAX) + 1.0)
    }

    fn number(&self, what: &str) -> u64 {
        let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
        hash.write(&self.seed.to_le_bytes());
        hash.write(self.key.as_bytes());
        hash.write(b"/");
        hash.write(what.as_bytes());
        mix(hash.finish())
    }
}

/// FNV-1a: the same in every process, unlike the standard library's.
struct Fnv(u64);

impl std::hash::Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

/// The finishing step of `SplitMix64`: near keys give far numbers.
const fn mix(mut number: u64) -> u64 {
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_kept_and_draws_are_repeated() {
        let draw = |seed, share| -> Vec<bool> {
            (0..10_000).map(|number| Dice::new(seed, format!("event/1/{number}")).hits(Share(share), "lose")).collect()
        };
        assert_eq!(draw(1, 0.3), draw(1, 0.3));
        assert_ne!(draw(1, 0.3), draw(2, 0.3));
        assert!(draw(1, 1.0).into_iter().all(|hit| hit));
        assert!(!draw(1, 0.0).into_iter().any(|hit| hit));
        let hits = draw(7, 0.3).into_iter().filter(|hit| *hit).count();
        assert!((2_800..3_200).contains(&hits), "{hits} of 10,000");
        let dice = Dice::new(1, "event/1/1".to_owned());
        let both = (dice.below(1_000_000, "one"), dice.below(1_000_000, "other"));
        assert_ne!(both.0, both.1, "each question has a draw of its own");
        assert_eq!(dice.below(0, "none"), 0);
    }
}
