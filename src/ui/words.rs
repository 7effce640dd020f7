//! Times and names as people read them. Pure, so that server and browser say the same.

use time::{Duration, OffsetDateTime, UtcOffset};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// How long ago something was: "just now", "4 min ago", "3 h ago", then the day.
pub fn ago(now: OffsetDateTime, at: OffsetDateTime) -> String {
    let past = now - at;
    match past.whole_minutes() {
        ..1 => "just now".to_owned(),
        minutes @ 1..60 => format!("{minutes} min ago"),
        minutes @ 60..1440 => format!("{} h ago", minutes / 60),
        _ if now.year() == at.year() => day(at),
        _ => format!("{} {}", day(at), at.year()),
    }
}

/// A moment to the second, in UTC: what the server can say without knowing where the reader is.
pub fn utc(at: OffsetDateTime) -> String {
    let at = at.to_offset(UtcOffset::UTC);
    format!("{} {}, {:02}:{:02}:{:02} UTC", day(at), at.year(), at.hour(), at.minute(), at.second())
}

/// A time of day in UTC, with its day if asked for.
pub fn utc_clock(at: OffsetDateTime, with_day: bool) -> String {
    let at = at.to_offset(UtcOffset::UTC);
    let clock = format!("{:02}:{:02} UTC", at.hour(), at.minute());
    if with_day { format!("{}, {clock}", day(at)) } else { clock }
}

/// A running time as a clock shows it: "1:05", "1:02:03".
pub fn running(past: Duration) -> String {
    let seconds = past.whole_seconds().max(0);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// A length of time in words: "8 s", "1 min 12 s", "2 h 5 min", "3 d 4 h".
pub fn length(span: Duration) -> String {
    let seconds = span.whole_seconds().max(0);
    let parts = match seconds {
        ..60 => [(seconds, "s"), (0, "")],
        60..3600 => [(seconds / 60, "min"), (seconds % 60, "s")],
        3600..86_400 => [(seconds / 3600, "h"), (seconds / 60 % 60, "min")],
        _ => [(seconds / 86_400, "d"), (seconds / 3600 % 24, "h")],
    };
    let second = if parts[1].0 > 0 { format!(" {} {}", parts[1].0, parts[1].1) } else { String::new() };
    format!("{} {}{second}", parts[0].0, parts[0].1)
}

/// How pressing a wait is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressure {
    Calm,
    /// Two minutes or more.
    Long,
    /// Five minutes or more.
    TooLong,
}

impl Pressure {
    /// How pressing a wait of this length is.
    pub fn of(wait: Duration) -> Self {
        match wait.whole_minutes() {
            ..2 => Self::Calm,
            2..5 => Self::Long,
            _ => Self::TooLong,
        }
    }

    /// The word for styles.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Long => "long",
            Self::TooLong => "too-long",
        }
    }

    /// The mark that says the same without colour.
    pub fn mark(self) -> &'static str {
        match self {
            Self::Calm => "",
            Self::Long => "!",
            Self::TooLong => "!!",
        }
    }
}

/// At most two letters that stand for a name.
pub fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|word| word.chars().find(|letter| letter.is_alphanumeric()));
    let first = words.next();
    let last = words.next_back();
    let letters: String = first.into_iter().chain(last).flat_map(char::to_uppercase).collect();
    if letters.is_empty() { "?".to_owned() } else { letters }
}

/// A number as people read it: "10,000".
pub fn number(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let grouped: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    format!("{}{}", if number < 0 { "-" } else { "" }, grouped.join(","))
}

/// "1 message", "2 messages".
pub fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn day(at: OffsetDateTime) -> String {
    format!("{} {}", at.day(), MONTHS[usize::from(u8::from(at.month())) - 1])
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn moments_read_as_people_say_them() {
        let now = datetime!(2026-11-20 12:00 UTC);
        let said: Vec<_> =
            [-5, 0, 59, 60, 3599, 3600, 86_399, 86_400].into_iter().map(|past| ago(now, now - Duration::seconds(past))).collect();
        assert_eq!(said, ["just now", "just now", "just now", "1 min ago", "59 min ago", "1 h ago", "23 h ago", "19 Nov"]);
        assert_eq!(ago(now, datetime!(2025-03-02 1:00 UTC)), "2 Mar 2025");
        assert_eq!(utc(datetime!(2026-11-20 13:04:05 +1)), "20 Nov 2026, 12:04:05 UTC");
        assert_eq!(utc_clock(datetime!(2026-11-20 13:04:05 +1), false), "12:04 UTC");
        assert_eq!(utc_clock(datetime!(2026-11-20 13:04:05 +1), true), "20 Nov, 12:04 UTC");
    }

    #[test]
    fn lengths_keep_two_parts() {
        let said: Vec<_> = [-3, 8, 60, 72, 3600, 7500, 90_000].into_iter().map(|s| length(Duration::seconds(s))).collect();
        assert_eq!(said, ["0 s", "8 s", "1 min", "1 min 12 s", "1 h", "2 h 5 min", "1 d 1 h"]);
        let clock: Vec<_> = [-3, 5, 65, 3723].into_iter().map(|s| running(Duration::seconds(s))).collect();
        assert_eq!(clock, ["0:00", "0:05", "1:05", "1:02:03"]);
    }

    #[test]
    fn waiting_presses_after_two_and_five_minutes() {
        let pressure: Vec<_> = [119, 120, 299, 300].into_iter().map(|s| Pressure::of(Duration::seconds(s))).collect();
        assert_eq!(pressure, [Pressure::Calm, Pressure::Long, Pressure::Long, Pressure::TooLong]);
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 10_000, -1_234_567].map(number), ["0", "999", "10,000", "-1,234,567"]);
    }

    #[test]
    fn initials_of_any_name() {
        let letters: Vec<_> = ["Jane Doe", "ada", "Ana María de la Cruz", "🙂 !", "ßigrid"].into_iter().map(initials).collect();
        assert_eq!(letters, ["JD", "A", "AC", "?", "SS"]);
    }
}
