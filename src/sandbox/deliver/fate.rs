//! What chance has in store for one event.

use std::time::Duration;

use crate::sandbox::faults::{Dice, Webhooks};

/// How an event travels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fate {
    pub held: Option<Held>,
    pub way: Way,
    /// A second delivery under the same id.
    pub duplicate: Option<Way>,
    /// A second delivery under a new id.
    pub resend: Option<Way>,
}

/// Why an event does not travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    Lost,
    Stopped,
}

/// One delivery with its attempts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// Before the first attempt.
    pub delay: Duration,
    /// The first attempt is not made.
    pub skip_first: bool,
    /// The first attempts that are made, spoiled.
    pub spoiled: Vec<Spoiled>,
}

/// What is wrong with an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoiled {
    /// Signed with a key that is not ours.
    Signature,
    /// Signed rightly, but ten minutes ago or from now.
    Past,
    Future,
}

impl Fate {
    pub fn draw(faults: &Webhooks, dice: &Dice) -> Self {
        let held = if faults.stop {
            Some(Held::Stopped)
        } else if dice.hits(faults.lose, "lose") {
            Some(Held::Lost)
        } else {
            None
        };
        Self {
            held,
            way: Way::draw(faults, dice),
            duplicate: dice.hits(faults.duplicate, "duplicate").then(|| Way::again(faults, dice, "duplicate")),
            resend: dice.hits(faults.resend, "resend").then(|| Way::again(faults, dice, "resend")),
        }
    }
}

impl Way {
    fn draw(faults: &Webhooks, dice: &Dice) -> Self {
        let mut delay = shuffled(faults, dice, "first");
        if dice.hits(faults.late, "late") {
            delay += Duration::from_millis(faults.late_ms);
        }
        let mut spoiled = Vec::new();
        if dice.hits(faults.bad_signature, "bad_signature") {
            spoiled.push(Spoiled::Signature);
        }
        if dice.hits(faults.stale, "stale") {
            spoiled.push(if dice.below(2, "which way") == 0 { Spoiled::Past } else { Spoiled::Future });
        }
        Self { delay, skip_first: dice.hits(faults.fail_first, "fail_first"), spoiled }
    }

    /// One more time, at a time of its own and with nothing else wrong.
    pub fn again(faults: &Webhooks, dice: &Dice, what: &str) -> Self {
        Self { delay: shuffled(faults, dice, what), ..Self::default() }
    }
}

fn shuffled(faults: &Webhooks, dice: &Dice, what: &str) -> Duration {
    Duration::from_millis(dice.below(faults.shuffle_ms.saturating_add(1), what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::faults::settings::Share;

    fn fates(faults: &Webhooks, seed: u64) -> Vec<Fate> {
        (0..100).map(|number| Fate::draw(faults, &Dice::new(seed, format!("event/1/{number}")))).collect()
    }

    #[test]
    fn without_faults_everything_goes_straight() {
        assert!(fates(&Webhooks::default(), 1).iter().all(|fate| *fate == Fate::default()));
    }

    #[test]
    fn a_seed_repeats_a_day_and_another_makes_another() {
        let faults = Webhooks {
            lose: Share(0.2),
            duplicate: Share(0.3),
            late: Share(0.5),
            stale: Share(0.5),
            shuffle_ms: 500,
            ..Webhooks::default()
        };
        assert_eq!(fates(&faults, 4), fates(&faults, 4));
        assert_ne!(fates(&faults, 4), fates(&faults, 5));
        let delays: std::collections::HashSet<_> = fates(&faults, 4).into_iter().map(|fate| fate.way.delay).collect();
        assert!(delays.len() > 50, "shuffled");
    }
}
