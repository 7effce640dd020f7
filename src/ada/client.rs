//! The client itself: one tenant, one key, one pool of connections.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::redirect::Policy;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use url::Url;

use super::address::Base;
use super::gate::{self, Gate};
use super::health::{Health, Watch};

/// One company's AI agent at Ada: where its API is, and the key to it.
#[derive(Clone)]
pub struct Tenant {
    /// For example `https://example.ada.support/api`. `http` is taken for this machine itself, where a sandbox may be.
    pub base_url: Url,
    pub api_key: SecretString,
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenant").field("host", &self.base_url.host_str()).finish_non_exhaustive()
    }
}

/// How long a call may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Until the connection stands, encryption included.
    pub connect: Duration,
    /// From the first step to the last byte of the answer.
    pub total: Duration,
    /// The same for an upload.
    pub upload: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), total: Duration::from_secs(20), upload: Duration::from_secs(5 * 60) }
    }
}

/// A tenant that no client can be made for.
#[derive(Debug, Error)]
pub enum TenantError {
    #[error("Ada's address cannot be used: {0}")]
    Address(&'static str),
    #[error("Ada's key cannot be used: it is empty, or has characters that no key has, such as spaces or line ends")]
    Key,
    #[error("no connection can be prepared: {0}")]
    Prepare(#[source] reqwest::Error),
}

/// Speaks to one tenant. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
    gate: Arc<dyn Gate>,
}

struct Inner {
    http: reqwest::Client,
    base: Base,
    key: SecretString,
    authorization: HeaderValue,
    timing: Timing,
    health: Watch,
}

impl Client {
    /// A client with the usual time limits: 5 seconds to connect, 20 for a call, 5 minutes for an upload. Nobody says when it may call:
    /// see [`Client::through`].
    pub fn new(tenant: Tenant) -> Result<Self, TenantError> {
        Self::with_timing(tenant, Timing::default())
    }

    /// A client with other time limits.
    pub fn with_timing(tenant: Tenant, timing: Timing) -> Result<Self, TenantError> {
        let base = Base::new(tenant.base_url)?;
        let authorization = bearer(&tenant.api_key)?;
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("babbage/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .connect_timeout(timing.connect)
            .timeout(timing.total)
            // A connection that Ada is about to close makes a call ambiguous: keep few, and not for long.
            .pool_max_idle_per_host(8)
            .pool_idle_timeout(Duration::from_secs(20));
        if base.is_plain() {
            // A proxy could read an unencrypted key; and this machine is reached without one.
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(TenantError::Prepare)?;
        let inner = Inner { http, base, key: tenant.api_key, authorization, timing, health: Watch::default() };
        Ok(Self { inner: Arc::new(inner), gate: gate::open() })
    }

    /// The same client, whose every call passes this gate.
    #[must_use]
    pub fn through(&self, gate: Arc<dyn Gate>) -> Self {
        Self { inner: self.inner.clone(), gate }
    }

    /// The same client, which makes no call until it is given a gate.
    #[must_use]
    pub fn without_gate(&self) -> Self {
        self.through(gate::shut())
    }

    pub(super) fn gate(&self) -> &dyn Gate {
        self.gate.as_ref()
    }

    pub(super) fn http(&self) -> &reqwest::Client {
        &self.inner.http
    }

    pub(super) fn base(&self) -> &Base {
        &self.inner.base
    }

    pub(super) fn authorization(&self) -> HeaderValue {
        self.inner.authorization.clone()
    }

    pub(super) fn timing(&self) -> Timing {
        self.inner.timing
    }

    pub(super) fn health(&self) -> &Watch {
        &self.inner.health
    }

    /// Whether Ada answers, as the calls of this client and its clones have shown it. The second value, given once, is how long the time without
    /// answers was that has ended since this was last asked.
    pub fn look_at_health(&self) -> (Health, Option<Duration>) {
        self.inner.health.look()
    }

    /// The text without the key, should somebody have answered with it.
    pub(super) fn without_key(&self, text: &str) -> String {
        text.replace(self.inner.key.expose_secret(), "[key]")
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.base().as_str()).finish_non_exhaustive()
    }
}

fn bearer(key: &SecretString) -> Result<HeaderValue, TenantError> {
    let key = key.expose_secret();
    if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(TenantError::Key);
    }
    let mut value = HeaderValue::try_from(format!("Bearer {key}")).map_err(|_| TenantError::Key)?;
    value.set_sensitive(true);
    Ok(value)
}
