//! The client against servers that answer as Ada does, over real connections.

mod endpoints;
mod fake;
mod messages;
mod paging;
mod refusals;
mod secrets;
mod transport;

use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use self::fake::Seen;
use super::{Client, Tenant, Timing};
use crate::model::ids::AdaConversationId;

/// A key that is looked for wherever it must not be.
const KEY: &str = "marker-key-5f2c9a";

/// A client for a server at this address, with time limits that a test can wait for.
fn client_at(base: &str) -> Client {
    let tenant = Tenant { base_url: Url::parse(base).expect("address"), api_key: SecretString::from(KEY) };
    let timing = Timing { connect: Duration::from_secs(5), total: Duration::from_secs(10), upload: Duration::from_secs(10) };
    Client::with_timing(tenant, timing).expect("client")
}

/// The conversation of Ada's examples.
fn conversation() -> AdaConversationId {
    "68f5c0ffee00000000000001".into()
}

/// The request is this one, and it carries what each request carries.
fn assert_request(seen: &Seen, line: &str) {
    assert_eq!(seen.line, line);
    assert_eq!(seen.header("authorization"), format!("Bearer {KEY}"));
    assert_eq!(seen.header("user-agent"), concat!("babbage/", env!("CARGO_PKG_VERSION")));
}
