//! What a message says. All of it came from outside: shown as text, linked only where that is safe.

use leptos::prelude::*;

use crate::model::message::Content;
use crate::model::safe_url::SafeUrl;
use crate::ui::icon::{self, Icon};
use crate::ui::linked::{Linked, Outward};

/// The inside of a bubble.
#[component]
pub fn Said(content: Content) -> impl IntoView {
    match content {
        Content::Text { body } | Content::Presence { body } => view! {
            <p class="said">
                <Linked text=body />
            </p>
        }
        .into_any(),
        Content::Link { url, link_text } => view! { <LinkCard url link_text /> }.into_any(),
        Content::File { url, mime_type, filename } => view! { <FileCard url mime_type filename /> }.into_any(),
        Content::Unsupported { kind, body } => view! {
            <p class="unsupported">{format!("Content of the kind “{kind}” cannot be shown in this version.")}</p>
            {body
                .map(|body| {
                    view! {
                        <p class="said">
                            <Linked text=body />
                        </p>
                    }
                })}
        }
        .into_any(),
    }
}

/// A stand-alone link, with where it leads.
#[component]
fn LinkCard(url: String, link_text: Option<String>) -> impl IntoView {
    let safe = SafeUrl::parse(&url);
    let leads_to = safe.as_ref().map_or_else(|| "This address is not safe to open.".to_owned(), |url| url.destination().to_owned());
    let text = link_text.filter(|text| !text.trim().is_empty()).unwrap_or_else(|| url.clone());
    view! {
        <div class="card">
            <Icon path=icon::LINK />
            <div>
                <p class="card-title">
                    {match safe {
                        Some(url) => view! { <Outward url>{text}</Outward> }.into_any(),
                        None => text.into_any(),
                    }}
                </p>
                <p class="card-detail">{leads_to}</p>
            </div>
        </div>
    }
    .into_any()
}

/// A file: its name, its type, and a way to it.
#[component]
fn FileCard(url: String, mime_type: Option<String>, filename: Option<String>) -> impl IntoView {
    let name = filename.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| "File without a name".to_owned());
    let kind = mime_type.unwrap_or_else(|| "unknown type".to_owned());
    let safe = SafeUrl::parse(&url);
    let detail = match &safe {
        Some(url) => format!("{kind} · from {}", url.destination()),
        None => format!("{kind} · its address is not safe to open"),
    };
    view! {
        <div class="card">
            <Icon path=icon::FILE />
            <div>
                <p class="card-title">
                    {match safe {
                        Some(url) => view! { <Outward url>{name}</Outward> }.into_any(),
                        None => name.into_any(),
                    }}
                </p>
                <p class="card-detail">{detail}</p>
            </div>
        </div>
    }
    .into_any()
}
