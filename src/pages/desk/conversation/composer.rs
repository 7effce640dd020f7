//! The reply box. Text leaves it only once the server has stored it.

use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;

use super::Opened;
use crate::model::reply::REPLY_LIMIT;
use crate::pages::desk::actions;
use crate::pages::desk::draft::{Draft, Phase};
use crate::pages::desk::state::Desk;
use crate::ui::browser;
use crate::ui::icon::{self, Icon};
use crate::ui::key::Key;

/// From how many characters on the box says how many are left.
const COUNT_FROM: usize = REPLY_LIMIT - 500;

/// Writes to the customer.
#[component]
pub fn Composer() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let opened = expect_context::<Opened>();
    let id = opened.id;
    let draft = RwSignal::from(desk.draft(id));
    let area = NodeRef::<html::Textarea>::new();
    keep_over_reloads(desk, opened, draft, area);

    let can_send = Memo::new(move |_| draft.with(Draft::can_send) && left(draft) >= 0);
    let send = move || {
        if can_send.get_untracked() {
            actions::send(desk, id);
        }
        browser::focus("reply");
    };
    let on_key = move |event: KeyboardEvent| {
        // While an input method composes, Enter picks a word.
        let plain_enter = event.key() == "Enter" && !event.shift_key() && !event.alt_key();
        if plain_enter && !event.is_composing() && event.key_code() != 229 {
            event.prevent_default();
            send();
        }
    };
    view! {
        <form
            class="composer"
            on:submit=move |event| {
                event.prevent_default();
                send();
            }
        >
            <div class="composer-box" data-phase=move || draft.with(|draft| phase_word(draft.phase()))>
                <textarea
                    id="reply"
                    class="composer-text"
                    node_ref=area
                    rows="2"
                    aria-label="Reply"
                    aria-keyshortcuts="R"
                    aria-describedby="reply-state"
                    placeholder=move || format!("Write to {}…", opened.customer.get())
                    on:input=move |_| {
                        if let Some(area) = area.get_untracked() {
                            let value = area.value();
                            draft.update(|draft| draft.edit(&value));
                        }
                    }
                    on:keydown=on_key
                ></textarea>
                <Failure draft />
                <div class="composer-bar">
                    <button type="button" class="icon-button" aria-label="Attach file" title="Sending files comes in a later version" disabled>
                        <Icon path=icon::CLIP />
                    </button>
                    <span class="composer-state" id="reply-state" role="status">
                        {move || said(draft, left(draft))}
                    </span>
                    <button class="button primary" type="submit" disabled=move || !can_send.get()>
                        "Send"
                        <Key cap="↵" />
                    </button>
                </div>
            </div>
        </form>
    }
    .into_any()
}

/// Why the text is still in the box.
#[component]
fn Failure(draft: RwSignal<Draft>) -> impl IntoView {
    let reason = Memo::new(move |_| {
        draft.with(|draft| match draft.phase() {
            Phase::Failed(reason) => Some(reason.clone()),
            Phase::Writing | Phase::Sending => None,
        })
    });
    view! {
        <div role="alert">
            {move || {
                reason
                    .get()
                    .map(|reason| {
                        view! {
                            <p class="composer-problem">
                                <b>"Not sent yet. "</b>
                                {reason}
                                " Your text is still in the box."
                            </p>
                        }
                    })
            }}
        </div>
    }
    .into_any()
}

/// Keeps box and draft alike, and the draft in the tab's storage.
fn keep_over_reloads(desk: Desk, opened: Opened, draft: RwSignal<Draft>, area: NodeRef<html::Textarea>) {
    let name = desk.draft_name(opened.id);
    let kept_as = name.clone();
    // What was written before the page came alive, or before it was loaded anew.
    Effect::new(move |before: Option<()>| {
        let Some(area) = area.get() else { return };
        if before.is_none() && draft.with_untracked(|draft| *draft == Draft::default()) {
            let written = area.value();
            if let Some(kept) = browser::kept(&kept_as) {
                draft.set(Draft::from_kept(&kept));
            }
            if !written.is_empty() && draft.with_untracked(|draft| draft.text().is_empty()) {
                draft.update(|draft| draft.edit(&written));
            }
        }
    });
    Effect::new(move |_| {
        if area.get().is_some() && desk.takes_focus() {
            browser::focus("reply");
        }
    });
    Effect::new(move |_| {
        let text = draft.with(|draft| draft.text().to_owned());
        let Some(area) = area.get() else { return };
        let shown = area.value();
        if shown != text {
            put(&area, &shown, &text);
        }
    });
    Effect::new(move |_| match draft.with(Draft::to_keep) {
        Some(kept) => browser::keep(&name, &kept),
        None => browser::forget(&name),
    });
    // A text of which nobody knows whether it was stored may turn up in the transcript, before or after that is found out.
    let unsure = Memo::new(move |_| draft.with(Draft::unsure));
    Effect::new(move |_| {
        opened.lines.track();
        for id in unsure.get().into_iter().filter(|id| opened.pane.with_value(|pane| pane.has(*id))) {
            draft.update(|draft| draft.seen(id));
        }
    });
}

/// Puts text into the box; the caret stays before the same words.
fn put(area: &leptos::web_sys::HtmlTextAreaElement, shown: &str, text: &str) {
    let length = |text: &str| u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX);
    let caret = area.selection_start().ok().flatten().unwrap_or_else(|| length(shown));
    let behind = length(shown).saturating_sub(caret);
    area.set_value(text);
    let caret = length(text).saturating_sub(behind);
    let _ = area.set_selection_range(caret, caret);
}

/// How many characters may still be written.
fn left(draft: RwSignal<Draft>) -> isize {
    let used = draft.with(|draft| draft.text().chars().count());
    isize::try_from(REPLY_LIMIT).unwrap_or(isize::MAX) - isize::try_from(used).unwrap_or(isize::MAX)
}

fn said(draft: RwSignal<Draft>, left: isize) -> String {
    let going = draft.with(|draft| if *draft.phase() == Phase::Sending { draft.pending() } else { 0 });
    match left {
        ..0 => format!("{} characters too many: send it in parts", -left),
        _ if going == 1 => "Sending…".to_owned(),
        _ if going > 1 => format!("Sending {going}…"),
        left if draft.with(|draft| draft.text().chars().count()) >= COUNT_FROM => {
            format!("{left} characters left")
        }
        _ => String::new(),
    }
}

fn phase_word(phase: &Phase) -> &'static str {
    match phase {
        Phase::Writing => "writing",
        Phase::Sending => "sending",
        Phase::Failed(_) => "failed",
    }
}
