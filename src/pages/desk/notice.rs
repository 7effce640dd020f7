//! What went wrong with something that has no place of its own to say so.

use leptos::prelude::*;

use super::state::Desk;
use crate::ui::icon::{self, Icon};

/// The words, until they are dismissed or something else goes wrong.
#[component]
pub fn Notice() -> impl IntoView {
    let desk = expect_context::<Desk>();
    view! {
        <div role="alert">
            {move || {
                desk.notice
                    .get()
                    .map(|words| {
                        view! {
                            <p class="notice">
                                <span>{words}</span>
                                <button class="icon-button" aria-label="Dismiss" on:click=move |_| desk.notice.set(None)>
                                    <Icon path=icon::CLOSE />
                                </button>
                            </p>
                        }
                    })
            }}
        </div>
    }
    .into_any()
}
