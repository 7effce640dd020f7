//! The rail on the left: where one can go, and who is signed in.

use leptos::form::ActionForm;
use leptos::prelude::*;

use crate::api::session::SignOut;
use crate::model::person::{Person, Role};
use crate::ui::avatar::Avatar;
use crate::ui::browser;
use crate::ui::icon::{self, Icon};

/// Where somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Desk,
    Settings,
}

/// Navigation and the person's own menu.
#[component]
pub fn Rail(#[prop(into)] me: Signal<Person>, here: Place) -> impl IntoView {
    let sign_out = ServerAction::<SignOut>::new();
    let name = Signal::derive(move || me.with(|me| me.name.clone()));
    let administers = move || me.with(|me| me.role == Role::Administrator);
    let role = move || {
        me.with(|me| match me.role {
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
            <a class="rail-link" href="/" aria-current=(here == Place::Desk).then_some("page") title="Desk" aria-label="Desk">
                <Icon path=icon::CHAT />
            </a>
            <Show when=administers>
                <a
                    class="rail-link"
                    href="/settings/health"
                    aria-current=(here == Place::Settings).then_some("page")
                    title="Settings"
                    aria-label="Settings"
                >
                    <Icon path=icon::GEAR />
                </a>
            </Show>
            <button class="rail-me" popovertarget="my-menu">
                <Avatar name />
                <span class="visually-hidden">"You: " {name}</span>
            </button>
            <div id="my-menu" class="menu" popover="auto">
                <p class="menu-name">{name}</p>
                <p class="menu-role">{role} " · " {move || me.with(|me| me.email.clone())}</p>
                // On small screens the rail has no room for it.
                <Show when=administers>
                    <a class="button wide only-narrow" href=if here == Place::Desk { "/settings/health" } else { "/" }>
                        <Icon path=if here == Place::Desk { icon::GEAR } else { icon::CHAT } />
                        {if here == Place::Desk { "Settings" } else { "Desk" }}
                    </a>
                </Show>
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
