//! Ada's timestamps. Three forms are seen: `2026-10-20T09:07:02+00:00`, the same with milliseconds, and one with
//! milliseconds and no offset, which is UTC.

use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};

/// A moment as Ada told it, with how finely it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stamp {
    /// The moment, in UTC, cut to microseconds (what the database keeps).
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Whether the text had a fraction of a second. Without one, `at` is only right to the second.
    pub fine: bool,
}

impl Stamp {
    /// Reads any of Ada's forms. `None` if the text is no timestamp at all, or one that a database cannot hold.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let without_offset = time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]:[second][optional [.[subsecond]]]");
        let at = OffsetDateTime::parse(text, &Rfc3339)
            .ok()
            .or_else(|| PrimitiveDateTime::parse(text, without_offset).ok().map(PrimitiveDateTime::assume_utc))
            .or_else(|| PrimitiveDateTime::parse(&text.replacen(' ', "T", 1), without_offset).ok().map(PrimitiveDateTime::assume_utc))?
            // The last hours of the year 9999 elsewhere are beyond what can be told in UTC.
            .checked_to_offset(UtcOffset::UTC)?;
        let micros = at.nanosecond() / 1_000 * 1_000;
        let at = at.replace_nanosecond(micros).ok()?;
        (1..=9999).contains(&at.year()).then_some(Self { at, fine: has_fraction(text) })
    }

    /// A moment of our own clock.
    pub fn exact(at: OffsetDateTime) -> Self {
        Self { at: whole_micros(at), fine: true }
    }
}

/// The moment, cut to the microseconds that the database keeps, so that what was stored equals what was meant.
pub fn whole_micros(at: OffsetDateTime) -> OffsetDateTime {
    at.replace_nanosecond(at.nanosecond() / 1_000 * 1_000).unwrap_or(at)
}

fn has_fraction(text: &str) -> bool {
    text.get(19..20) == Some(".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn the_three_forms_mean_the_same_moment() {
        for text in
            ["2026-10-20T09:07:02.417+00:00", "2026-10-20T09:07:02.417", "2026-10-20T09:07:02.417Z", "2026-10-20T11:07:02.417+02:00"]
        {
            let stamp = Stamp::parse(text).expect(text);
            assert_eq!(stamp.at, datetime!(2026-10-20 09:07:02.417 UTC), "{text}");
            assert!(stamp.fine);
        }
        let coarse = Stamp::parse("2026-10-20T09:07:02+00:00").expect("whole seconds");
        assert_eq!(coarse.at, datetime!(2026-10-20 09:07:02 UTC));
        assert!(!coarse.fine);
    }

    #[test]
    fn the_ends_of_the_calendar_are_told_or_refused() {
        for (text, year) in [("1970-01-01T00:00:00Z", 1970), ("9999-12-31T23:59:59.999999Z", 9999), ("0001-01-01T00:00:00Z", 1)] {
            assert_eq!(Stamp::parse(text).expect(text).at.year(), year, "{text}");
        }
        for text in ["9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00+01:00", "0001-01-01T00:00:00+00:01"] {
            assert_eq!(Stamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_timestamp_is_none() {
        for text in ["", "yesterday", "2026-13-40T00:00:00Z", "-0001-01-01T00:00:00Z", "1792487702"] {
            assert_eq!(Stamp::parse(text), None, "{text}");
        }
    }
}
