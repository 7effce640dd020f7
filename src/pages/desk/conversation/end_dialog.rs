//! Ending: back to the AI agent, or for good. Each way says what the customer will notice.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::Opened;
use crate::model::handoff::EndWay;
use crate::pages::desk::actions;
use crate::pages::desk::state::Desk;
use crate::ui::browser;
use crate::ui::icon::{self, Icon};

/// What conversations commonly come to.
const OUTCOMES: [&str; 6] = ["Solved", "Not solved", "Follow-up needed", "Passed to another team", "Customer left", "Spam"];

/// The dialog; it is shown while the desk says so.
#[component]
pub fn EndDialog() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let opened = expect_context::<Opened>();
    let dialog = NodeRef::<html::Dialog>::new();
    let (outcome, set_outcome) = signal(String::new());
    let (note, set_note) = signal(String::new());
    let (going, set_going) = signal(None::<EndWay>);
    let (problem, set_problem) = signal(None::<String>);
    let unsent = opened.part(|detail| detail.summary.unsent);

    Effect::new(move |_| {
        let Some(dialog) = dialog.get() else { return };
        let wanted = desk.ending.get();
        if wanted && !dialog.open() && dialog.show_modal().is_ok() {
            browser::focus("end-outcome");
        } else if !wanted && dialog.open() {
            dialog.close();
        }
    });
    on_cleanup(move || {
        desk.ending.try_set(false);
    });
    let end = move |way: EndWay| {
        set_going.set(Some(way));
        set_problem.set(None);
        spawn_local(async move {
            let done = actions::end(opened.id, way, outcome.get_untracked(), note.get_untracked(), desk).await;
            set_going.try_set(None);
            match done {
                Ok(()) => {
                    desk.ending.try_set(false);
                }
                Err(refused) => {
                    set_problem.try_set(Some(refused.to_string()));
                }
            }
        });
    };
    let way = move |way: EndWay, name: &'static str, says: &'static str, primary: bool| {
        let about = if primary { "end-return" } else { "end-close" };
        view! {
            <div class="way">
                <button
                    type="button"
                    class="button wide"
                    class:primary=primary
                    aria-describedby=about
                    disabled=move || going.get().is_some()
                    aria-busy=move || (going.get() == Some(way)).then_some("true")
                    on:click=move |_| end(way)
                >
                    {name}
                </button>
                <p id=about>{says}</p>
            </div>
        }
    };
    view! {
        <dialog class="dialog" node_ref=dialog aria-labelledby="end-title" on:close=move |_| desk.ending.set(false)>
            <header class="dialog-head">
                <h2 id="end-title">"End handoff"</h2>
                <button type="button" class="icon-button" aria-label="Close" on:click=move |_| desk.ending.set(false)>
                    <Icon path=icon::CLOSE />
                </button>
            </header>
            <div class="dialog-body">
                <Show when=move || { unsent.get() > 0 }>
                    <p class="banner warn">
                        {move || format!("{} of your replies did not reach the customer yet. What waits is sent first; what failed is not.", unsent.get())}
                    </p>
                </Show>
                <div class="field">
                    <label for="end-outcome">"Outcome"</label>
                    <input
                        id="end-outcome"
                        list="end-outcomes"
                        autocomplete="off"
                        maxlength="100"
                        prop:value=outcome
                        on:input=move |event| set_outcome.set(event_target_value(&event))
                    />
                    <datalist id="end-outcomes">
                        {OUTCOMES.into_iter().map(|outcome| view! { <option value=outcome></option> }).collect_view()}
                    </datalist>
                </div>
                <div class="field">
                    <label for="end-note">"Note"</label>
                    <textarea
                        id="end-note"
                        rows="3"
                        maxlength="2000"
                        aria-describedby="end-note-about"
                        prop:value=note
                        on:input=move |event| set_note.set(event_target_value(&event))
                    ></textarea>
                    <p class="field-about" id="end-note-about">
                        "Outcome and note are kept with the handoff and written to the conversation's metadata at Ada. The customer does not see them."
                    </p>
                </div>
                <div role="alert">
                    {move || problem.get().map(|words| view! { <p class="problem"><Icon path=icon::WARNING /><span>{words}</span></p> })}
                </div>
                <div class="ways">
                    {way(
                        EndWay::ReturnToAi,
                        "Return to AI agent",
                        "The customer stays in the same chat and sees that you left. The AI agent answers from here on.",
                        true,
                    )}
                    {way(
                        EndWay::EndConversation,
                        "End conversation",
                        "The chat closes for the customer. Whoever writes again starts a new conversation with the AI agent.",
                        false,
                    )}
                </div>
            </div>
            <footer class="dialog-foot">
                <button type="button" class="button quiet" on:click=move |_| desk.ending.set(false)>
                    "Cancel"
                </button>
            </footer>
        </dialog>
    }
    .into_any()
}
