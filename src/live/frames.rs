//! What is said on the live channel.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::change::{DeskSnapshot, Numbered};
use crate::model::handoff::HandoffSummary;
use crate::model::ids::HandoffId;

/// How often each side says that it is there.
pub const HEARTBEAT: Duration = Duration::from_secs(15);
/// After how long without a frame a side takes the connection for dead.
pub const SILENCE: Duration = Duration::from_secs(40);

/// From the browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromBrowser {
    /// Send the lists, and keep them up to date.
    Desk,
    /// Send each change of this handoff after `after`. Replaces an earlier watch.
    Watch {
        handoff: HandoffId,
        after: i64,
    },
    /// No handoff is open any more.
    Unwatch,
    Heartbeat,
}

/// From the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromServer {
    /// The lists as they are now.
    Desk {
        desk: Box<DeskSnapshot>,
    },
    /// One handoff in the lists changed.
    Summary {
        summary: Box<HandoffSummary>,
    },
    Change {
        numbered: Box<Numbered>,
    },
    /// Everything up to `number` has been sent.
    Watching {
        handoff: HandoffId,
        number: i64,
    },
    /// Load this handoff anew, then watch from there.
    Resync {
        handoff: HandoffId,
    },
    Heartbeat,
    Bye {
        reason: Bye,
        /// Come back within so many milliseconds, at a time of one's own: others come back too.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        within_ms: Option<u32>,
    },
}

/// Why the server closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bye {
    /// Signed out, disabled, or expired: show the sign-in page.
    SessionEnded,
    /// The server restarts: connect again soon.
    Restarting,
    /// The browser did not keep up: connect again at once.
    TooSlow,
}
