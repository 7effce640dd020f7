//! Where the browser half starts.

use wasm_bindgen::prelude::wasm_bindgen;

/// Takes over the page that the server rendered, and says so: tests and styles wait for `data-hydrated`.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(crate::app::App);
    if let Some(root) = leptos::prelude::document().document_element() {
        let _ = root.set_attribute("data-hydrated", "true");
    }
}
