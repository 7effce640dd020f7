//! What to do about a reply of which nobody knows whether Ada has it. Pure: the outbox looks, this decides.

use std::time::Duration;

/// How long a doubt may last before the agent decides.
pub const AT_MOST: Duration = Duration::from_secs(30);
/// How long one look at the conversation may take.
pub const LOOK: Duration = Duration::from_secs(6);
/// How often a reply is sent again after a look has shown that Ada does not have it.
const AGAIN: i32 = 3;
/// How long after an answer that did not tell Ada may need to show what it has.
const SHOWN_AFTER: Duration = Duration::from_secs(2);
/// The same when Ada has not answered at all: it may still be at it.
const DONE_AFTER: Duration = Duration::from_secs(10);

/// How a doubt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// How long it has lasted.
    pub age: Duration,
    /// For how long the reply's absence at Ada says nothing yet.
    pub absent_in: Duration,
    /// How many answers of Ada's did not tell, this reply's whole life long.
    pub times: i32,
    /// How many looks there were since the last of them.
    pub looks: i32,
}

/// What a look has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The reply is there.
    Present,
    /// It is not, and all messages were read.
    Absent,
    /// Nothing that tells. Ada may have asked to wait.
    Nothing { asked: Duration },
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Ada has it.
    Sent,
    /// Ada does not have it.
    SendAgain,
    LookAgain(Duration),
    /// It cannot be told: the agent decides.
    Unknown,
}

/// From when on the absence of a reply means something.
pub fn absent_in(may_still_run: bool) -> Duration {
    if may_still_run { DONE_AFTER } else { SHOWN_AFTER }
}

/// How long to wait for the echo before the conversation is looked at.
pub fn first_look() -> Duration {
    SHOWN_AFTER
}

/// What follows from a look.
pub fn after(doubt: Doubt, seen: Seen) -> Verdict {
    let wait = match seen {
        Seen::Present => return Verdict::Sent,
        Seen::Absent if doubt.times > AGAIN => return Verdict::Unknown,
        Seen::Absent if doubt.absent_in.is_zero() => return Verdict::SendAgain,
        Seen::Absent => doubt.absent_in,
        Seen::Nothing { asked } => asked.max(Duration::from_secs(1 << doubt.looks.clamp(0, 4))),
    };
    // The next look must be over in time.
    if doubt.age + wait + LOOK > AT_MOST { Verdict::Unknown } else { Verdict::LookAgain(wait) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn doubt(age: u64, absent_in: u64, times: i32) -> Doubt {
        Doubt { age: Duration::from_secs(age), absent_in: Duration::from_secs(absent_in), times, looks: 0 }
    }

    #[test]
    fn absence_counts_only_after_ada_had_its_time() {
        assert_eq!(after(doubt(2, 0, 1), Seen::Absent), Verdict::SendAgain);
        assert_eq!(after(doubt(2, 8, 1), Seen::Absent), Verdict::LookAgain(Duration::from_secs(8)));
        assert_eq!(after(doubt(2, 8, 1), Seen::Present), Verdict::Sent);
        assert!(absent_in(true) > absent_in(false));
    }

    #[test]
    fn what_stays_unclear_again_and_again_is_the_agents_to_decide() {
        assert_eq!(after(doubt(2, 0, AGAIN), Seen::Absent), Verdict::SendAgain);
        assert_eq!(after(doubt(2, 0, AGAIN + 1), Seen::Absent), Verdict::Unknown);
        assert_eq!(after(doubt(2, 0, 1), Seen::Nothing { asked: Duration::from_secs(60) }), Verdict::Unknown);
    }

    proptest! {
        #[test]
        fn every_doubt_ends_in_time(absent_in in 0_u64..20, times in 0_i32..9, took in 0_u64..6, asked in 0_u64..40) {
            let mut doubt = doubt(2, absent_in, times);
            // However each look goes that shows nothing, and however long each takes.
            while let Verdict::LookAgain(wait) = after(doubt, Seen::Nothing { asked: Duration::from_secs(asked) }) {
                doubt.age += wait + Duration::from_secs(took);
                doubt.absent_in = doubt.absent_in.saturating_sub(wait);
                doubt.looks += 1;
                prop_assert!(doubt.looks < 30);
            }
            prop_assert!(doubt.age <= AT_MOST);
            // Nothing is ever sent again without a look that showed its absence.
            let verdict = after(doubt, Seen::Nothing { asked: Duration::ZERO });
            prop_assert!(verdict != Verdict::SendAgain && verdict != Verdict::Sent);
        }
    }
}
