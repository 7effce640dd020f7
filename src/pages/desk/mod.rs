//! The desk: what waits, what is mine, the conversation that is open, and what is known about it.

pub mod actions;
mod alarms;
mod announce;
pub mod arrange;
mod context;
mod conversation;
pub mod draft;
mod frame;
mod keys;
mod lists;
mod notice;
pub mod pane;
pub mod rail;
pub mod state;
mod status_bar;

#[cfg(feature = "hydrate")]
use crate::live::client as live;
#[cfg(not(feature = "hydrate"))]
mod no_live;
#[cfg(not(feature = "hydrate"))]
use no_live as live;

use leptos::prelude::*;
use leptos_router::components::Redirect;
use leptos_router::hooks::use_query_map;
use leptos_router::params::ParamsMap;

use crate::api::desk::load_desk;
use crate::api::handoff::load_handoff;
use crate::model::change::{DeskSnapshot, HandoffSnapshot};
use crate::model::ids::HandoffId;
use crate::model::problem::Problem;
use frame::Frame;

/// What the page starts from: the lists, and the handoff that the address names.
type FirstLook = (DeskSnapshot, Option<(HandoffId, Result<HandoffSnapshot, Problem>)>);

/// `/`, and `/?handoff=…` with a handoff open.
#[component]
pub fn DeskPage() -> impl IntoView {
    let query = use_query_map();
    let first = Resource::new(|| (), move |()| first_look(wanted(&query.read_untracked())));
    view! {
        <Suspense fallback=Loading>
            {move || Suspend::new(async move {
                match first.await {
                    Ok((desk, open)) => view! { <Frame desk open /> }.into_any(),
                    Err(Problem::SignedOut) => view! { <Redirect path="/login" /> }.into_any(),
                    Err(problem) => view! { <Closed problem again=move || first.refetch() /> }.into_any(),
                }
            })}
        </Suspense>
    }
    .into_any()
}

/// The handoff that an address names.
fn wanted(query: &ParamsMap) -> Option<HandoffId> {
    query.get_str("handoff")?.parse().ok()
}

async fn first_look(wanted: Option<HandoffId>) -> Result<FirstLook, Problem> {
    let desk = load_desk().await?;
    let open = match wanted {
        Some(handoff) => Some((handoff, load_handoff(handoff).await)),
        None => None,
    };
    Ok((desk, open))
}

#[component]
fn Loading() -> impl IntoView {
    view! {
        <main class="door">
            <p class="door-lead" role="status">
                "Opening the desk…"
            </p>
        </main>
    }
    .into_any()
}

/// The desk could not be opened at all.
#[component]
fn Closed(problem: Problem, again: impl Fn() + 'static) -> impl IntoView {
    view! {
        <main class="door">
            <div class="door-card">
                <span class="brand-mark" aria-hidden="true">
                    "B"
                </span>
                <h1>"The desk cannot be opened"</h1>
                <p class="door-lead" role="alert">
                    {problem.to_string()}
                </p>
                <button class="button primary wide" on:click=move |_| again()>
                    "Try again"
                </button>
            </div>
        </main>
    }
    .into_any()
}
