//! Calls in the last second, minute and day, as sliding windows over all endpoints.

use std::collections::VecDeque;
use std::time::Duration;

use serde::Serialize;

use crate::sandbox::faults::Limits;

const SPANS: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(60), Duration::from_secs(24 * 60 * 60)];

/// The moments of the calls that were let in.
#[derive(Default)]
pub struct Window {
    /// The last day, oldest first.
    moments: VecDeque<Duration>,
    /// For each span, how many moments at the front have left it.
    left: [usize; 3],
    violations: PerSpan,
    most: PerSpan,
}

/// One number for each span.
#[derive(Clone, Copy, Default, Serialize)]
pub struct PerSpan {
    second: usize,
    minute: usize,
    day: usize,
}

/// How the limits were kept.
pub struct Most {
    pub violations: PerSpan,
    /// The most calls that any window held.
    pub most: PerSpan,
}

impl Window {
    /// A call at `now`, which never goes back. When it exceeds a limit: in how many seconds a call is allowed again.
    pub fn enter(&mut self, now: Duration, limits: &Limits) -> Option<u64> {
        self.leave(now);
        let allowed = [limits.per_second, limits.per_minute, limits.per_day];
        let mut wait: Option<Duration> = None;
        for (place, span) in SPANS.into_iter().enumerate() {
            let inside = self.moments.len() - self.left[place] + 1;
            let most = self.most.of(place);
            *most = inside.max(*most);
            if inside > allowed[place] {
                *self.violations.of(place) += 1;
                // There is room again when enough of the oldest have left.
                let gone = self.moments.get(self.left[place] + inside - 1 - allowed[place]);
                let until = gone.map_or(span, |oldest| (*oldest + span).saturating_sub(now));
                wait = Some(wait.map_or(until, |known| known.max(until)));
            }
        }
        if wait.is_none() || !limits.enforce {
            self.moments.push_back(now);
        }
        wait.map(|wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
    }

    pub fn most(&self) -> Most {
        Most { violations: self.violations, most: self.most }
    }

    /// Lets go of what has left each span.
    fn leave(&mut self, now: Duration) {
        for (place, span) in SPANS.into_iter().enumerate() {
            while self.moments.get(self.left[place]).is_some_and(|moment| *moment + span <= now) {
                self.left[place] += 1;
            }
        }
        let [_, _, day] = self.left;
        self.moments.drain(..day);
        for left in &mut self.left {
            *left -= day;
        }
    }
}

impl PerSpan {
    fn of(&mut self, place: usize) -> &mut usize {
        match place {
            0 => &mut self.second,
            1 => &mut self.minute,
            _ => &mut self.day,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(window: &mut Window, millis: u64, limits: &Limits) -> Option<u64> {
        window.enter(Duration::from_millis(millis), limits)
    }

    #[test]
    fn windows_slide() {
        let limits = Limits { per_second: 2, per_minute: 3, ..Limits::default() };
        let mut window = Window::default();
        assert_eq!(at(&mut window, 0, &limits), None);
        assert_eq!(at(&mut window, 999, &limits), None);
        // The first has just left the second.
        assert_eq!(at(&mut window, 1_000, &limits), None);
        assert_eq!(at(&mut window, 1_001, &limits), Some(59), "the minute is full until its first call leaves it");
        let Most { violations, most } = window.most();
        assert_eq!((violations.second, violations.minute, violations.day), (1, 1, 0));
        assert_eq!((most.second, most.minute, most.day), (3, 4, 4));
    }

    #[test]
    fn what_is_refused_takes_no_place() {
        let limits = Limits { enforce: true, per_second: 1, ..Limits::default() };
        let mut window = Window::default();
        assert_eq!(at(&mut window, 0, &limits), None);
        for millis in [10, 20, 990] {
            assert_eq!(at(&mut window, millis, &limits), Some(1));
        }
        assert_eq!(at(&mut window, 1_000, &limits), None);
        assert_eq!(window.most().violations.second, 3);
    }

    #[test]
    fn days_pass() {
        let limits = Limits { per_day: 1, ..Limits::default() };
        let mut window = Window::default();
        let day = 24 * 60 * 60 * 1_000;
        assert_eq!(at(&mut window, 0, &limits), None);
        assert_eq!(at(&mut window, day - 1, &limits), Some(1));
        assert_eq!(at(&mut window, 2 * day, &limits), None);
    }
}
