//! What every call passes before it leaves: whoever decides when Ada is called stands there.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;

use super::error::AdaError;

/// Decides when a call may leave, and hears what came of it.
pub trait Gate: Send + Sync {
    /// Waits for its turn. The call ends within `within` of passing, whatever happens.
    fn pass(&self, within: Duration) -> BoxFuture<'_, Result<Box<dyn Pass>, NotNow>>;
}

/// A call that may leave now. Dropped without a word, it counts as one that may still be on its way.
pub trait Pass: Send {
    /// The call is over.
    fn over(self: Box<Self>, heard: Heard) -> BoxFuture<'static, ()>;
}

/// The call may not leave for so long that it should not be waited for. Ada was not asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotNow {
    /// How long at least.
    pub wait: Duration,
    /// Why, and when it goes on, for people.
    pub words: String,
}

/// What Ada's answer says about calling it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It takes calls.
    Well,
    /// Too many requests; wait this long if it says so.
    SlowDown(Option<Duration>),
    /// It does not take the key.
    KeyRefused,
    /// No answer, or one that says nothing about that.
    Nothing,
}

impl From<NotNow> for AdaError {
    fn from(NotNow { wait, words }: NotNow) -> Self {
        Self::NotNow { wait, words }
    }
}

/// For checks by hand, which nobody paces.
struct Open;

impl Gate for Open {
    fn pass(&self, _within: Duration) -> BoxFuture<'_, Result<Box<dyn Pass>, NotNow>> {
        Box::pin(async { Ok(Box::new(Self) as Box<dyn Pass>) })
    }
}

impl Pass for Open {
    fn over(self: Box<Self>, _heard: Heard) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}

/// A gate that is always open.
pub(super) fn open() -> Arc<dyn Gate> {
    Arc::new(Open)
}

/// For clients that others share: none of their calls may go unpaced.
struct Shut;

impl Gate for Shut {
    fn pass(&self, _within: Duration) -> BoxFuture<'_, Result<Box<dyn Pass>, NotNow>> {
        Box::pin(async { Err(NotNow { wait: Duration::from_secs(1), words: "This call was not given a turn.".to_owned() }) })
    }
}

/// A gate that nothing passes.
pub(super) fn shut() -> Arc<dyn Gate> {
    Arc::new(Shut)
}

impl fmt::Debug for dyn Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gate")
    }
}
