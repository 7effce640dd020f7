//! What stands where the transcript will be, while nothing of it is there.

use leptos::prelude::*;

use super::Opened;
use crate::model::handoff::ReadState;
use crate::ui::linked::Linked;

/// Why there is nothing to read yet, and what the AI agent passed on meanwhile.
#[component]
pub fn NothingSaid() -> impl IntoView {
    let opened = expect_context::<Opened>();
    let known = opened.part(|detail| (detail.transcript_read.clone(), detail.context.clone()));
    view! {
        {move || match known.get() {
            (ReadState::Complete, _) => view! { <p class="log-empty">"Nothing has been said here yet."</p> }.into_any(),
            (read, context) => {
                view! {
                    {(read == ReadState::NotAsked)
                        .then(|| view! { <p class="log-empty">"What was said with the AI agent is read from Ada when somebody accepts."</p> })}
                    {(!context.is_empty())
                        .then(|| {
                            view! {
                                <section class="passed-on" aria-label="Passed on">
                                    <h3>"What the AI agent passed on"</h3>
                                    <dl>
                                        {context
                                            .into_iter()
                                            .map(|entry| {
                                                view! {
                                                    <div>
                                                        <dt>{entry.name}</dt>
                                                        <dd>
                                                            <Linked text=entry.value />
                                                        </dd>
                                                    </div>
                                                }
                                            })
                                            .collect_view()}
                                    </dl>
                                </section>
                            }
                        })}
                }
                    .into_any()
            }
        }}
    }
    .into_any()
}
