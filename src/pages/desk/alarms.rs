//! What is wrong with the desk as a whole, for those who look after it.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::state::Desk;
use crate::api::health::load_alarms;
use crate::model::alarm::Alarm;
use crate::model::person::Role;
use crate::ui::alarms::{effect, title};
use crate::ui::icon::{self, Icon};
use crate::ui::refresh;

/// How often it is looked at.
const PERIOD: u32 = 10_000;

/// A calm bar above the panes while an alarm stands. Who has read it may put it away until there is another one.
#[component]
pub fn Alarms() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let alarms = RwSignal::new(Vec::<Alarm>::new());
    let read = RwSignal::new(Vec::<Alarm>::new());
    let role = desk.me.with_untracked(|me| me.role);
    if role >= Role::Supervisor {
        let look = move || async move {
            if let Ok(now) = load_alarms().await {
                alarms.try_set(now);
            }
        };
        Effect::new(move |_| spawn_local(look()));
        refresh::every(PERIOD, look);
    }
    let unread = Memo::new(move |_| {
        let read = read.get();
        alarms.with(|all| all.iter().filter(|alarm| !read.iter().any(|read| same(read, alarm))).cloned().collect::<Vec<_>>())
    });
    view! {
        <div class="alarm-bar" role="status">
            {move || {
                let alarms = unread.get();
                let first = alarms.first()?.clone();
                let more = alarms.len() - 1;
                Some(
                    view! {
                        <div class="alarm-line">
                            <Icon path=icon::WARNING />
                            <p>
                                <b>{title(first.kind)} ": " {first.domain}</b>
                                ". "
                                {effect(first.kind)}
                                {(more > 0).then(|| format!(" And {more} more."))}
                            </p>
                            {if role == Role::Administrator {
                                view! { <a href="/settings/health">"Look at it"</a> }.into_any()
                            } else {
                                view! { <span>"An administrator should look at it."</span> }.into_any()
                            }}
                            <button class="icon-button" aria-label="Dismiss alarms" on:click=move |_| read.set(alarms.clone())>
                                <Icon path=icon::CLOSE />
                            </button>
                        </div>
                    },
                )
            }}
        </div>
    }
    .into_any()
}

/// The same trouble, whatever was seen of it since.
fn same(one: &Alarm, other: &Alarm) -> bool {
    one.ai_agent == other.ai_agent && one.kind == other.kind && one.since == other.since
}
