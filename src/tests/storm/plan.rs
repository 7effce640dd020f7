//! What happens when, from a seed.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

/// One blow.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// SIGKILL to a desk, which comes back after a while.
    KillDesk {
        which: usize,
        away: Duration,
    },
    /// SIGTERM to a desk, then a new one: a rolling restart.
    RollDesk {
        which: usize,
    },
    /// SIGKILL to Postgres, which comes back after a while.
    KillPostgres {
        away: Duration,
    },
    /// The connections over which the servers wake each other break off.
    CutBus,
    AdaRefuses {
        time: Duration,
    },
    AdaHangs {
        time: Duration,
    },
    AdaCutsAnswers {
        time: Duration,
    },
    /// Connections of browsers, and of Ada's calls, break off.
    DropBrowsers {
        share: f64,
    },
    /// They stay open and go silent.
    FreezeBrowsers {
        share: f64,
        time: Duration,
    },
}

/// An act with the calm before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Blow {
    pub after: Duration,
    pub act: Act,
}

/// Faults of the sandbox for a while.
#[derive(Clone, Debug, PartialEq)]
pub struct Spell {
    pub time: Duration,
    pub faults: Value,
}

/// Everything that will happen.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub blows: Vec<Blow>,
    pub spells: Vec<Spell>,
}

impl Plan {
    /// The plan of a seed for a time. Every kind of blow comes once before any comes again, in shuffled order; a killed desk comes first,
    /// since what it had under way is taken over only when its leases have run out.
    pub fn new(seed: u64, time: Duration) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let mut blows = Vec::new();
        let mut left = time;
        'full: loop {
            let mut deck = deck(&mut random);
            deck.shuffle(&mut random);
            if blows.is_empty() {
                let first = deck.iter().position(|act| matches!(act, Act::KillDesk { .. })).unwrap_or(0);
                deck.swap(0, first);
            }
            for act in deck {
                let blow = Blow { after: millis(&mut random, 200, 900), act };
                let Some(rest) = left.checked_sub(blow.after + blow.act.lasts()) else { break 'full };
                left = rest;
                blows.push(blow);
            }
        }
        Self { blows, spells: spells(&mut random, time) }
    }
}

impl Act {
    /// Roughly how long it takes.
    fn lasts(&self) -> Duration {
        match self {
            Self::KillDesk { away: time, .. } | Self::KillPostgres { away: time } => *time + Duration::from_millis(500),
            Self::AdaRefuses { time } | Self::AdaHangs { time } | Self::AdaCutsAnswers { time } | Self::FreezeBrowsers { time, .. } => {
                *time
            }
            Self::RollDesk { .. } => Duration::from_secs(2),
            Self::CutBus | Self::DropBrowsers { .. } => Duration::ZERO,
        }
    }
}

fn deck(random: &mut StdRng) -> Vec<Act> {
    vec![
        Act::KillDesk { which: random.random_range(0..2), away: millis(random, 100, 1_500) },
        Act::RollDesk { which: random.random_range(0..2) },
        Act::KillPostgres { away: millis(random, 100, 1_500) },
        Act::CutBus,
        Act::AdaRefuses { time: millis(random, 300, 1_500) },
        Act::AdaHangs { time: millis(random, 300, 2_500) },
        Act::AdaCutsAnswers { time: millis(random, 500, 2_000) },
        Act::DropBrowsers { share: random.random_range(0.3..1.0) },
        Act::FreezeBrowsers { share: random.random_range(0.2..0.7), time: millis(random, 500, 3_000) },
    ]
}

/// Faults of the sandbox, one set after the other. Each is quiet about most things, so that what it does is seen.
fn spells(random: &mut StdRng, time: Duration) -> Vec<Spell> {
    let mut spells = Vec::new();
    let mut left = time;
    while !left.is_zero() {
        let length = millis(random, 1_500, 5_000).min(left);
        left -= length;
        spells.push(Spell { time: length, faults: faults(random) });
    }
    spells
}

fn faults(random: &mut StdRng) -> Value {
    let seed: u32 = random.random();
    let mut share =
        |likely: f64, most: f64| if random.random_bool(likely) { (random.random_range(0.0..most) * 100.0).round() / 100.0 } else { 0.0 };
    let webhooks = json!({
        "duplicate": share(0.8, 0.3),
        "resend": share(0.5, 0.2),
        "fail_first": share(0.6, 0.2),
        "late": share(0.5, 0.1),
        "late_ms": 2_500,
        "lose": share(0.5, 0.1),
        "bad_signature": share(0.3, 0.1),
        "stale": share(0.3, 0.1),
        "other_label": share(0.3, 0.1),
        "null_label": share(0.3, 0.1),
        "unknown_type": share(0.3, 0.1),
        "unknown_content": share(0.3, 0.1),
        "presence": share(0.3, 0.1),
        "sparse": share(0.2, 0.1),
    });
    let trigger = json!({ "twice": share(0.5, 0.4), "lose_answer": share(0.4, 0.2) });
    let api: Vec<_> = ["429", "500", "500_after", "reset_before", "reset_after", "hang_after", "garbage", "no_id", "slow"]
        .into_iter()
        .filter_map(|fault| {
            let share = share(0.35, 0.12);
            (share > 0.0).then(|| json!({ "endpoint": "*", "share": share, "fault": fault, "retry_after": (fault == "429").then_some(1) }))
        })
        .collect();
    let mut all = json!({ "seed": seed, "webhooks": webhooks, "trigger": trigger, "api": api });
    all["webhooks"]["shuffle_ms"] = json!(if random.random_bool(0.7) { random.random_range(0..800) } else { 0 });
    all["webhooks"]["extra_keys"] = json!(random.random_bool(0.3));
    all["webhooks"]["two_signatures"] = json!(random.random_bool(0.3));
    all["webhooks"]["headers"] = json!(["svix", "webhook", "mixed"][random.random_range(0..3)]);
    all["webhooks"]["timestamps"] = json!(["millis", "millis", "seconds", "naive", "mixed"][random.random_range(0..5)]);
    all["clock_offset_ms"] = json!(if random.random_bool(0.4) { random.random_range(-20_000..20_000) } else { 0 });
    all
}

fn millis(random: &mut StdRng, from: u64, to: u64) -> Duration {
    Duration::from_millis(random.random_range(from..to))
}

#[test]
fn a_seed_is_a_plan() {
    let time = Duration::from_secs(60);
    assert_eq!(Plan::new(7, time), Plan::new(7, time));
    assert_ne!(Plan::new(7, time), Plan::new(8, time));
}
