//! The desk's panes, side by side.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::actions::{self, Actions};
use super::alarms::Alarms;
use super::announce::Announcements;
use super::context::ContextPane;
use super::conversation::ConversationPane;
use super::lists::Lists;
use super::notice::Notice;
use super::pane::Pane;
use super::rail::{Place, Rail};
use super::state::{Desk, Open};
use super::status_bar::StatusBar;
use super::{keys, live, wanted};
use crate::model::change::{DeskSnapshot, HandoffSnapshot};
use crate::model::ids::HandoffId;
use crate::model::problem::Problem;
use crate::ui::browser;

/// Everything that a signed-in person sees at the desk.
#[component]
pub fn Frame(desk: DeskSnapshot, open: Option<(HandoffId, Result<HandoffSnapshot, Problem>)>) -> impl IntoView {
    let open = match open {
        None => Open::Nothing,
        Some((_, Ok(snapshot))) => Open::Ready(Pane::new(snapshot)),
        Some((handoff, Err(problem))) => Open::Failed(handoff, problem),
    };
    let desk = Desk::new(desk, open);
    let actions = Actions::new(desk);
    provide_context(desk);
    provide_context(desk.clock);
    provide_context(actions);

    let query = use_query_map();
    Effect::new(move |_| actions::show(desk, wanted(&query.read())));
    Effect::new(move |_| browser::show_connection(desk.connection.get().as_str()));
    keys::listen(desk, actions);
    live::start(desk);

    let has_open = Memo::new(move |_| desk.open.with(|open| open.id().is_some()));
    view! {
        <Announcements />
        <div class="desk" data-open=move || has_open.get().to_string() data-context=move || desk.context_shown.get().to_string()>
            <Rail me=desk.me here=Place::Desk />
            <Alarms />
            <main class="panes">
                <h1 class="visually-hidden">"Desk"</h1>
                <Lists />
                <ConversationPane />
                <ContextPane />
            </main>
            <Notice />
            <StatusBar />
        </div>
    }
    .into_any()
}
