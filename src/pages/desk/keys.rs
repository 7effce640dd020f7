//! The keyboard. Single letters count only while nobody writes; Alt and Option stay with the keyboard's layout.

use leptos::ev::{self, KeyboardEvent};
use leptos::prelude::*;

use super::actions::{self, Actions};
use super::state::{Desk, Open};
use crate::ui::browser;

/// Listens for keys as long as the desk is shown.
pub fn listen(desk: Desk, actions: Actions) {
    Effect::new(move |_| {
        let listening = window_event_listener(ev::keydown, move |event| pressed(desk, actions, &event));
        on_cleanup(move || listening.remove());
    });
}

fn pressed(desk: Desk, actions: Actions, event: &KeyboardEvent) {
    if event.default_prevented() || event.is_composing() || event.ctrl_key() || event.meta_key() || event.alt_key() || browser::has_dialog()
    {
        return;
    }
    if event.key() == "Escape" {
        return escape(desk, actions);
    }
    if browser::is_writing() {
        return;
    }
    match event.key().as_str() {
        "e" | "E" => actions::ask_end(desk),
        "r" | "R" => browser::focus("reply"),
        "y" | "Y" => actions.accept_next(),
        "i" | "I" => desk.context_shown.update(|shown| *shown = !*shown),
        "j" | "J" => actions.step(true),
        "k" | "K" => actions.step(false),
        "ArrowDown" if !browser::arrows_are_taken() => actions.step(true),
        "ArrowUp" if !browser::arrows_are_taken() => actions.step(false),
        _ => return,
    }
    event.prevent_default();
}

/// One step back: out of the box, out of the context, out of the conversation.
fn escape(desk: Desk, actions: Actions) {
    if browser::is_writing() {
        browser::unfocus();
    } else if desk.context_shown.get_untracked() {
        desk.context_shown.set(false);
    } else if desk.open.with_untracked(Open::id).is_some() {
        actions.close();
    }
}
