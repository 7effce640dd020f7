//! One message: who and when above, what was said, and where it is on its way.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::Opened;
use super::content::Said;
use crate::model::handoff::HandoffState;
use crate::model::ids::{MessageId, PersonId};
use crate::model::message::{AuthorRole, Content, Message, MessageState};
use crate::pages::desk::actions;
use crate::pages::desk::arrange::said_at;
use crate::pages::desk::state::Desk;
use crate::ui::avatar::Avatar;
use crate::ui::browser;
use crate::ui::when::At;

/// What stands in the disc beside what the AI agent said, whatever its name.
const AI_LETTERS: &str = "A I";

/// A message in its place.
#[component]
pub fn Row(row: RwSignal<Message>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let opened = expect_context::<Opened>();
    let (id, role, notice, sent_by) = row.with_untracked(|message| (message.id, message.author.role, is_notice(message), message.sent_by));
    let name = Memo::new(move |_| {
        let me = desk.me.with(|me| me.id);
        row.with(|message| author(message, me, || opened.customer.get()))
    });
    let letters = Signal::derive(move || if role == AuthorRole::AiAgent { AI_LETTERS.to_owned() } else { name.get() });
    let at = Memo::new(move |_| row.with(said_at));
    let state = Memo::new(move |_| row.with(|message| message.state));
    let late = Memo::new(move |_| row.with(|message| message.late));
    let follows = Memo::new(move |_| opened.lines.with(|lines| lines.followers.contains(&id)));
    let content = Memo::new(move |_| row.with(|message| message.content.clone()));
    let stuck = move || matches!(state.get(), MessageState::Failed | MessageState::Unknown);
    view! {
        <article
            class="message"
            class:notice-line=notice
            class:own=role == AuthorRole::HumanAgent
            class:late=late
            class:follows=follows
            data-message-id=id.to_string()
            data-author=role.as_str()
            data-state=move || state.get().as_data()
        >
            <Show when=move || { !notice && role != AuthorRole::HumanAgent }>
                <Avatar name=letters small=true />
            </Show>
            <p class="meta">
                <Show when=move || !notice>
                    <b>{name}</b>
                    " "
                </Show>
                {move || view! { <At at=at.get() /> }}
                {move || state_words(state.get()).map(|words| view! { " · " <span class="state">{words}</span> })}
                <Show when=move || late.get()>
                    " · "
                    <span class="late-mark">"arrived late, in its place"</span>
                </Show>
            </p>
            <div class="bubble" dir="auto">
                {move || view! { <Said content=content.get() /> }}
            </div>
            <Show when=move || { sent_by.is_some() && (stuck() || row.with(|message| message.problem.is_some())) }>
                <Trouble row stuck=Signal::derive(stuck) />
            </Show>
        </article>
    }
    .into_any()
}

/// Why a reply is not with the customer, and what can be done.
#[component]
fn Trouble(row: RwSignal<Message>, stuck: Signal<bool>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let opened = expect_context::<Opened>();
    let id = row.with_untracked(|message| message.id);
    let (busy, set_busy) = signal(false);
    let (refusal, set_refusal) = signal(None::<String>);
    let unknown = move || row.with(|message| message.state == MessageState::Unknown);
    let can_write = move || opened.mine.get() && opened.state.get() == HandoffState::Active;
    let ask = move |what: Wanted| {
        set_busy.set(true);
        set_refusal.set(None);
        spawn_local(async move {
            if let Err(problem) = what.ask(opened, id, desk).await {
                set_refusal.try_set(Some(problem));
            }
            set_busy.try_set(false);
        });
    };
    view! {
        <div class="trouble">
            <p>
                {move || row.with(|message| message.problem.clone()).unwrap_or_else(|| default_reason(unknown()).to_owned())}
            </p>
            <Show when=move || stuck.get()>
                <div class="trouble-actions">
                    <Show when=can_write>
                        <button class="link-button" disabled=busy on:click=move |_| ask(Wanted::Retry)>
                            {move || if unknown() { "Send again" } else { "Retry" }}
                        </button>
                    </Show>
                    <CopyButton row />
                    <Show when=can_write>
                        <button class="link-button" disabled=busy on:click=move |_| ask(Wanted::Discard)>
                            "Discard"
                        </button>
                    </Show>
                </div>
            </Show>
            <p role="alert">{refusal}</p>
        </div>
    }
    .into_any()
}

#[component]
fn CopyButton(row: RwSignal<Message>) -> impl IntoView {
    let (done, set_done) = signal(None::<bool>);
    let copy = move |_| {
        let text = row.with_untracked(|message| match &message.content {
            Content::Text { body } | Content::Presence { body } => body.clone(),
            other => other.preview(),
        });
        spawn_local(async move {
            let copied = browser::copy(text).await;
            set_done.try_set(Some(copied));
        });
    };
    view! {
        <span>
            <button class="link-button" on:click=copy>
                "Copy"
            </button>
            <span role="status">
                {move || match done.get() {
                    Some(true) => Some(" copied"),
                    Some(false) => Some(" the browser did not allow it"),
                    None => None,
                }}
            </span>
        </span>
    }
    .into_any()
}

/// What can be asked for a reply that is stuck.
#[derive(Clone, Copy)]
enum Wanted {
    Retry,
    Discard,
}

impl Wanted {
    async fn ask(self, opened: Opened, message: MessageId, desk: Desk) -> Result<(), String> {
        let done = match self {
            Self::Retry => actions::retry(opened.id, message, desk).await,
            Self::Discard => actions::discard(opened.id, message, desk).await,
        };
        done.map_err(|problem| problem.to_string())
    }
}

/// Whether a message is a line about the conversation rather than something that somebody said.
fn is_notice(message: &Message) -> bool {
    message.author.role == AuthorRole::System || matches!(message.content, Content::Presence { .. })
}

/// What to call the author.
fn author(message: &Message, me: PersonId, customer: impl Fn() -> String) -> String {
    let named = message.author.name.clone();
    match message.author.role {
        AuthorRole::EndUser => named.unwrap_or_else(customer),
        AuthorRole::AiAgent => named.unwrap_or_else(|| "AI agent".to_owned()),
        AuthorRole::HumanAgent if message.sent_by == Some(me) => "You".to_owned(),
        AuthorRole::HumanAgent => named.unwrap_or_else(|| "Another person".to_owned()),
        AuthorRole::System => "Notice".to_owned(),
        AuthorRole::Note => named.unwrap_or_else(|| "Note".to_owned()),
    }
}

/// The state in words; what came from Ada needs none.
fn state_words(state: MessageState) -> Option<&'static str> {
    match state {
        MessageState::Received => None,
        MessageState::Queued => Some("queued"),
        MessageState::Sending => Some("sending…"),
        MessageState::Sent => Some("sent"),
        MessageState::Failed => Some("not sent"),
        MessageState::Unknown => Some("delivery unknown"),
    }
}

fn default_reason(unknown: bool) -> &'static str {
    if unknown {
        "Nobody can tell whether the customer has it. Look at the conversation before you send it again."
    } else {
        "It was not sent."
    }
}
