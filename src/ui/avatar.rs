//! Initials in a disc. Decoration: the name stands beside it.

use leptos::prelude::*;

use super::words;

/// The initials of a name; the tint follows from the name, so that it is the same everywhere.
#[component]
pub fn Avatar(#[prop(into)] name: Signal<String>, #[prop(optional)] small: bool) -> impl IntoView {
    let tint = move || name.with(|name| name.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte))) % 4);
    view! {
        <span class="avatar" class:small=small data-tint=move || tint().to_string() aria-hidden="true">
            {move || name.with(|name| words::initials(name))}
        </span>
    }
    .into_any()
}
