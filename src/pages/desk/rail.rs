//! The rail on the left: where one can go, and who is signed in.

use leptos::form::ActionForm;
use leptos::prelude::*;

use super::state::Desk;
use crate::api::session::SignOut;
use crate::model::person::Role;
use crate::ui::avatar::Avatar;
use crate::ui::browser;
use crate::ui::icon::{self, Icon};

/// Navigation and the person's own menu.
#[component]
pub fn Rail() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let sign_out = ServerAction::<SignOut>::new();
    let name = Signal::derive(move || desk.me.with(|me| me.name.clone()));
    let role = move || {
        desk.me.with(|me| match me.role {
            Role::Agent => "Agent",
            Role::Supervisor => "Supervisor",
            Role::Administrator => "Administrator",
        })
    };
    view! {
        <nav class="rail" aria-label="Main">
            <span class="brand-mark" aria-hidden="true">
                "B"
            </span>
            <a class="rail-link" href="/" aria-current="page" title="Desk" aria-label="Desk">
                <Icon path=icon::CHAT />
            </a>
            <button class="rail-me" popovertarget="my-menu">
                <Avatar name />
                <span class="visually-hidden">"You: " {name}</span>
            </button>
            <div id="my-menu" class="menu" popover="auto">
                <p class="menu-name">{name}</p>
                <p class="menu-role">{role} " · " {move || desk.me.with(|me| me.email.clone())}</p>
                <ActionForm action=sign_out>
                    <button class="button wide" type="submit" on:click=|_| browser::forget_all()>
                        <Icon path=icon::SIGN_OUT />
                        "Sign out"
                    </button>
                </ActionForm>
            </div>
        </nav>
    }
    .into_any()
}
