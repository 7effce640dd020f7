//! What could not be processed: kept whole, with the reason, until somebody applies it again or sets it aside.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::payload::OpenedEvent;
use crate::api::events::{load_events, replay_events};
use crate::model::ids::EventId;
use crate::model::kept_event::{KeptEvent, KeptEvents, Swept};
use crate::model::problem::Problem;
use crate::ui::browser;
use crate::ui::clock::Clock;
use crate::ui::refresh;
use crate::ui::when::{At, When};

/// How often it is looked at.
const PERIOD: u32 = 4_000;

#[component]
pub fn Events(events: KeptEvents) -> impl IntoView {
    let clock = Clock::new(events.now);
    provide_context(clock);
    let events = RwSignal::new(events);
    let open = RwSignal::new(None::<EventId>);
    let said = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    Effect::new(|_| browser::show_connection("live"));
    let look = move || async move {
        let loaded = load_events().await;
        browser::show_connection(if loaded.is_ok() { "live" } else { "reconnecting" });
        if let Ok(now) = loaded {
            clock.set(now.now);
            events.try_set(now);
        }
    };
    refresh::every(PERIOD, look);
    let over = Callback::new(move |(_, words): (EventId, String)| {
        open.set(None);
        said.set(words);
        spawn_local(look());
        browser::focus("events-title");
    });
    let replay_all = move |_| {
        busy.set(true);
        spawn_local(async move {
            let words = sweep(said).await.unwrap_or_else(|problem| problem.to_string());
            said.try_set(words);
            busy.try_set(false);
            open.try_set(None);
            look().await;
        });
    };
    let total = Memo::new(move |_| events.with(|events| events.unreadable + events.failed));
    let rows = Memo::new(move |_| events.with(|events| events.events.clone()));
    view! {
        <section class="card" aria-labelledby="events-title">
            <header class="card-head">
                <h2 id="events-title" tabindex="-1">
                    "Events that could not be processed"
                </h2>
                <Show when=move || { total.get() > 0 }>
                    <button class="button" disabled=busy on:click=replay_all>
                        "Replay all"
                    </button>
                </Show>
            </header>
            <p class="settings-note" role="status">
                {said}
            </p>
            <Show
                when=move || { total.get() > 0 }
                fallback=|| {
                    view! { <p class="list-empty">"There are none. What comes from Ada and cannot be read or applied is kept here."</p> }
                }
            >
                <p class="settings-note">
                    {move || events.with(counts)} " They are kept whole. Replay them once the reason is gone, for example after an upgrade."
                </p>
                <div class="table-scroll" tabindex="0" role="region" aria-label="Events">
                    <table class="table">
                        <thead>
                            <tr>
                                <th scope="col">"Received"</th>
                                <th scope="col">"AI agent"</th>
                                <th scope="col">"Type"</th>
                                <th scope="col">"Why"</th>
                                <th scope="col">
                                    <span class="visually-hidden">"Action"</span>
                                </th>
                            </tr>
                        </thead>
                        <tbody>
                            <For each=move || rows.get() key=|event| (event.id, event.reason.clone(), event.tried_at) let:event>
                                <Row event open />
                            </For>
                        </tbody>
                    </table>
                </div>
                <Show when=move || is_cut(total.get(), &rows.get())>
                    <p class="settings-note">{move || format!("The {} oldest are listed.", rows.with(Vec::len))}</p>
                </Show>
            </Show>
        </section>
        {move || open.get().map(|id| view! { <OpenedEvent id over close=Callback::new(move |()| close(open, id)) /> })}
    }
    .into_any()
}

/// One event of the list.
#[component]
fn Row(event: KeptEvent, open: RwSignal<Option<EventId>>) -> impl IntoView {
    let id = event.id;
    let kind = event.event_type.unwrap_or_else(|| "not known".to_owned());
    let label = format!("Open the event of type {kind}");
    view! {
        <tr class:on=move || open.get() == Some(id)>
            <td>
                <At at=event.received_at />
            </td>
            <td>{event.domain}</td>
            <td>{kind}</td>
            <td class="why">
                {event.reason.unwrap_or_default()}
                {event.tried_at.map(|at| view! { <span class="field-about">" Tried again " <When at /></span> })}
            </td>
            <td class="table-action">
                <button
                    class="button small"
                    id=format!("open-{id}")
                    aria-label=label
                    aria-expanded=move || (open.get() == Some(id)).to_string()
                    on:click=move |_| {
                        open.set(Some(id));
                        focus_soon();
                    }
                >
                    "Open"
                </button>
            </td>
        </tr>
    }
    .into_any()
}

/// Where the eye goes, the focus goes: once what was opened is there.
fn focus_soon() {
    request_animation_frame(|| browser::focus("event-title"));
}

fn close(open: RwSignal<Option<EventId>>, id: EventId) {
    open.set(None);
    browser::focus(&format!("open-{id}"));
}

/// Applies everything again, and says how far it is.
async fn sweep(said: RwSignal<String>) -> Result<String, Problem> {
    let mut all = Swept::default();
    loop {
        let swept = replay_events(all.last).await?;
        all = Swept { applied: all.applied + swept.applied, kept: all.kept + swept.kept, ..swept };
        let words = format!("{} applied, {} still cannot be applied", all.applied, all.kept);
        if !all.more {
            return Ok(format!("Replayed: {words}."));
        }
        said.try_set(format!("Replaying: {words} so far…"));
    }
}

fn counts(events: &KeptEvents) -> String {
    match (events.unreadable, events.failed) {
        (unreadable, 0) => format!("{unreadable} could not be read."),
        (0, failed) => format!("{failed} could not be applied."),
        (unreadable, failed) => format!("{unreadable} could not be read, {failed} could not be applied."),
    }
}

fn is_cut(total: i64, rows: &[KeptEvent]) -> bool {
    i64::try_from(rows.len()).unwrap_or(i64::MAX) < total
}
