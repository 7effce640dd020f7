//! This machine's clock against others. Svix's signatures are refused when the clocks differ by more than five minutes.

use sqlx::PgPool;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

use super::Outcome;

const SUSPICIOUS: Duration = Duration::seconds(30);
/// Short of the five minutes that signatures allow.
const TOO_FAR: Duration = Duration::minutes(4);
const REMEDY: &str = "set this machine's clock by NTP (`timedatectl set-ntp true`), and look at the other one's";

pub async fn database(pool: &PgPool, private: bool) -> Result<Outcome, sqlx::Error> {
    if private {
        return Ok(Outcome::skipped("the private Postgres has this machine's clock"));
    }
    let before = OffsetDateTime::now_utc();
    let there: OffsetDateTime = sqlx::query_scalar("select clock_timestamp()").fetch_one(pool).await?;
    Ok(judge("the database", there, before, OffsetDateTime::now_utc(), Duration::ZERO))
}

/// Judges by the `Date` header of an answer, which is cut to the second.
pub fn header(whose: &str, date: Option<&str>, before: OffsetDateTime, after: OffsetDateTime) -> Outcome {
    match date.and_then(parse_http_date) {
        Some(there) => judge(whose, there, before, after, Duration::SECOND),
        None => Outcome::skipped(format!("{whose} did not tell the time")),
    }
}

/// The answer was made at some time between `before` and `after`, so the clocks differ by at least what lies outside.
fn judge(whose: &str, there: OffsetDateTime, before: OffsetDateTime, after: OffsetDateTime, grain: Duration) -> Outcome {
    let behind = there - after;
    let ahead = before - (there + grain);
    let difference = behind.max(ahead).max(Duration::ZERO);
    let word = if behind > ahead { "behind" } else { "ahead of" };
    let detail = format!("this machine's clock is {} s {word} that of {whose}", difference.whole_seconds());
    match difference {
        difference if difference > TOO_FAR => Outcome::fail(format!("{detail}; from 300 s on every webhook is refused"), REMEDY),
        difference if difference > SUSPICIOUS => Outcome::warn(detail, REMEDY),
        _ => Outcome::ok(format!("within {} s of {whose}", SUSPICIOUS.whole_seconds())),
    }
}

/// `Tue, 20 Oct 2026 09:07:02 GMT`, the one form that servers may send.
fn parse_http_date(text: &str) -> Option<OffsetDateTime> {
    let form = format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    PrimitiveDateTime::parse(text.trim(), form).ok().map(PrimitiveDateTime::assume_utc)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn at(offset: Duration) -> Outcome {
        let now = datetime!(2026-10-20 09:07:02.5 UTC);
        let there = (now + offset).replace_nanosecond(0).expect("a whole second");
        let form = format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
        header("Ada", Some(&there.format(form).expect("a date")), now, now + Duration::milliseconds(80))
    }

    #[test]
    fn seconds_pass_minutes_do_not() {
        for (offset, verdict) in [(0, "ok"), (29, "ok"), (-29, "ok"), (45, "warn"), (-45, "warn"), (290, "fail"), (-290, "fail")] {
            let json = serde_json::to_value(at(Duration::seconds(offset))).expect("JSON");
            assert_eq!(json["outcome"], verdict, "{offset}: {json}");
        }
        let detail = |offset| serde_json::to_value(at(Duration::seconds(offset))).expect("JSON")["detail"].to_string();
        assert!(detail(100).contains("behind that of Ada") && detail(-100).contains("ahead of that of Ada"));
    }

    #[test]
    fn a_slow_answer_is_no_wrong_clock() {
        let before = datetime!(2026-10-20 09:07:02 UTC);
        let outcome = header("Ada", Some("Tue, 20 Oct 2026 09:07:42 GMT"), before, before + Duration::minutes(1));
        assert!(matches!(outcome, Outcome::Ok { .. }));
    }

    #[test]
    fn no_date_is_no_verdict() {
        let now = datetime!(2026-10-20 09:07:02 UTC);
        assert!(matches!(header("Ada", Some("yesterday"), now, now), Outcome::Skipped { .. }));
        assert!(matches!(header("Ada", None, now, now), Outcome::Skipped { .. }));
    }
}
