//! Settings, for administrators: how the desk runs, and what it could not process.

mod events;
mod frame;
mod health;
mod payload;
mod windows;

use leptos::prelude::*;
use leptos_router::components::Redirect;

use crate::api::events::load_events;
use crate::api::health::load_health;
use crate::api::session::who_am_i;
use crate::model::person::Person;
use crate::model::problem::Problem;
use events::Events;
use frame::{Denied, Frame};
use health::HealthView;

/// The part of the settings that a page is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Health,
    Events,
}

/// `/settings`: the first of its pages.
#[component]
pub fn SettingsPage() -> impl IntoView {
    view! { <Redirect path="/settings/health" /> }
}

/// `/settings/health`
#[component]
pub fn HealthPage() -> impl IntoView {
    let first = Resource::new(|| (), |()| async { with_me(load_health().await).await });
    page(Part::Health, first, |health| view! { <HealthView health /> }.into_any())
}

/// `/settings/events`
#[component]
pub fn EventsPage() -> impl IntoView {
    let first = Resource::new(|| (), |()| async { with_me(load_events().await).await });
    page(Part::Events, first, |events| view! { <Events events /> }.into_any())
}

type First<T> = Result<(Person, T), Problem>;

async fn with_me<T>(loaded: Result<T, Problem>) -> First<T> {
    let loaded = loaded?;
    Ok((who_am_i().await?, loaded))
}

/// A page of the settings with what it starts from, or why it cannot be shown.
fn page<T>(part: Part, first: Resource<First<T>>, show: impl Fn(T) -> AnyView + Copy + Send + Sync + 'static) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
{
    view! {
        <Suspense fallback=|| {
            view! {
                <main class="door">
                    <p class="door-lead" role="status">
                        "Opening the settings…"
                    </p>
                </main>
            }
        }>
            {move || Suspend::new(async move {
                match first.await {
                    Ok((me, loaded)) => {
                        let content = move || show(loaded.clone());
                        view! { <Frame me part content /> }.into_any()
                    }
                    Err(Problem::SignedOut) => view! { <Redirect path="/login" /> }.into_any(),
                    Err(problem) => view! { <Denied problem /> }.into_any(),
                }
            })}
        </Suspense>
    }
}
