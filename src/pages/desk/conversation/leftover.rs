//! What was still in the reply box when the conversation ended: it can no longer be sent, but it is not lost.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::Opened;
use crate::pages::desk::draft::Draft;
use crate::pages::desk::state::Desk;
use crate::ui::browser;

/// Shows the unsent text, if there is any.
#[component]
pub fn Leftover() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let opened = expect_context::<Opened>();
    let draft = RwSignal::from(desk.draft(opened.id));
    let name = desk.draft_name(opened.id);
    let kept_as = name.clone();
    // A page that was loaded after the end has not seen the box.
    Effect::new(move |_| {
        let unseen = draft.with_untracked(|draft| *draft == Draft::default());
        if let Some(kept) = browser::kept(&kept_as).filter(|_| unseen) {
            draft.set(Draft::from_kept(&kept));
        }
    });
    let name = StoredValue::new(name);
    let discard = move |_| {
        name.with_value(|name| browser::forget(name));
        draft.set(Draft::default());
    };
    let copy = move |_| {
        let text = draft.with_untracked(|draft| draft.text().to_owned());
        spawn_local(async move {
            browser::copy(text).await;
        });
    };
    view! {
        <Show when=move || draft.with(|draft| !draft.text().trim().is_empty())>
            <div class="leftover" role="group" aria-label="Unsent text">
                <p class="leftover-about">"You had not sent this. It can no longer be sent here."</p>
                <p class="said">{move || draft.with(|draft| draft.text().to_owned())}</p>
                <p class="leftover-actions">
                    <button class="link-button" on:click=copy>
                        "Copy"
                    </button>
                    <button class="link-button" on:click=discard>
                        "Discard"
                    </button>
                </p>
            </div>
        </Show>
    }
    .into_any()
}
