//! The words that every part shares: pure data and pure decisions.
//!
//! Nothing here does I/O, and nothing here knows axum, sqlx or the DOM: the same code runs on the server and in the browser.

pub mod alarm;
pub mod change;
pub mod context;
pub mod handoff;
pub mod health;
pub mod ids;
pub mod kept_event;
pub mod message;
pub mod metadata;
pub mod pace;
pub mod person;
pub mod problem;
pub mod reply;
pub mod safe_url;
pub mod stamp;
pub mod timeline;
