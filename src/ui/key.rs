//! A key beside what it does.

use leptos::prelude::*;

/// The cap of a key. Hidden from screen readers: the button says it with `aria-keyshortcuts`.
#[component]
pub fn Key(cap: &'static str) -> impl IntoView {
    view! {
        <kbd class="key" aria-hidden="true">
            {cap}
        </kbd>
    }
    .into_any()
}
