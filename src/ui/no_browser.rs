//! The server's stand-ins for `browser`: there is no browser, so nothing happens.

use time::OffsetDateTime;

pub fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

pub fn local_time(_: OffsetDateTime) -> Option<String> {
    None
}

pub fn local_clock(_: OffsetDateTime, _: bool) -> Option<String> {
    None
}

pub fn random() -> f64 {
    0.0
}

pub fn kept(_: &str) -> Option<String> {
    None
}

pub fn keep(_: &str, _: &str) {}

pub fn forget(_: &str) {}

pub fn forget_all() {}

pub async fn copy(_: String) -> bool {
    std::future::ready(false).await
}

pub async fn pause(_: u32) {
    std::future::pending::<()>().await;
}

pub fn has_network() -> bool {
    true
}

pub fn is_seen() -> bool {
    true
}

pub fn show_connection(_: &str) {}

pub fn show_favicon(_: &str) {}

pub fn focus(_: &str) {}

pub fn unfocus() {}

pub fn is_writing() -> bool {
    false
}

pub fn arrows_are_taken() -> bool {
    false
}

pub fn has_dialog() -> bool {
    false
}

pub fn go(_: &str) {}
