//! What waits, and what is mine.

use leptos::prelude::*;

use super::actions::{Actions, address};
use super::state::{Desk, Open, customer};
use crate::model::handoff::{HandoffState, HandoffSummary};
use crate::model::ids::HandoffId;
use crate::model::message::AuthorRole;
use crate::ui::avatar::Avatar;
use crate::ui::key::Key;
use crate::ui::waiting::Waiting;
use crate::ui::when::When;

/// The column of lists.
#[component]
pub fn Lists() -> impl IntoView {
    view! {
        <div class="lists" id="lists">
            <header class="pane-head">
                <h2>"Conversations"</h2>
            </header>
            <div class="lists-scroll">
                <Mine />
                <Queue />
            </div>
        </div>
    }
    .into_any()
}

/// A summary that stays one row while it changes.
fn row(desk: Desk, first: HandoffSummary) -> Memo<HandoffSummary> {
    let id = first.id;
    Memo::new(move |before: Option<&HandoffSummary>| {
        let now = desk.handoffs.with(|all| all.iter().find(|handoff| handoff.id == id).cloned());
        now.or_else(|| before.cloned()).unwrap_or_else(|| first.clone())
    })
}

#[component]
fn Queue() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let queue = Memo::new(move |_| desk.queue());
    let count = move || queue.with(Vec::len);
    view! {
        <section class="list" aria-label="Queue">
            <h3>
                "Queue " <span class="count">{move || if count() > 0 { format!("{} waiting", count()) } else { String::new() }}</span>
            </h3>
            <Show
                when=move || { count() > 0 }
                fallback=|| view! { <p class="list-empty">"Nobody is waiting. New handoffs appear here by themselves."</p> }
            >
                <ul>
                    <For each=move || queue.get() key=|handoff| handoff.id let:handoff>
                        <Offer handoff />
                    </For>
                </ul>
            </Show>
        </section>
    }
    .into_any()
}

/// One who waits.
#[component]
fn Offer(handoff: HandoffSummary) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let actions = expect_context::<Actions>();
    let id = handoff.id;
    let since = handoff.handed_off_at;
    let row = row(desk, handoff);
    let name = Signal::derive(move || row.with(customer));
    let is_first =
        Memo::new(move |_| desk.handoffs.with(|all| all.iter().find(|handoff| handoff.in_queue()).map(|first| first.id)) == Some(id));
    let about = move || row.with(about);
    view! {
        <li class="row offer" class:on=is_open(desk, id)>
            <Avatar name />
            <a class="row-name" id=format!("who-{id}") href=address(id) aria-current=move || is_open(desk, id)().then_some("true")>
                {name}
            </a>
            <span class="row-aside">
                <Waiting since label="waiting" />
            </span>
            <p class="row-text">{about}</p>
            <button
                class="button small row-action"
                aria-describedby=format!("who-{id}")
                aria-keyshortcuts=move || is_first.get().then_some("Y")
                disabled=move || desk.accepting.get().is_some()
                aria-busy=move || (desk.accepting.get() == Some(id)).then_some("true")
                on:click=move |_| actions.accept(id)
            >
                "Accept"
                <Show when=move || is_first.get()>
                    <Key cap="Y" />
                </Show>
            </button>
        </li>
    }
    .into_any()
}

#[component]
fn Mine() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let mine = Memo::new(move |_| desk.mine());
    let count = move || mine.with(|mine| mine.iter().filter(|handoff| handoff.state.is_open()).count());
    view! {
        <section class="list" aria-label="My conversations">
            <h3>
                "My conversations " <span class="count">{move || if count() > 0 { count().to_string() } else { String::new() }}</span>
            </h3>
            <Show
                when=move || { mine.with(|mine| !mine.is_empty()) }
                fallback=|| view! { <p class="list-empty">"None yet. Accept one from the queue."</p> }
            >
                <ul>
                    <For each=move || mine.get() key=|handoff| handoff.id let:handoff>
                        <Conversation handoff />
                    </For>
                </ul>
            </Show>
        </section>
    }
    .into_any()
}

/// One of mine.
#[component]
fn Conversation(handoff: HandoffSummary) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let id = handoff.id;
    let row = row(desk, handoff);
    let name = Signal::derive(move || row.with(customer));
    let draft = desk.draft(id);
    let has_draft = Memo::new(move |_| draft.with(|draft| !draft.text().trim().is_empty()));
    let ended = Memo::new(move |_| row.with(|row| row.state == HandoffState::Ended));
    // What has ended needs no answer, and what is open is being read.
    let unanswered = Memo::new(move |_| row.with(|row| row.ended.is_none() && row.customer_waits_since.is_some()) && !is_open(desk, id)());
    let aside = move || {
        row.with(|row| match (&row.ended, row.customer_waits_since, &row.last) {
            (Some(ended), ..) => view! { <When at=ended.at /> }.into_any(),
            (None, Some(since), _) => view! { <Waiting since label="waits for an answer" /> }.into_any(),
            (None, None, Some(last)) => view! { <When at=last.at /> }.into_any(),
            (None, None, None) => ().into_any(),
        })
    };
    view! {
        <li>
            <a class="row" class:on=is_open(desk, id) class:over=ended class:unanswered=unanswered href=address(id) aria-current=move || is_open(desk, id)().then_some("true")>
                <Avatar name />
                <span class="row-name">
                    <Show when=move || unanswered.get()>
                        <span class="dot" aria-hidden="true"></span>
                        <span class="visually-hidden">"unanswered "</span>
                    </Show>
                    {name}
                </span>
                <span class="row-aside">{aside}</span>
                <span class="row-text">{move || row.with(preview)}</span>
                <span class="row-chips">
                    <Show when=move || ended.get()>
                        <span class="chip">"ended"</span>
                    </Show>
                    <Show when=move || row.with(|row| row.state == HandoffState::Ending)>
                        <span class="chip">"ending"</span>
                    </Show>
                    <Show when=move || { row.with(|row| row.unsent) > 0 }>
                        <span class="chip bad">{move || format!("{} not sent", row.with(|row| row.unsent))}</span>
                    </Show>
                    <Show when=move || { has_draft.get() && !is_open(desk, id)() }>
                        <span class="chip">"draft"</span>
                    </Show>
                </span>
            </a>
        </li>
    }
    .into_any()
}

fn is_open(desk: Desk, id: HandoffId) -> impl Fn() -> bool + Copy + Send + Sync + 'static {
    move || desk.open.with(Open::id) == Some(id)
}

/// Topic, AI agent and language, as far as they are known.
fn about(handoff: &HandoffSummary) -> String {
    let parts = [handoff.topic.as_deref(), Some(handoff.ai_agent.as_str()), handoff.language.as_deref()];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// The last thing said, and by whom if it was not the customer.
fn preview(handoff: &HandoffSummary) -> String {
    let Some(last) = &handoff.last else {
        return about(handoff);
    };
    let who = match last.author {
        AuthorRole::EndUser | AuthorRole::System => "",
        AuthorRole::AiAgent => "AI agent: ",
        AuthorRole::HumanAgent => "You: ",
        AuthorRole::Note => "Note: ",
    };
    format!("{who}{}", last.text)
}
