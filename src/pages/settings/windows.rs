//! How much of Ada's rate limit is used, window by window.

use leptos::prelude::*;

use crate::model::health::{BudgetUse, WindowUse};
use crate::model::pace::Window;
use crate::ui::when::At;
use crate::ui::words;

/// The three windows, and why nothing is called just now if that is so.
#[component]
pub fn Windows(budget: BudgetUse) -> impl IntoView {
    let pause = budget.paused_until.map(|until| {
        view! {
            <p class="settings-note">
                "Ada asked to slow down. Nothing is sent until " <At at=until /> "."
            </p>
        }
    });
    let key = budget.key_refused_at.map(|since| {
        view! {
            <p class="settings-note bad-text">
                "Ada has refused the API key since " <At at=since />
                ". Check the desk's key for this AI agent, or make a new one in Ada under Config, Platform, API keys."
            </p>
        }
    });
    let day = budget.day_goes_on_at.map(|at| {
        view! {
            <p class="settings-note">
                "The day's calls are used up. They go on at " <At at />
                "."
            </p>
        }
    });
    view! {
        <ul class="windows">{budget.windows.into_iter().map(window).collect_view()}</ul>
        {pause}
        {key}
        {day}
    }
    .into_any()
}

fn window(one: WindowUse) -> impl IntoView {
    let name = match one.window {
        Window::Second => "this second",
        Window::Minute => "this minute",
        Window::Day => "in 24 hours",
    };
    let part = one.used.saturating_mul(100) / i64::from(one.limit.max(1));
    let state = if part >= 90 { "full" } else { "free" };
    view! {
        <li>
            <span class="window-name">{name}</span>
            <progress class="bar" data-state=state max=one.limit.to_string() value=one.used.to_string() aria-label=format!("Calls {name}")></progress>
            <span class="window-used">
                <b>{words::number(one.used)}</b>
                {format!(" of {}", words::number(one.limit.into()))}
            </span>
            <span class="window-left">{format!("{} left", words::number(one.left()))}</span>
        </li>
    }
}
