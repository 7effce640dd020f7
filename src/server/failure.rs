//! The one mapping from what went wrong to what a person is told.

use thiserror::Error;

use crate::model::problem::Problem;
use crate::store::StoreError;

/// Whatever can go wrong behind a browser's request.
#[derive(Debug, Error)]
pub enum Failure {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Already in words for people.
    #[error(transparent)]
    Told(#[from] Problem),
    #[error("session: {0}")]
    Session(String),
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Told(problem) => problem,
            Failure::Store(StoreError::NotFound) => Self::NotFound,
            Failure::Store(StoreError::Taken { owner }) => Self::Taken { owner },
            Failure::Store(StoreError::TooLate(message)) => Self::TooLate { message },
            Failure::Store(StoreError::Invalid(message)) => Self::Invalid { message },
            unknown => {
                // Logged once, here, with the reference that the person sees.
                let reference = uuid::Uuid::new_v4().simple().to_string()[..8].to_owned();
                tracing::error!(reference, error = %unknown, "a request failed");
                Self::Unavailable { reference }
            }
        }
    }
}
