//! Which handoff a "handoff ended" belongs to when a conversation has had several. Ada does not say; events come late and twice.

use time::{Duration, OffsetDateTime};

/// What is known of the two handoffs that it could mean.
#[derive(Clone, Copy, Debug)]
pub struct Candidates {
    /// When the latest one was handed off, for the last time.
    pub latest_began: OffsetDateTime,
    /// Of the one before it: whether its own event has come already. `None` if there is none.
    pub earlier_has_event: Option<bool>,
}

/// Which one it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belongs {
    Latest,
    Earlier,
}

/// How far Ada's clock may be from ours.
const CLOCKS_DIFFER: Duration = Duration::seconds(5);
/// Beyond what clocks differ: certainly another time.
const LONG_BEFORE: Duration = Duration::minutes(5);

/// Whether Ada dates something before a handoff began, beyond what clocks differ.
pub fn is_before(at: OffsetDateTime, began: OffsetDateTime) -> bool {
    at + CLOCKS_DIFFER < began
}

/// Decides by Ada's time of the event and by what is still missing: an end that nobody has confirmed yet is the likelier one.
pub fn belongs(event_at: Option<OffsetDateTime>, candidates: Candidates) -> Belongs {
    let Some(earlier_has_event) = candidates.earlier_has_event else { return Belongs::Latest };
    let Some(event_at) = event_at else {
        return if earlier_has_event { Belongs::Latest } else { Belongs::Earlier };
    };
    let edge = if earlier_has_event { candidates.latest_began - LONG_BEFORE } else { candidates.latest_began + CLOCKS_DIFFER };
    if event_at <= edge { Belongs::Earlier } else { Belongs::Latest }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const BEGAN: OffsetDateTime = datetime!(2026-10-20 10:00 UTC);

    fn decide(event_at: Option<OffsetDateTime>, earlier_has_event: Option<bool>) -> Belongs {
        belongs(event_at, Candidates { latest_began: BEGAN, earlier_has_event })
    }

    #[test]
    fn the_only_handoff_is_meant_whatever_the_clocks_say() {
        assert_eq!(decide(Some(BEGAN - Duration::hours(3)), None), Belongs::Latest);
        assert_eq!(decide(None, None), Belongs::Latest);
    }

    #[test]
    fn a_late_event_of_the_first_handoff_does_not_end_the_second() {
        assert_eq!(decide(Some(BEGAN - Duration::seconds(2)), Some(false)), Belongs::Earlier);
        assert_eq!(decide(Some(BEGAN + Duration::seconds(2)), Some(false)), Belongs::Earlier);
        assert_eq!(decide(Some(BEGAN - Duration::hours(10)), Some(true)), Belongs::Earlier);
    }

    #[test]
    fn an_event_of_the_second_handoff_ends_it() {
        assert_eq!(decide(Some(BEGAN + Duration::minutes(1)), Some(false)), Belongs::Latest);
        // Ada's clock is behind ours.
        assert_eq!(decide(Some(BEGAN - Duration::seconds(30)), Some(true)), Belongs::Latest);
        assert_eq!(decide(None, Some(true)), Belongs::Latest);
    }
}
