//! Line drawings on a grid of 24. Decoration: whoever uses one says its meaning in words.

use leptos::prelude::*;

pub const CHAT: &str = "M4 5h16v11H10l-5 4v-4H4z";
pub const CLIP: &str = "m20 12-8 8a5 5 0 0 1-7-7l9-9a3.5 3.5 0 0 1 5 5l-9 9a2 2 0 0 1-3-3l8-8";
pub const FILE: &str = "M6 3h8l4 4v14H6zM14 3v5h4";
pub const LINK: &str = "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1";
pub const BACK: &str = "M15 5l-7 7 7 7";
pub const PANEL: &str = "M4 5h16v14H4zM15 5v14";
pub const CLOSE: &str = "M6 6l12 12M18 6 6 18";
pub const PENCIL: &str = "M4 20l1-5L16 4l4 4L9 19zM14 6l4 4";
pub const BIN: &str = "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13";
pub const PLUS: &str = "M12 5v14M5 12h14";
pub const DOWN: &str = "M12 5v14M6 13l6 6 6-6";
pub const RETURN: &str = "M9 6 4 11l5 5M4 11h10a6 6 0 0 1 6 6v2";
pub const SIGN_OUT: &str = "M14 4H5v16h9M10 12h11M17 8l4 4-4 4";
pub const WARNING: &str = "M12 4 2.5 20h19zM12 10v5M12 17.5v.5";

pub const GEAR: &str = "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6M19 12l2-1-1-3-2.3.4-1.6-1.6.4-2.3-3-1-1 2h-1l-1-2-3 1 .4 2.3-1.6 1.6L4 8l-1 3 2 1v0l-2 1 1 3 2.3-.4 1.6 1.6-.4 2.3 3 1 1-2h1l1 2 3-1-.4-2.3 1.6-1.6L20 16l1-3z";
pub const PULSE: &str = "M3 12h4l3-8 4 16 3-8h4";

/// One of the drawings.
#[component]
pub fn Icon(path: &'static str) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
            <path d=path></path>
        </svg>
    }
    .into_any()
}
