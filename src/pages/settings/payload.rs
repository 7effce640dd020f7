//! What one kept event says, and what can be done about it.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::events::{open_event, replay_event, set_event_aside};
use crate::model::ids::EventId;
use crate::model::kept_event::{Payload, Replayed};
use crate::model::problem::Problem;
use crate::ui::icon::{self, Icon};

/// One event, opened. `over` hears what became of it, in words, when it is not in the list any more or its reason has changed.
#[component]
pub fn OpenedEvent(id: EventId, over: Callback<(EventId, String)>, close: Callback<()>) -> impl IntoView {
    let payload = LocalResource::new(move || open_event(id));
    let (busy, set_busy) = signal(false);
    let (said, set_said) = signal(None::<String>);
    let act = move |what: Act| {
        set_busy.set(true);
        set_said.set(None);
        spawn_local(async move {
            let done = what.on(id).await;
            set_busy.try_set(false);
            match done {
                Ok(Outcome::Over(words)) => over.run((id, words)),
                Ok(Outcome::Stays(words)) => {
                    set_said.try_set(Some(words));
                }
                Err(problem) => {
                    set_said.try_set(Some(problem.to_string()));
                }
            }
        });
    };
    view! {
        <section class="card opened-event" aria-labelledby="event-title">
            <header class="card-head">
                <h2 id="event-title" tabindex="-1">
                    "What it says"
                </h2>
                <button class="icon-button" aria-label="Close" on:click=move |_| close.run(())>
                    <Icon path=icon::CLOSE />
                </button>
            </header>
            <p class="settings-note">"This may be a customer's words. That you opened it is noted."</p>
            <Suspense fallback=|| view! { <p class="loading">"Opening…"</p> }>{move || payload.get().map(shown)}</Suspense>
            <p role="status" class="settings-note">
                {said}
            </p>
            <div class="card-actions">
                <button class="button primary" disabled=busy on:click=move |_| act(Act::Replay)>
                    "Replay"
                </button>
                <button class="button" disabled=busy on:click=move |_| act(Act::SetAside)>
                    "Set aside"
                </button>
            </div>
        </section>
    }
    .into_any()
}

#[derive(Clone, Copy)]
enum Act {
    Replay,
    SetAside,
}

enum Outcome {
    Over(String),
    Stays(String),
}

impl Act {
    async fn on(self, id: EventId) -> Result<Outcome, Problem> {
        Ok(match self {
            Self::Replay => match replay_event(id).await? {
                Replayed::Applied => Outcome::Over("The event has been applied.".to_owned()),
                Replayed::Gone => Outcome::Over("The event was applied or set aside before.".to_owned()),
                Replayed::Kept { reason } => Outcome::Stays(format!("It still cannot be applied: {reason}.")),
            },
            Self::SetAside => {
                set_event_aside(id).await?;
                Outcome::Over("The event is set aside.".to_owned())
            }
        })
    }
}

fn shown(payload: Result<Payload, Problem>) -> AnyView {
    match payload {
        Ok(payload) => {
            let cut = payload.cut.then(|| format!("Only its beginning is shown; it has {} bytes.", payload.size));
            view! {
                <pre class="payload" tabindex="0" role="region" aria-label="Payload">
                    {payload.text}
                </pre>
                <p class="field-about">{cut}</p>
            }
            .into_any()
        }
        Err(problem) => view! { <p class="problem">{problem.to_string()}</p> }.into_any(),
    }
}
