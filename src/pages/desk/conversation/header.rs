//! Who the conversation is with, and what can be done with it.

use leptos::prelude::*;

use super::Opened;
use crate::model::handoff::HandoffState;
use crate::pages::desk::actions::{self, Actions};
use crate::pages::desk::state::Desk;
use crate::ui::avatar::Avatar;
use crate::ui::icon::{self, Icon};
use crate::ui::key::Key;
use crate::ui::waiting::Waiting;
use crate::ui::words;

/// The head of the conversation.
#[component]
pub fn Header() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let opened = expect_context::<Opened>();
    let id = opened.id;
    let state = opened.state;
    let handed_off_at = opened.part(|detail| detail.summary.handed_off_at);
    let can_end = move || opened.mine.get() && state.get() == HandoffState::Active;
    view! {
        <header class="pane-head conversation-head">
            <a class="icon-button back" href="/" aria-label="Back to the lists">
                <Icon path=icon::BACK />
            </a>
            <Avatar name=Signal::derive(move || opened.customer.get()) />
            <div class="conversation-who">
                <h2>{opened.customer}</h2>
                <p>
                    <Where /> " · " <Span />
                </p>
            </div>
            <Show when=move || state.get() == HandoffState::Waiting>
                <Waiting since=handed_off_at.get_untracked() label="waiting" />
                <Accept />
            </Show>
            <Show when=can_end>
                <button
                    class="button primary"
                    aria-haspopup="dialog"
                    aria-keyshortcuts="E"
                    on:click=move |_| actions::ask_end(desk)
                >
                    "End handoff"
                    <Key cap="E" />
                </button>
            </Show>
            <Show when=move || opened.mine.get() && state.get() == HandoffState::Ended>
                <PutAway id />
            </Show>
            <button
                class="icon-button context-toggle"
                aria-label="Show context"
                aria-keyshortcuts="I"
                aria-expanded=move || desk.context_shown.get().to_string()
                on:click=move |_| desk.context_shown.update(|shown| *shown = !*shown)
            >
                <Icon path=icon::PANEL />
            </button>
        </header>
    }
    .into_any()
}

/// The AI agent and the channel.
#[component]
fn Where() -> impl IntoView {
    let opened = expect_context::<Opened>();
    let place = opened.part(|detail| {
        let channel = detail.channel.as_deref().map(|channel| format!(" · {channel}")).unwrap_or_default();
        format!("{}{channel}", detail.summary.ai_agent)
    });
    view! { {place} }
}

/// Whose it is, and for how long.
#[component]
fn Span() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let opened = expect_context::<Opened>();
    let said = Memo::new(move |_| {
        opened.detail.with(|detail| {
            let summary = &detail.summary;
            let who = match &summary.owner {
                Some(_) if opened.mine.get() => "you".to_owned(),
                Some(owner) => owner.name.clone(),
                None => "nobody yet".to_owned(),
            };
            match (summary.accepted_at, &summary.ended) {
                (Some(from), Some(ended)) => {
                    format!("was with {who} for {}", words::length(ended.at - from))
                }
                (None, Some(_)) => "was with nobody".to_owned(),
                // Minutes are enough here: nothing should tick beside what one reads.
                (Some(from), None) => match (desk.clock.about_now() - from).whole_minutes() {
                    ..1 => format!("with {who} since just now"),
                    minutes => format!("with {who} for {}", words::length(time::Duration::minutes(minutes))),
                },
                (None, None) => format!("with {who}"),
            }
        })
    });
    view! { {said} }
}

#[component]
fn Accept() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let actions = expect_context::<Actions>();
    let id = expect_context::<Opened>().id;
    view! {
        <button
            class="button primary"
            aria-keyshortcuts="Y"
            disabled=move || desk.accepting.get().is_some()
            aria-busy=move || (desk.accepting.get() == Some(id)).then_some("true")
            on:click=move |_| actions.accept(id)
        >
            "Accept"
            <Key cap="Y" />
        </button>
    }
    .into_any()
}

#[component]
fn PutAway(id: crate::model::ids::HandoffId) -> impl IntoView {
    let actions = expect_context::<Actions>();
    let put_away = expect_context::<Opened>().part(|detail| detail.summary.put_away);
    view! {
        <Show when=move || !put_away.get()>
            <button class="button" on:click=move |_| actions.put_away(id)>
                "Put away"
            </button>
        </Show>
    }
    .into_any()
}
