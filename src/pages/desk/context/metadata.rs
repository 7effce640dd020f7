//! The conversation's metadata at Ada, as a table that can be changed.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::metadata_editor::{Editing, Editor};
use crate::model::handoff::{HandoffState, ReadState};
use crate::model::metadata::{METADATA_LIMIT, Metadata, MetadataPatch, MetadataValue, size};
use crate::pages::desk::actions;
use crate::pages::desk::conversation::Opened;
use crate::pages::desk::state::Desk;
use crate::ui::icon::{self, Icon};
use crate::ui::linked::Linked;

/// Table, size, and what is being changed.
#[component]
pub fn MetadataSection() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let opened = expect_context::<Opened>();
    let metadata = opened.part(|detail| detail.metadata.clone());
    let read = opened.part(|detail| detail.metadata_read.clone());
    let saving = opened.part(|detail| detail.metadata_saving);
    let problem = opened.part(|detail| detail.metadata_problem.clone());
    let can_change =
        Memo::new(move |_| opened.mine.get() && opened.state.get() == HandoffState::Active && read.get() == ReadState::Complete);
    let editing = RwSignal::new(None::<Editing>);
    // Its size means nothing before it was read.
    let is_known = Memo::new(move |_| read.get() == ReadState::Complete || metadata.with(|metadata| !metadata.is_empty()));
    let bytes = move || metadata.with(size);
    let again = move |_| {
        spawn_local(async move {
            if let Err(problem) = actions::read(opened.id, desk).await {
                desk.notice.try_set(Some(problem.to_string()));
            }
        });
    };
    view! {
        <section class="facts">
            <h3>
                "Metadata at Ada "
                <Show when=move || is_known.get()>
                    <span class="count">{move || format!("{} B of {} KB", bytes(), METADATA_LIMIT / 1024)}</span>
                </Show>
            </h3>
            <Show when=move || is_known.get()>
                <meter class="metadata-size" min="0" max=METADATA_LIMIT.to_string() aria-label="Metadata used" value=move || bytes().to_string()></meter>
            </Show>
            <table class="metadata" aria-label="Metadata">
                <thead>
                    <tr>
                        <th scope="col"><span class="visually-hidden">"Name"</span></th>
                        <th scope="col"><span class="visually-hidden">"Value"</span></th>
                        <th scope="col"><span class="visually-hidden">"Actions"</span></th>
                    </tr>
                </thead>
                <tbody>
                    <For each=move || rows(&metadata.get()) key=Clone::clone let:entry>
                        <Entry entry can_change editing />
                    </For>
                </tbody>
            </table>
            {move || match read.get() {
                ReadState::Complete if metadata.with(Metadata::is_empty) => view! { <p class="facts-about">"No entries."</p> }.into_any(),
                ReadState::Complete => ().into_any(),
                ReadState::NotAsked => view! { <p class="facts-about">"It is read from Ada when somebody accepts."</p> }.into_any(),
                ReadState::Loading => view! { <p class="facts-about loading">"Reading from Ada…"</p> }.into_any(),
                ReadState::Failed { reason } => {
                    view! {
                        <p class="facts-about bad-text">"Could not be read from Ada. " {reason}</p>
                        <Show when=move || opened.mine.get()>
                            <button class="button small" on:click=again>
                                "Read again"
                            </button>
                        </Show>
                    }
                        .into_any()
                }
            }}
            <div role="status">
                <Show when=move || saving.get()>
                    <p class="facts-about loading">"Writing to Ada…"</p>
                </Show>
            </div>
            <div role="alert">
                {move || problem.get().map(|problem| view! { <p class="facts-about bad-text">"The last change did not reach Ada. " {problem}</p> })}
            </div>
            <Show when=move || can_change.get() && editing.with(Option::is_some)>
                <Editor editing metadata />
            </Show>
            <Show when=move || can_change.get() && editing.with(Option::is_none)>
                <button class="button small" on:click=move |_| editing.set(Some(Editing::default()))>
                    <Icon path=icon::PLUS />
                    "Add entry"
                </button>
            </Show>
        </section>
    }
    .into_any()
}

fn rows(metadata: &Metadata) -> Vec<(String, String)> {
    // Kept apart by kind, so that a row is drawn anew when "3" becomes 3.
    metadata.iter().map(|(name, value)| (name.clone(), serde_json::to_string(value).unwrap_or_default())).collect()
}

#[component]
fn Entry(entry: (String, String), can_change: Memo<bool>, editing: RwSignal<Option<Editing>>) -> impl IntoView {
    let (name, json) = entry;
    let value: MetadataValue = serde_json::from_str(&json).unwrap_or(MetadataValue::Text(json));
    let shown = value.display();
    let (change_label, remove_label) = (format!("Change {name}"), format!("Remove {name}"));
    let this = StoredValue::new((name.clone(), value));
    view! {
        <tr>
            <th scope="row">{name}</th>
            <td class="metadata-value">
                <Linked text=shown />
            </td>
            <td class="metadata-actions">
                <Show when=move || can_change.get()>
                    <button
                        class="icon-button"
                        aria-label=change_label.clone()
                        title="Change"
                        on:click=move |_| editing.set(Some(this.with_value(|(name, value)| Editing::of(name, value))))
                    >
                        <Icon path=icon::PENCIL />
                    </button>
                    <Remove name=this.with_value(|(name, _)| name.clone()) label=remove_label.clone() />
                </Show>
            </td>
        </tr>
    }
    .into_any()
}

#[component]
fn Remove(name: String, label: String) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let opened = expect_context::<Opened>();
    let (busy, set_busy) = signal(false);
    let remove = move |_| {
        let patch = MetadataPatch::from([(name.clone(), None)]);
        set_busy.set(true);
        spawn_local(async move {
            if let Err(problem) = actions::change(opened.id, patch, desk).await {
                desk.notice.try_set(Some(problem.to_string()));
            }
            set_busy.try_set(false);
        });
    };
    view! {
        <button class="icon-button" aria-label=label title="Remove" disabled=busy on:click=remove>
            <Icon path=icon::BIN />
        </button>
    }
    .into_any()
}
