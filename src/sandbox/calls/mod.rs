//! The calls of the Conversations API: which, when, with what answer, and whether the rate limits were kept.

mod record;
mod window;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde_json::Value;

use super::clock;
use super::faults::{Endpoint, Limits};
use record::Record;
pub use record::Ticket;
use window::{Most, Window};

/// The calls of one sandbox.
pub struct Calls {
    inner: Mutex<Inner>,
    /// Windows are measured by a clock that nobody sets.
    start: Instant,
}

#[derive(Default)]
struct Inner {
    record: Record,
    window: Window,
    elsewhere: Elsewhere,
}

/// Requests that came where a redirect or a foreign page pointed.
#[derive(Default)]
struct Elsewhere {
    requests: u64,
    /// Those that brought the API key along.
    with_key: u64,
}

impl Default for Calls {
    fn default() -> Self {
        Self { inner: Mutex::default(), start: Instant::now() }
    }
}

/// A call that has begun.
pub struct Begun {
    pub ticket: Ticket,
    /// Seconds until a call is allowed again; only where a limit is exceeded.
    pub exceeded: Option<u64>,
}

impl Calls {
    /// Notes a call. When limits are enforced, one that exceeds them does not count against the next.
    pub fn begin(&self, endpoint: Endpoint, conversation: Option<&str>, limits: &Limits) -> Begun {
        let mut inner = self.lock();
        let now = self.start.elapsed();
        let exceeded = inner.window.enter(now, limits);
        let ticket = inner.record.begin(endpoint, conversation, clock::microseconds(clock::now()));
        Begun { ticket, exceeded }
    }

    /// Notes what came of it. `status` is none where no answer was given.
    pub fn finish(&self, ticket: Ticket, status: Option<u16>, fault: Option<String>) {
        self.lock().record.finish(ticket, status, fault);
    }

    /// Notes that somebody followed a link that leads away from Ada.
    pub fn went_elsewhere(&self, with_key: bool) {
        let mut inner = self.lock();
        inner.elsewhere.requests += 1;
        inner.elsewhere.with_key += u64::from(with_key);
    }

    /// The last `limit` calls, oldest first.
    pub fn list(&self, limit: usize) -> Vec<Value> {
        self.lock().record.list(limit)
    }

    /// Totals, per endpoint and over all, and how the limits were kept.
    pub fn totals(&self) -> Value {
        let inner = self.lock();
        let Most { violations, most } = inner.window.most();
        serde_json::json!({
            "total": inner.record.total(),
            "per_endpoint": inner.record.per_endpoint(),
            "violations": violations,
            "most": most,
            "elsewhere": { "requests": inner.elsewhere.requests, "with_key": inner.elsewhere.with_key },
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
