//! What stands around every page of the settings.

use leptos::prelude::*;
use leptos_meta::Title;

use super::Part;
use crate::model::person::Person;
use crate::model::problem::Problem;
use crate::pages::desk::rail::{Place, Rail};

impl Part {
    const ALL: [Self; 2] = [Self::Health, Self::Events];

    fn name(self) -> &'static str {
        match self {
            Self::Health => "Health",
            Self::Events => "Events",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Health => "/settings/health",
            Self::Events => "/settings/events",
        }
    }
}

/// The rail, the ways to the other pages, and the page itself.
#[component]
pub fn Frame(me: Person, part: Part, content: impl Fn() -> AnyView + Send + 'static) -> impl IntoView {
    let me = RwSignal::new(me);
    let tabs = Part::ALL
        .map(|one| {
            view! {
                <a href=one.path() aria-current=(one == part).then_some("page")>
                    {one.name()}
                </a>
            }
        })
        .collect_view();
    view! {
        <Title text=format!("{} · Settings · Babbage", part.name()) />
        <div class="desk settings">
            <Rail me here=Place::Settings />
            <main class="settings-page">
                <header class="settings-head">
                    <h1>"Settings"</h1>
                    <nav class="tabs" aria-label="Settings">
                        {tabs}
                    </nav>
                </header>
                {content()}
            </main>
        </div>
    }
    .into_any()
}

/// The page cannot be shown to whoever asks, or not now.
#[component]
pub fn Denied(problem: Problem) -> impl IntoView {
    let (head, words) = match problem {
        Problem::Forbidden => ("This page is for administrators", "Ask an administrator if you should see it.".to_owned()),
        other => ("The settings cannot be opened", other.to_string()),
    };
    view! {
        <Title text="Settings · Babbage" />
        <main class="door">
            <div class="door-card">
                <span class="brand-mark" aria-hidden="true">
                    "B"
                </span>
                <h1>{head}</h1>
                <p class="door-lead">{words}</p>
                <a class="button primary wide" href="/">
                    "Go to the desk"
                </a>
            </div>
        </main>
    }
    .into_any()
}
