//! What people are told about turns.

use std::time::Duration;

use time::OffsetDateTime;

use super::backoff;
use crate::ada::Heard;
use crate::model::pace::Window;

/// Why a call has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Ada takes no more in this window.
    Full(Window),
    /// Ada asked to slow down.
    Asked,
    /// The desk's own database does not answer.
    Store,
}

/// Why a call has to wait, and when it goes on.
pub fn far_off(wait: Duration, why: Why) -> String {
    match why {
        Why::Full(Window::Day) => format!("The calls to Ada for 24 hours are used up. This goes on by itself {}.", at(wait)),
        Why::Full(Window::Minute | Window::Second) => {
            format!("Ada takes only so many calls a minute. This goes on by itself {}.", backoff::words(wait))
        }
        Why::Store => "The desk's database does not answer. This goes on by itself.".to_owned(),
        Why::Asked => format!("Ada asked the desk to slow down. This goes on by itself {}.", backoff::words(wait)),
    }
}

/// "at 14:32 UTC", or how soon if it is soon.
fn at(wait: Duration) -> String {
    if wait < Duration::from_secs(120) {
        return backoff::words(wait);
    }
    // A minute more, so that it is not promised too early.
    let at = OffsetDateTime::now_utc() + wait + Duration::from_secs(60);
    format!("at {:02}:{:02} UTC", at.hour(), at.minute())
}

/// The word used in metrics.
pub fn heard(heard: Heard) -> &'static str {
    match heard {
        Heard::Well => "well",
        Heard::SlowDown(_) => "slow_down",
        Heard::KeyRefused => "key_refused",
        Heard::Nothing => "nothing",
    }
}
