//! Times as Ada writes them, and ids that look like Ada's.

use rand::Rng as _;
use rand::distr::Alphanumeric;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

const SECONDS: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]+00:00");
const MILLISECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]+00:00");

const HTTP_DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

/// Now, in UTC.
pub fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// Whole seconds, as in `created_at`.
pub fn seconds(at: OffsetDateTime) -> String {
    at.format(SECONDS).unwrap_or_default()
}

/// Milliseconds, as in an event's `timestamp`.
pub fn milliseconds(at: OffsetDateTime) -> String {
    at.format(MILLISECONDS).unwrap_or_default()
}

/// As headers have it, such as `Tue, 20 Oct 2026 09:07:02 GMT`.
pub fn http_date(at: OffsetDateTime) -> String {
    at.format(HTTP_DATE).unwrap_or_default()
}

/// Microseconds since 1970.
pub fn microseconds(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000).unwrap_or(i64::MAX)
}

/// A 24-digit hexadecimal id: the second, then chance. Two ids of one second are in no order, so that nobody comes to
/// rely on one.
pub fn object_id() -> String {
    let second = now().unix_timestamp() & 0xffff_ffff;
    format!("{second:08x}{:016x}", rand::random::<u64>())
}

/// An id like those Svix gives to messages.
pub fn svix_id() -> String {
    let tail: String = rand::rng().sample_iter(Alphanumeric).take(27).map(char::from).collect();
    format!("msg_{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn times_have_ada_s_two_forms() {
        let at = datetime!(2026-10-20 09:07:02.417_9 UTC);
        assert_eq!(seconds(at), "2026-10-20T09:07:02+00:00");
        assert_eq!(milliseconds(at), "2026-10-20T09:07:02.417+00:00");
        assert_eq!(http_date(at), "Tue, 20 Oct 2026 09:07:02 GMT");
        assert_eq!(microseconds(at), 1_792_487_222_417_900);
    }

    #[test]
    fn ids_have_their_shapes() {
        let id = object_id();
        assert_eq!(id.len(), 24);
        assert!(id.bytes().all(|b| b.is_ascii_hexdigit()));
        assert_ne!(object_id(), id);
        assert_eq!(svix_id().len(), 31);
    }
}
