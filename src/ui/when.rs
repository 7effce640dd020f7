//! A moment: how long ago, or the time of day; the rest on hover.

use leptos::prelude::*;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::clock::Clock;
use super::{browser, words};

/// Says how long ago something was. The exact time is in UTC until the browser knows where its reader is.
#[component]
pub fn When(at: OffsetDateTime) -> impl IntoView {
    let clock = expect_context::<Clock>();
    let exact = RwSignal::new(words::utc(at));
    Effect::new(move |_| {
        if let Some(local) = browser::local_time(at) {
            exact.set(local);
        }
    });
    let said = Memo::new(move |_| words::ago(clock.about_now(), at));
    view! {
        <time datetime=at.format(&Rfc3339).unwrap_or_default() title=exact>
            {said}
        </time>
    }
    .into_any()
}

/// After how long a time of day needs its day.
const NEEDS_DAY: Duration = Duration::hours(18);

/// Says at what time of day something was. In UTC, and so marked, until the browser knows where its reader is.
#[component]
pub fn At(at: OffsetDateTime) -> impl IntoView {
    let clock = expect_context::<Clock>();
    let with_day = clock.at_once() - at > NEEDS_DAY;
    let shown = RwSignal::new(words::utc_clock(at, with_day));
    let exact = RwSignal::new(words::utc(at));
    Effect::new(move |_| {
        if let Some(local) = browser::local_clock(at, with_day) {
            shown.set(local);
        }
        if let Some(local) = browser::local_time(at) {
            exact.set(local);
        }
    });
    let ago = Memo::new(move |_| words::ago(clock.about_now(), at));
    view! {
        <time datetime=at.format(&Rfc3339).unwrap_or_default() title=move || format!("{} · {}", exact.get(), ago.get())>
            {shown}
        </time>
    }
    .into_any()
}
