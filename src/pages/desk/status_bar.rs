//! The bar at the bottom. What it says is always true.

use leptos::prelude::*;

use super::state::{Connection, Desk};
use crate::ui::words;

/// Connection, load, and what waits.
#[component]
pub fn StatusBar() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let mine = move || desk.mine().iter().filter(|handoff| handoff.state.is_open()).count();
    let waiting = move || desk.queue().len();
    let unsent = move || desk.mine().iter().map(|handoff| handoff.unsent).sum::<i32>();
    let lost_for = move || words::length(desk.clock.now() - desk.connection_since.get());
    view! {
        <footer class="status-bar">
            <span class="status-connection" data-state=move || desk.connection.get().as_str()>
                {move || match desk.connection.get() {
                    Connection::Live if desk.caught_up.get() => view! { <b>"Live"</b> }.into_any(),
                    Connection::Live => view! { <b>"Live"</b> ", catching up…" }.into_any(),
                    Connection::Reconnecting => view! { <b>"Connecting…"</b> " " {lost_for} }.into_any(),
                    Connection::Offline => view! { <b>"Offline"</b> " for " {lost_for} ". What you see may be old." }.into_any(),
                }}
            </span>
            <span>"Mine " <b>{move || mine().to_string()}</b></span>
            <span>"In the queue " <b>{move || waiting().to_string()}</b></span>
            <span data-alarm=move || (unsent() > 0).to_string()>"Not sent yet " <b>{move || unsent().to_string()}</b></span>
        </footer>
    }
    .into_any()
}
