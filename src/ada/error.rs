//! What can go wrong with a call to Ada, sorted by what the desk must do next.

use std::time::Duration;

use thiserror::Error;

/// Why a call to Ada did not give what was asked. Its text is for people: Ada's own words where it gave any,
/// shortened, without control characters and without the key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AdaError {
    /// Ada was not reached, broke off, took too long or has a fault of its own. Later may go better.
    #[error("{reason}")]
    Retry {
        reason: String,
        /// Ada may have done it all the same. Never set on calls that only read.
        ambiguous: bool,
        /// Nothing was answered in time: Ada may still be at it.
        running: bool,
    },
    /// The desk did not make the call: its turn is far off. Ada was not asked.
    #[error("{words}")]
    NotNow { wait: Duration, words: String },
    /// Too many requests (429). Ada did nothing.
    #[error("{words}")]
    WaitFor {
        /// What `Retry-After` said, at most an hour; `None` if it said nothing that can be read.
        told: Option<Duration>,
        words: String,
    },
    /// The handoff, or the whole conversation, is over as far as Ada is concerned.
    #[error("{words}")]
    HandoffOver { status: u16, words: String },
    /// There is no such end user. Says nothing about the handoff.
    #[error("{words}")]
    NotFound { words: String },
    /// Ada does not do this for this conversation as it stands, although the handoff may well go on: a place in the
    /// queue cannot be shown once a person has joined, for example.
    #[error("{words}")]
    Refused { status: u16, words: String },
    /// What was sent has a fault; the same again fails again.
    #[error("{words}")]
    FixInput {
        /// Ada's status; `None` if the desk found the fault and Ada was not asked.
        status: Option<u16>,
        words: String,
    },
    /// Ada does not take the key, or the key may not do this.
    #[error("{words}")]
    FixKey { status: u16, words: String },
    /// Ada named a next page that is not a page of this conversation's messages at this tenant. It was not asked for.
    #[error("{words}")]
    NextPageRefused { words: String },
    /// An answer that is not in Ada's contract: a redirect, an unreadable or endless success, an unknown status.
    #[error("{words}")]
    Unexpected {
        words: String,
        /// Ada may have done it all the same. Never set on calls that only read.
        ambiguous: bool,
    },
}

/// What to do after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The same again, later and later. If the error is ambiguous, look first whether it was done.
    Retry,
    /// The same again, after at least this long; zero if Ada did not say how long.
    Wait(Duration),
    /// The handoff is over: close it.
    Over,
    /// There is no such thing; go on without it.
    NotFound,
    /// Let this call be; the handoff goes on.
    Leave,
    /// A person must change what was sent.
    FixInput,
    /// An administrator must look at the key.
    FixKey,
    /// An operator must look at the address or at what Ada answers. If the error is ambiguous, look whether it was done.
    Report,
}

impl AdaError {
    /// What to do next.
    pub fn next(&self) -> Next {
        match self {
            Self::Retry { .. } => Next::Retry,
            Self::WaitFor { told, .. } => Next::Wait(told.unwrap_or_default()),
            Self::NotNow { wait, .. } => Next::Wait(*wait),
            Self::HandoffOver { .. } => Next::Over,
            Self::NotFound { .. } => Next::NotFound,
            Self::Refused { .. } => Next::Leave,
            Self::FixInput { .. } => Next::FixInput,
            Self::FixKey { .. } => Next::FixKey,
            Self::NextPageRefused { .. } | Self::Unexpected { .. } => Next::Report,
        }
    }

    /// Whether Ada may have done what was asked although it did not say so.
    pub fn is_ambiguous(&self) -> bool {
        match self {
            Self::Retry { ambiguous, .. } | Self::Unexpected { ambiguous, .. } => *ambiguous,
            _ => false,
        }
    }

    /// Whether Ada may still be at it: what is not there yet may come.
    pub fn may_still_run(&self) -> bool {
        matches!(self, Self::Retry { running: true, .. })
    }

    /// What happened, in words for people: one line of at most some hundred characters.
    pub fn words(&self) -> String {
        self.to_string()
    }

    /// A fault that the desk found by itself.
    pub(super) fn input(words: impl Into<String>) -> Self {
        Self::FixInput { status: None, words: words.into() }
    }
}
