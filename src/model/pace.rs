//! How fast Ada may be called: the limits of a tenant, and who goes first when they are near.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Who goes first when the limits are near. Each class leaves some places free for those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// What people wait for: replies, ends, changes of metadata.
    Talk,
    /// What an agent has asked to see: transcripts, context.
    Read,
    /// What the desk looks up by itself.
    Sweep,
    /// Places in the queue that customers are shown.
    Queue,
}

impl Class {
    /// All, the first one first.
    pub const ALL: [Self; 4] = [Self::Talk, Self::Read, Self::Sweep, Self::Queue];

    /// The number used in SQL: the lower one goes first.
    pub fn number(self) -> i16 {
        match self {
            Self::Talk => 0,
            Self::Read => 1,
            Self::Sweep => 2,
            Self::Queue => 3,
        }
    }

    /// The class that a number stands for. One that this version does not know goes last.
    pub fn from_number(number: i16) -> Self {
        Self::ALL.into_iter().find(|class| class.number() == number).unwrap_or(Self::Queue)
    }

    /// The word used in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Talk => "talk",
            Self::Read => "read",
            Self::Sweep => "sweep",
            Self::Queue => "queue",
        }
    }

    /// How much of each limit the class may use, in hundredths.
    fn share(self) -> u32 {
        match self {
            Self::Talk => 100,
            Self::Read => 90,
            Self::Sweep => 70,
            Self::Queue => 50,
        }
    }
}

/// What Ada takes from one tenant: calls in any second, any minute and any 24 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimits {
    pub per_second: u32,
    pub per_minute: u32,
    pub per_day: u32,
}

/// Ada's own defaults.
impl Default for RateLimits {
    fn default() -> Self {
        Self { per_second: 10, per_minute: 100, per_day: 10_000 }
    }
}

impl RateLimits {
    /// As they are stored.
    pub fn new(per_second: i32, per_minute: i32, per_day: i32) -> Self {
        let at_least_one = |limit: i32| limit.max(1).unsigned_abs();
        Self { per_second: at_least_one(per_second), per_minute: at_least_one(per_minute), per_day: at_least_one(per_day) }
    }

    /// What a class may use of them. At least one call, or it would wait for ever.
    #[must_use]
    pub fn share_of(self, class: Class) -> Self {
        let share = |limit: u32| u32::try_from(u64::from(limit) * u64::from(class.share()) / 100).unwrap_or(limit).max(1);
        Self { per_second: share(self.per_second), per_minute: share(self.per_minute), per_day: share(self.per_day) }
    }

    /// The limit of one window.
    pub fn of(self, window: Window) -> u32 {
        match window {
            Window::Second => self.per_second,
            Window::Minute => self.per_minute,
            Window::Day => self.per_day,
        }
    }
}

impl fmt::Display for RateLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s {}/min {}/day", self.per_second, self.per_minute, self.per_day)
    }
}

/// Limits that cannot be read, as the rest of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not a list of limits such as 10/s 100/min 10000/day, each a number from 1 to 1000000")]
pub struct RateLimitsError;

/// `10/s 100/min 10000/day`, in any order; what is left out keeps its default.
impl FromStr for RateLimits {
    type Err = RateLimitsError;

    fn from_str(text: &str) -> Result<Self, RateLimitsError> {
        let mut limits = Self::default();
        let mut named = Vec::new();
        for entry in text.split([' ', ',']).filter(|entry| !entry.is_empty()) {
            let (number, unit) = entry.split_once('/').ok_or(RateLimitsError)?;
            let number = number.parse().ok().filter(|number| (1..=1_000_000).contains(number)).ok_or(RateLimitsError)?;
            let window = match unit {
                "s" | "sec" | "second" => Window::Second,
                "m" | "min" | "minute" => Window::Minute,
                "d" | "day" => Window::Day,
                _ => return Err(RateLimitsError),
            };
            if named.contains(&window) {
                return Err(RateLimitsError);
            }
            named.push(window);
            match window {
                Window::Second => limits.per_second = number,
                Window::Minute => limits.per_minute = number,
                Window::Day => limits.per_day = number,
            }
        }
        if named.is_empty() { Err(RateLimitsError) } else { Ok(limits) }
    }
}

/// A length of time in which Ada counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    Second,
    Minute,
    Day,
}

impl Window {
    pub fn length(self) -> Duration {
        Duration::from_secs(match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Day => 24 * 60 * 60,
        })
    }
}

/// A count for each window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Windows {
    pub second: i64,
    pub minute: i64,
    pub day: i64,
}

/// Whether a call may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant<T> {
    Granted(T),
    /// Not for at least this long, because of this window; `None`: because Ada asked to slow down.
    Wait {
        wait: Duration,
        window: Option<Window>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_people_write_them() {
        let read = |text: &str| text.parse::<RateLimits>();
        assert_eq!(read("10/s 100/min 10000/day"), Ok(RateLimits::default()));
        assert_eq!(read("300/min, 60000/day 30/s"), Ok(RateLimits { per_second: 30, per_minute: 300, per_day: 60_000 }));
        assert_eq!(read("5/s"), Ok(RateLimits { per_second: 5, ..RateLimits::default() }));
        let shown = RateLimits { per_second: 1, per_minute: 2, per_day: 3 };
        assert_eq!(read(&shown.to_string()), Ok(shown));
        for bad in ["", " ", "10", "0/s", "-1/s", "10/week", "1/s 2/s", "1000001/day", "x/s", "10/s/min"] {
            assert_eq!(read(bad), Err(RateLimitsError), "{bad}");
        }
    }

    #[test]
    fn each_class_leaves_room_for_those_before_it() {
        let limits = RateLimits::default();
        let minutes: Vec<_> = Class::ALL.map(|class| limits.share_of(class).per_minute).into();
        assert_eq!(minutes, [100, 90, 70, 50]);
        assert_eq!(RateLimits::new(1, 1, 1).share_of(Class::Queue), RateLimits { per_second: 1, per_minute: 1, per_day: 1 });
        assert!(Class::ALL.is_sorted() && Class::ALL.is_sorted_by_key(|class| class.number()));
    }
}
