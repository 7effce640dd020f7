//! What stands where there is no page.

use leptos::prelude::*;
use leptos_meta::Title;

/// Says so, and shows the way back.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    view! {
        <Title text="Not found · Babbage" />
        <main class="door">
            <div class="door-card">
                <span class="brand-mark" aria-hidden="true">
                    "B"
                </span>
                <h1>"There is no page here"</h1>
                <p class="door-lead">"The address may be mistyped, or the page is gone."</p>
                <a class="button primary wide" href="/">
                    "Go to the desk"
                </a>
            </div>
        </main>
    }
    .into_any()
}
