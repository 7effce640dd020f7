//! What pages ask of the browser itself. The server has the same functions in `no_browser`, where they do nothing.

use leptos::prelude::{document, window};
use time::OffsetDateTime;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{HtmlElement, Storage};

/// The browser's clock.
pub fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// A moment as the reader's own place and language write it.
pub fn local_time(at: OffsetDateTime) -> Option<String> {
    Some(date(at).to_locale_string("default", &JsValue::UNDEFINED).into())
}

/// A time of day as the reader's own place and language write it, with its day if asked for.
pub fn local_clock(at: OffsetDateTime, with_day: bool) -> Option<String> {
    let options = js_sys::Object::new();
    let day: &[_] = if with_day { &[("day", "numeric"), ("month", "short")] } else { &[] };
    for (name, value) in [("hour", "2-digit"), ("minute", "2-digit")].iter().chain(day) {
        js_sys::Reflect::set(&options, &JsValue::from_str(name), &JsValue::from_str(value)).ok()?;
    }
    Some(date(at).to_locale_string("default", &options).into())
}

/// A number from 0 up to 1.
pub fn random() -> f64 {
    js_sys::Math::random()
}

/// What this tab keeps under a name, over reloads.
pub fn kept(name: &str) -> Option<String> {
    storage()?.get_item(name).ok()?
}

/// Keeps a text in this tab. A full or forbidden storage is not the reader's problem: the text is still on the page.
pub fn keep(name: &str, text: &str) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(name, text);
    }
}

/// Forgets what this tab keeps under a name.
pub fn forget(name: &str) {
    if let Some(storage) = storage() {
        let _ = storage.remove_item(name);
    }
}

/// Forgets everything that this tab keeps.
pub fn forget_all() {
    if let Some(storage) = storage() {
        let _ = storage.clear();
    }
}

/// Puts text on the clipboard. Says whether that worked.
pub async fn copy(text: String) -> bool {
    wasm_bindgen_futures::JsFuture::from(window().navigator().clipboard().write_text(&text)).await.is_ok()
}

/// Waits.
pub async fn pause(milliseconds: u32) {
    gloo_timers::future::TimeoutFuture::new(milliseconds).await;
}

/// Whether the browser itself knows that it has no network.
pub fn has_network() -> bool {
    window().navigator().on_line()
}

/// Whether the page is seen, rather than in the background.
pub fn is_seen() -> bool {
    document().visibility_state() == web_sys::VisibilityState::Visible
}

/// Tells the state of the live channel on `<body data-connection>`.
pub fn show_connection(state: &str) {
    if let Some(body) = document().body() {
        let _ = body.set_attribute("data-connection", state);
    }
}

/// Changes the picture on the browser's tab.
pub fn show_favicon(address: &str) {
    if let Some(link) = document().get_element_by_id("favicon") {
        let _ = link.set_attribute("href", address);
    }
}

/// Moves the focus to an element, if it is there.
pub fn focus(id: &str) {
    if let Some(element) = document().get_element_by_id(id).and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// Takes the focus away from wherever it is.
pub fn unfocus() {
    if let Some(element) = document().active_element().and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.blur();
    }
}

/// Whether somebody is writing in a field or picking in a list, so that letters are theirs.
pub fn is_writing() -> bool {
    document().active_element().is_some_and(|element| {
        matches!(element.tag_name().to_ascii_lowercase().as_str(), "input" | "textarea" | "select")
            || element.dyn_ref::<HtmlElement>().is_some_and(HtmlElement::is_content_editable)
    })
}

/// Whether the focus is where arrow keys have a meaning of their own, such as a text that scrolls.
pub fn arrows_are_taken() -> bool {
    document().active_element().is_some_and(|element| element.closest("[data-arrows]").ok().flatten().is_some())
}

/// Whether a dialog is open.
pub fn has_dialog() -> bool {
    document().query_selector("dialog[open]").ok().flatten().is_some()
}

/// Leaves the page for another, with a full load.
pub fn go(path: &str) {
    let _ = window().location().assign(path);
}

fn date(at: OffsetDateTime) -> js_sys::Date {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit")]
    let milliseconds = (at.unix_timestamp_nanos() / 1_000_000) as f64;
    js_sys::Date::new(&milliseconds.into())
}

fn storage() -> Option<Storage> {
    window().session_storage().ok()?
}
