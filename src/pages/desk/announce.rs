//! What tells of the queue to those who look elsewhere or do not look: title, tab picture, spoken words.

use leptos::prelude::*;
use leptos_meta::Title;

use super::state::Desk;
use crate::ui::browser;

/// The title with the number that wait, and what is said aloud.
#[component]
pub fn Announcements() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let waiting = Memo::new(move |_| desk.handoffs.with(|all| all.iter().filter(|handoff| handoff.in_queue()).count()));
    Effect::new(move |_| {
        let picture = if waiting.get() > 0 { "/favicon-waiting.svg" } else { "/favicon.svg" };
        browser::show_favicon(picture);
    });
    on_cleanup(|| browser::show_favicon("/favicon.svg"));
    view! {
        <Title text=move || match waiting.get() {
            0 => "Babbage".to_owned(),
            waiting => format!("({waiting}) Babbage"),
        } />
        <p class="visually-hidden" aria-live="polite">
            {desk.announcement}
        </p>
    }
    .into_any()
}
