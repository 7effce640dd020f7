//! How long Ada asks to wait: `Retry-After`, in seconds or as a date.

use std::time::Duration;

use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};
use time::{OffsetDateTime, PrimitiveDateTime};

const LONGEST: Duration = Duration::from_secs(60 * 60);

/// The wait that was asked for, at most an hour. `None` if nothing readable was asked, or no wait: Ada has refused all the same.
///
/// A date is taken against the answer's own `Date` where it has one, so that a clock that is wrong here does no harm.
pub(super) fn told(headers: &HeaderMap, our_clock: OffsetDateTime) -> Option<Duration> {
    let text = text(headers, RETRY_AFTER)?;
    let wait = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number holds is as long as can be.
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        let until = moment(text)?;
        let now = match self::text(headers, DATE).and_then(moment) {
            // Whole seconds are all that theirs has. Where ours says the same, it says it better.
            Some(theirs) if !(time::Duration::ZERO..time::Duration::SECOND).contains(&(our_clock - theirs)) => theirs,
            _ => our_clock,
        };
        Duration::try_from(until - now).unwrap_or(Duration::ZERO)
    };
    Some(wait.min(LONGEST)).filter(|wait| !wait.is_zero())
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// A date in the form that HTTP has prescribed since 1999; the two older ones are not read.
fn moment(text: &str) -> Option<OffsetDateTime> {
    let form = time::macros::format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    PrimitiveDateTime::parse(text, form).ok().map(PrimitiveDateTime::assume_utc)
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;
    use time::macros::datetime;

    const CLOCK: OffsetDateTime = datetime!(2026-10-20 09:00:00 UTC);

    fn wait(retry_after: &str, date: Option<&str>) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_str(retry_after).expect("value"));
        if let Some(date) = date {
            headers.insert(DATE, HeaderValue::from_str(date).expect("value"));
        }
        told(&headers, CLOCK).map(|wait| wait.as_secs())
    }

    #[test]
    fn seconds_are_held_within_reason() {
        let cases = [("7", 7), ("900", 900), ("3601", 3600), ("1000000000", 3600), ("99999999999999999999999", 3600)];
        for (text, seconds) in cases {
            assert_eq!(wait(text, None), Some(seconds), "{text}");
        }
    }

    #[test]
    fn a_date_counts_from_the_answers_own_clock_or_from_ours() {
        assert_eq!(wait("Tue, 20 Oct 2026 09:00:30 GMT", None), Some(30));
        assert_eq!(wait("Tue, 20 Oct 2026 09:00:30 GMT", Some("Tue, 20 Oct 2026 09:00:20 GMT")), Some(10));
        // Clocks that agree to the second: the one with more digits counts.
        let finer = CLOCK + time::Duration::milliseconds(700);
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static("Tue, 20 Oct 2026 09:00:03 GMT"));
        headers.insert(DATE, HeaderValue::from_static("Tue, 20 Oct 2026 09:00:00 GMT"));
        assert_eq!(told(&headers, finer), Some(Duration::from_millis(2_300)));
        assert_eq!(wait("Tue, 20 Oct 2020 09:00:30 GMT", None), None);
        assert_eq!(wait("Fri, 20 Oct 2079 09:00:30 GMT", None), Some(3600));
    }

    #[test]
    fn what_cannot_be_read_says_nothing() {
        for text in ["", "0", "-5", "1.5", "soon", "2026-10-20T09:00:30Z"] {
            assert_eq!(wait(text, None), None, "{text}");
        }
        assert_eq!(told(&HeaderMap::new(), CLOCK), None);
    }
}
