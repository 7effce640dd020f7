//! The conversation that is open.

mod banner;
mod composer;
mod content;
mod cut_off;
mod end_dialog;
mod header;
mod leftover;
mod message;
mod nothing_said;
mod opened;
mod transcript;

use leptos::prelude::*;

use super::actions;
use super::pane::Pane;
use super::state::{Desk, Open};
use crate::model::handoff::HandoffState;
use crate::model::ids::HandoffId;
use crate::model::problem::Problem;
use crate::ui::key::Key;
use banner::Banner;
use composer::Composer;
use cut_off::CutOff;
use end_dialog::EndDialog;
use header::Header;
use leftover::Leftover;
pub(in crate::pages::desk) use opened::Opened;
use transcript::Transcript;

/// The middle pane, whatever it shows.
#[component]
pub fn ConversationPane() -> impl IntoView {
    let desk = expect_context::<Desk>();
    view! {
        <section class="conversation" aria-label="Conversation">
            {move || match desk.open.get() {
                Open::Nothing => view! { <NothingOpen /> }.into_any(),
                Open::Loading(_) => view! { <Loading /> }.into_any(),
                Open::Failed(handoff, problem) => view! { <NotLoaded handoff problem /> }.into_any(),
                Open::Ready(pane) => view! { <OpenConversation pane /> }.into_any(),
            }}
        </section>
    }
    .into_any()
}

#[component]
fn OpenConversation(pane: Pane) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let opened = Opened::new(desk, pane);
    provide_context(opened);
    let state = opened.state;
    let takes_replies = move || opened.mine.get() && state.get() == HandoffState::Active;
    view! {
        <Header />
        <Banner />
        <Transcript />
        <Show when=takes_replies>
            <CutOff />
            <Composer />
            <EndDialog />
        </Show>
        <Show when=move || opened.mine.get() && matches!(state.get(), HandoffState::Ending | HandoffState::Ended)>
            <Leftover />
        </Show>
    }
    .into_any()
}

#[component]
fn NothingOpen() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let waiting = move || desk.queue().len();
    view! {
        <div class="pane-empty">
            <h2>"No conversation is open"</h2>
            <p>
                {move || match waiting() {
                    0 => "Nobody is waiting. You will see it here and on the tab when somebody does.".to_owned(),
                    1 => "One customer is waiting in the queue.".to_owned(),
                    waiting => format!("{waiting} customers are waiting in the queue."),
                }}
            </p>
            <dl class="keys">
                <div>
                    <dt>
                        <Key cap="Y" />
                        <span class="visually-hidden">"Y"</span>
                    </dt>
                    <dd>"accept who has waited longest"</dd>
                </div>
                <div>
                    <dt>
                        <Key cap="J" />
                        <Key cap="K" />
                        <span class="visually-hidden">"J and K"</span>
                    </dt>
                    <dd>"next and previous of my conversations"</dd>
                </div>
                <div>
                    <dt>
                        <Key cap="R" />
                        <span class="visually-hidden">"R"</span>
                    </dt>
                    <dd>"write a reply"</dd>
                </div>
                <div>
                    <dt>
                        <Key cap="E" />
                        <span class="visually-hidden">"E"</span>
                    </dt>
                    <dd>"end the handoff"</dd>
                </div>
                <div>
                    <dt>
                        <Key cap="Esc" />
                        <span class="visually-hidden">"Escape"</span>
                    </dt>
                    <dd>"one step back"</dd>
                </div>
            </dl>
        </div>
    }
    .into_any()
}

#[component]
fn Loading() -> impl IntoView {
    view! {
        <div class="pane-empty" role="status">
            <p class="loading">"Opening the conversation…"</p>
        </div>
    }
    .into_any()
}

#[component]
fn NotLoaded(handoff: HandoffId, problem: Problem) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let gone = matches!(problem, Problem::NotFound | Problem::Forbidden);
    view! {
        <div class="pane-empty" role="alert">
            <h2>"This conversation cannot be shown"</h2>
            <p>{problem.to_string()}</p>
            <div class="pane-empty-actions">
                <Show when=move || !gone>
                    <button class="button primary" on:click=move |_| actions::load(desk, handoff)>
                        "Retry"
                    </button>
                </Show>
                <a class="button" href="/">
                    "Back to the desk"
                </a>
            </div>
        </div>
    }
    .into_any()
}
