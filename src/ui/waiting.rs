//! How long somebody has been waiting: a running time that presses with colour and with a mark.

use leptos::prelude::*;
use time::OffsetDateTime;

use super::clock::Clock;
use super::words::{self, Pressure};

/// A running time since a moment.
#[component]
pub fn Waiting(
    since: OffsetDateTime,
    /// What the time tells, for those who do not see the place where it stands.
    label: &'static str,
) -> impl IntoView {
    let clock = expect_context::<Clock>();
    let pressure = Memo::new(move |_| Pressure::of(clock.now() - since));
    view! {
        <span class="waiting" data-pressure=move || pressure.get().as_str()>
            <span class="visually-hidden">{label} " "</span>
            {move || words::running(clock.now() - since)}
            <span class="mark" aria-hidden="true">{move || pressure.get().mark()}</span>
        </span>
    }
    .into_any()
}
