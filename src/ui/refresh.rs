//! Looking again every few seconds, while somebody looks at the page.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::browser;

/// Calls `look` every so many milliseconds while the page is seen, and at once when it is seen again, until it is left. On the
/// server: never.
pub fn every<F, Fut>(milliseconds: u32, look: F)
where
    F: Fn() -> Fut + 'static,
    Fut: Future<Output = ()> + 'static,
{
    let look = Rc::new(look);
    Effect::new(move |_| {
        let left = Arc::new(AtomicBool::new(false));
        on_cleanup({
            let left = Arc::clone(&left);
            move || left.store(true, Ordering::Relaxed)
        });
        let look = Rc::clone(&look);
        spawn_local(async move {
            loop {
                browser::pause(milliseconds).await;
                if left.load(Ordering::Relaxed) {
                    return;
                }
                if browser::is_seen() {
                    look().await;
                }
            }
        });
    });
}
