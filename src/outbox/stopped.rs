//! Why an attempt came to no end of its own.

use std::time::Duration;

use thiserror::Error;

use crate::ada::{AdaError, NotNow};
use crate::store::StoreError;

/// Nothing came of an attempt that could be written down.
#[derive(Debug, Error)]
pub enum Stopped {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its turn is far off; Ada was not asked. It is given back as if it had not been taken.
    #[error("not before {wait:?}")]
    NotNow { wait: Duration, words: String },
}

impl From<serde_json::Error> for Stopped {
    fn from(error: serde_json::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<sqlx::Error> for Stopped {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<NotNow> for Stopped {
    fn from(NotNow { wait, words }: NotNow) -> Self {
        Self::NotNow { wait, words }
    }
}

pub type Result<T> = std::result::Result<T, Stopped>;

/// What Ada said. A call that was not made, because its turn is far off, stops the attempt.
pub fn asked<T>(answer: std::result::Result<T, AdaError>) -> Result<std::result::Result<T, AdaError>> {
    match answer {
        Err(AdaError::NotNow { wait, words }) => Err(Stopped::NotNow { wait, words }),
        answer => Ok(answer),
    }
}
