//! Text from outside with its addresses made into links.

use leptos::prelude::*;

use super::autolink::{Piece, pieces};
use crate::model::safe_url::SafeUrl;

/// Plain text; addresses in it can be followed. Nothing in it is ever taken for markup.
#[component]
pub fn Linked(text: String) -> impl IntoView {
    pieces(&text)
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.into_any(),
            Piece::Link { text, url } => view! { <Outward url>{text}</Outward> }.into_any(),
        })
        .collect_view()
}

/// A link that leads out of the desk, into a tab of its own that knows nothing of where it came from.
#[component]
pub fn Outward(url: SafeUrl, children: Children) -> impl IntoView {
    let leads_to = format!("Opens {} in a new tab", url.destination());
    view! {
        <a href=url.as_str().to_owned() target="_blank" rel="noopener noreferrer" title=leads_to>
            {children()}
        </a>
    }
    .into_any()
}
