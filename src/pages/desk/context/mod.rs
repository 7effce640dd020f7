//! What is known about the open handoff beside its messages.

mod facts;
mod metadata;
mod metadata_editor;

use leptos::html;
use leptos::prelude::*;

use super::conversation::Opened;
use super::pane::Pane;
use super::state::{Desk, Open};
use crate::ui::icon::{self, Icon};
use facts::{AiAgent, Customer, Ending, Trigger};
use metadata::MetadataSection;

/// The pane on the right. Where there is no room for it, it slides over the conversation when asked for.
#[component]
pub fn ContextPane() -> impl IntoView {
    let desk = expect_context::<Desk>();
    view! {
        <section class="context" aria-label="Context">
            <header class="pane-head">
                <h2>"Context"</h2>
                <button class="icon-button context-close" aria-label="Hide context" on:click=move |_| desk.context_shown.set(false)>
                    <Icon path=icon::CLOSE />
                </button>
            </header>
            {move || match desk.open.get() {
                Open::Nothing => view! { <p class="list-empty">"What is known about a customer stands here while a conversation is open."</p> }.into_any(),
                Open::Loading(_) => view! { <p class="list-empty loading">"Loading…"</p> }.into_any(),
                Open::Failed(..) => view! { <p class="list-empty">"Nothing to show: the conversation could not be opened."</p> }.into_any(),
                Open::Ready(pane) => view! { <Known pane /> }.into_any(),
            }}
        </section>
    }
    .into_any()
}

#[component]
fn Known(pane: Pane) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let opened = Opened::new(desk, pane);
    provide_context(opened);
    let scroller = NodeRef::<html::Div>::new();
    // What came of it stands first.
    Effect::new(move |was_open: Option<bool>| {
        let is_open = opened.state.get().is_open();
        if let (Some(true), false, Some(scroller)) = (was_open, is_open, scroller.get()) {
            scroller.set_scroll_top(0);
        }
        is_open
    });
    view! {
        <div class="context-scroll" node_ref=scroller tabindex="0" role="group" aria-label="Known about this handoff" data-arrows="">
            <Ending />
            <Customer />
            <Trigger />
            <MetadataSection />
            <AiAgent />
        </div>
    }
    .into_any()
}
