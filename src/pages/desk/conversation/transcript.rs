//! The transcript: stays at its end while one is there, and does not move under the eyes of one who reads above.

use std::collections::HashSet;

use leptos::html;
use leptos::prelude::*;

use super::Opened;
use super::message::Row;
use super::nothing_said::NothingSaid;
use crate::model::ids::MessageId;
use crate::pages::desk::arrange::{Line, Lines};
use crate::pages::desk::state::Desk;
use crate::ui::icon::{self, Icon};
use crate::ui::when::When;
use crate::ui::words;

/// Up to how many pixels above its end the transcript counts as being there.
const NEAR: i32 = 40;

/// All lines, and what helps to move among them.
#[component]
pub fn Transcript() -> impl IntoView {
    let opened = expect_context::<Opened>();
    let desk = expect_context::<Desk>();
    let lines = opened.lines;
    let scroller = NodeRef::<html::Div>::new();
    let (unread, set_unread) = signal(false);

    // The box is laid out from its end: 0 is the end, and what is above it is negative.
    let at_end = move || scroller.get_untracked().is_none_or(|scroller| scroller.scroll_top() >= -NEAR);
    let to_end = move || {
        if let Some(scroller) = scroller.get_untracked() {
            scroller.set_scroll_top(0);
        }
        set_unread.set(false);
    };
    Effect::new(move |before: Option<HashSet<MessageId>>| {
        let now = lines.with(Lines::messages);
        let me = desk.me.with_untracked(|me| me.id);
        for new in before.iter().flat_map(|before| now.difference(before)) {
            let Some(row) = opened.pane.with_value(|pane| pane.row(*new)) else {
                continue;
            };
            let (own, late) = row.with_untracked(|message| (message.sent_by == Some(me), message.late));
            if late && lines.with_untracked(|lines| lines.folded.contains(&Line::Message(*new))) {
                // What comes late is news, wherever its place is.
                opened.unfolded.set(true);
            }
            if own {
                to_end();
            } else if !late && !at_end() {
                set_unread.set(true);
            }
        }
        now
    });

    let folded = Memo::new(move |_| lines.with(|lines| lines.folded.len()));
    let empty = move || lines.with(|lines| lines.folded.is_empty() && lines.open.is_empty());
    view! {
        <div class="transcript">
            <div
                class="transcript-scroll"
                node_ref=scroller
                tabindex="0"
                role="group"
                aria-label="Messages"
                data-arrows=""
                on:scroll=move |_| {
                    if at_end() {
                        set_unread.set(false);
                    }
                }
            >
                <div class="log" role="log" aria-label="Transcript" aria-relevant="additions">
                    <Show when=empty>
                        <NothingSaid />
                    </Show>
                    <Show when=move || { folded.get() > 0 }>
                        <Fold count=folded />
                    </Show>
                    <div
                        class="folded"
                        id="before-handoff"
                        hidden=move || (!opened.unfolded.get()).then_some("until-found")
                        on:beforematch=move |_: leptos::ev::Event| opened.unfolded.set(true)
                    >
                        <For each=move || lines.with(|lines| lines.folded.clone()) key=|line| *line let:line>
                            <Shown line />
                        </For>
                    </div>
                    <For each=move || lines.with(|lines| lines.open.clone()) key=|line| *line let:line>
                        <Shown line />
                    </For>
                </div>
            </div>
            <Show when=move || unread.get()>
                <button class="button to-end" on:click=move |_| to_end()>
                    <Icon path=icon::DOWN />
                    "New messages"
                </button>
            </Show>
        </div>
    }
    .into_any()
}

/// Shows or hides the beginning of the part before the handoff.
#[component]
fn Fold(count: Memo<usize>) -> impl IntoView {
    let opened = expect_context::<Opened>();
    view! {
        <button
            class="fold"
            aria-expanded=move || opened.unfolded.get().to_string()
            aria-controls="before-handoff"
            on:click=move |_| opened.unfolded.update(|unfolded| *unfolded = !*unfolded)
        >
            <span aria-hidden="true">{move || if opened.unfolded.get() { "▾ " } else { "▸ " }}</span>
            {move || {
                let messages = words::count(count.get(), "earlier message", "earlier messages");
                let verb = if opened.unfolded.get() { "Hide" } else { "Show" };
                format!("{verb} {messages} with the AI agent")
            }}
        </button>
    }
    .into_any()
}

#[component]
fn Shown(line: Line) -> impl IntoView {
    let opened = expect_context::<Opened>();
    match line {
        Line::Message(id) => opened.pane.with_value(|pane| pane.row(id)).map(|row| view! { <Row row=RwSignal::from(row) /> }).into_any(),
        Line::HandedOff => {
            let at = opened.detail.with_untracked(|detail| detail.summary.handed_off_at);
            view! {
                <p class="line">
                    "The AI agent handed off · " <When at />
                </p>
            }
            .into_any()
        }
        Line::Accepted => view! { <p class="line">{move || accepted(opened)}</p> }.into_any(),
    }
}

/// Who took it, and how long that took.
fn accepted(opened: Opened) -> String {
    opened.detail.with(|detail| {
        let summary = &detail.summary;
        let who = match &summary.owner {
            Some(_) if opened.mine.get() => "You",
            Some(owner) => owner.name.as_str(),
            None => "Somebody",
        };
        let waited = summary.accepted_at.map(|at| words::length(at - summary.handed_off_at)).unwrap_or_default();
        format!("{who} accepted · the customer waited {waited}")
    })
}
