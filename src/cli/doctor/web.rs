//! Calls over the network, and what it means when they fail.

use std::error::Error;
use std::time::Duration;

use crate::server::config::Config;

/// Svix waits 15 seconds, so a desk that takes longer fails there too.
const PATIENCE: Duration = Duration::from_secs(15);

/// A client that follows no redirect: what it carries is meant for one host.
pub fn client(config: &Config) -> Result<reqwest::Client, reqwest::Error> {
    let builder = reqwest::Client::builder()
        .user_agent(concat!("babbage-doctor/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE);
    // No proxy leads back to this machine.
    if config.is_public_url_local() { builder.no_proxy() } else { builder }.build()
}

/// Why nothing came back, in words, without the address that was called.
pub fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} seconds", PATIENCE.as_secs());
    }
    let mut deepest: &dyn Error = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    if error.is_connect() { format!("no connection: {deepest}") } else { format!("the connection broke: {deepest}") }
}
