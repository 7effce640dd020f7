//! What one who writes must know while the desk is not reached.

use leptos::prelude::*;
use time::Duration;

use crate::pages::desk::state::{Connection, Desk};

/// Shorter cuts than this are over before anybody has read about them.
const WORTH_SAYING: Duration = Duration::seconds(3);

/// Says so right above the reply box.
#[component]
pub fn CutOff() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let cut_off = Memo::new(move |_| match desk.connection.get() {
        Connection::Live => false,
        Connection::Reconnecting => desk.clock.now() - desk.connection_since.get() >= WORTH_SAYING,
        Connection::Offline => true,
    });
    view! {
        <div class="cut-off" role="status">
            {move || {
                cut_off
                    .get()
                    .then(|| {
                        view! {
                            <p>
                                <b>"Not connected. "</b>
                                "What you write waits in the box until the desk is reached again."
                            </p>
                        }
                    })
            }}
        </div>
    }
    .into_any()
}
