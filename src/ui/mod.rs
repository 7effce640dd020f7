//! Parts of pages that speak to nobody: words, marks, times, links.

pub mod alarms;
pub mod autolink;
pub mod avatar;
pub mod backoff;
pub mod clock;
pub mod icon;
pub mod key;
pub mod linked;
pub mod refresh;
pub mod waiting;
pub mod when;
pub mod words;

#[cfg(feature = "hydrate")]
pub mod browser;
#[cfg(not(feature = "hydrate"))]
#[path = "no_browser.rs"]
pub mod browser;
