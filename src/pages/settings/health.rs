//! How the desk runs: alarms, what was last heard from Ada, what may still be asked of it, and what waits.

use leptos::prelude::*;

use super::windows::Windows;
use crate::api::health::load_health;
use crate::model::alarm::Alarm;
use crate::model::health::{AiAgentHealth, Health, Owed};
use crate::model::pace::Class;
use crate::ui::alarms::{effect, title};
use crate::ui::browser;
use crate::ui::clock::Clock;
use crate::ui::icon::{self, Icon};
use crate::ui::refresh;
use crate::ui::waiting::Waiting;
use crate::ui::when::{At, When};
use crate::ui::words;

/// How often it is looked at.
const PERIOD: u32 = 3_000;

#[component]
pub fn HealthView(health: Health) -> impl IntoView {
    let clock = Clock::new(health.now);
    provide_context(clock);
    let health = RwSignal::new(health);
    let old = RwSignal::new(false);
    Effect::new(|_| browser::show_connection("live"));
    refresh::every(PERIOD, move || async move {
        let loaded = load_health().await;
        browser::show_connection(if loaded.is_ok() { "live" } else { "reconnecting" });
        old.try_set(loaded.is_err());
        if let Ok(now) = loaded {
            clock.set(now.now);
            health.try_set(now);
        }
    });
    let agents = Memo::new(move |_| health.with(|health| health.ai_agents.iter().map(|agent| agent.id).collect::<Vec<_>>()));
    let kept = Memo::new(move |_| health.with(|health| health.kept_events));
    view! {
        <p role="status" class="settings-stale">
            {move || old.get().then_some("The desk's server does not answer just now. What you see is from before.")}
        </p>
        <Show when=move || { kept.get() > 0 }>
            <p class="settings-note">
                <a href="/settings/events">
                    {move || words::count(usize::try_from(kept.get()).unwrap_or(0), "event could not be processed", "events could not be processed")}
                </a>
            </p>
        </Show>
        <Show when=move || agents.with(Vec::is_empty)>
            <p class="list-empty">"No AI agent is connected. Connect one with "<code>"babbage agent add"</code>"."</p>
        </Show>
        <For each=move || agents.get() key=|id| *id let:id>
            {
                let agent = Memo::new(move |before: Option<&Option<AiAgentHealth>>| {
                    let now = health.with(|health| health.ai_agents.iter().find(|agent| agent.id == id).cloned());
                    now.or_else(|| before.cloned().flatten())
                });
                move || agent.get().map(|agent| view! { <Agent agent /> })
            }
        </For>
    }
    .into_any()
}

/// One AI agent.
#[component]
fn Agent(agent: AiAgentHealth) -> impl IntoView {
    let heading = format!("agent-{}", agent.id);
    let labelled = heading.clone();
    let quiet = agent.alarms.is_empty();
    view! {
        <section class="card" aria-labelledby=labelled>
            <header class="card-head">
                <h2 id=heading>{agent.name}</h2>
                <span class="card-about">{agent.domain}</span>
                {quiet.then(|| view! { <span class="chip good">"No alarms"</span> })}
            </header>
            {(!quiet).then(|| view! { <ul class="alarms" aria-label="Alarms">{agent.alarms.into_iter().map(alarm).collect_view()}</ul> })}
            <div class="card-parts">
                <div>
                    <h3>"Heard from Ada"</h3>
                    <dl class="health-facts">
                        <dt>"Last webhook"</dt>
                        <dd>{moment(agent.heard.any_at)}</dd>
                        <dt>"Last message in a handoff"</dt>
                        <dd>{moment(agent.heard.message_at)}</dd>
                        <dt>"Refused for their signature since"</dt>
                        <dd>{agent.heard.refused.to_string()}</dd>
                    </dl>
                </div>
                <div>
                    <h3>"Calls that Ada allows"</h3>
                    <Windows budget=agent.budget />
                </div>
                <div>
                    <h3>"Waits to be sent"</h3>
                    {owed(agent.owed, agent.oldest_unsent)}
                </div>
            </div>
        </section>
    }
    .into_any()
}

fn alarm(alarm: Alarm) -> impl IntoView {
    view! {
        <li class="alarm" data-kind=alarm.kind.as_str()>
            <Icon path=icon::WARNING />
            <div>
                <p class="alarm-title">{title(alarm.kind)}</p>
                <p>{alarm.detail}</p>
                <p class="alarm-since">
                    {effect(alarm.kind)} " Since " <At at=alarm.since /> ", last seen " <When at=alarm.last_seen /> "."
                </p>
            </div>
        </li>
    }
}

fn moment(at: Option<time::OffsetDateTime>) -> AnyView {
    match at {
        Some(at) => view! { <When at /> }.into_any(),
        None => "never".into_any(),
    }
}

fn owed(owed: Vec<Owed>, oldest_unsent: Option<time::OffsetDateTime>) -> AnyView {
    if owed.is_empty() {
        return view! { <p class="list-empty">"Nothing. All is with Ada."</p> }.into_any();
    }
    let row = |one: Owed| {
        view! {
            <dt>{class(one.class)}</dt>
            <dd>{words::number(one.count)} ", the oldest since " <Waiting since=one.oldest label="for" /></dd>
        }
    };
    view! {
        <dl class="health-facts">
            {owed.into_iter().map(row).collect_view()}
            {oldest_unsent
                .map(|since| {
                    view! {
                        <dt>"Oldest reply not sent"</dt>
                        <dd>
                            <Waiting since label="for" />
                        </dd>
                    }
                })}
        </dl>
    }
    .into_any()
}

fn class(class: Class) -> &'static str {
    match class {
        Class::Talk => "Replies and ends",
        Class::Read => "Transcripts to read",
        Class::Sweep => "Conversations to compare",
        Class::Queue => "Places in the queue",
    }
}
