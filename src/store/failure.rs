//! What can go wrong in the store, as far as callers act on it.

use thiserror::Error;

use crate::model::person::PersonRef;

/// Why the store did not do what it was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    #[error("not found")]
    NotFound,
    /// Somebody else owns the handoff.
    #[error("taken by {}", .owner.id)]
    Taken { owner: PersonRef },
    /// The state has moved on; the text is for people.
    #[error("{0}")]
    TooLate(String),
    /// The input has a fault; the text names the field.
    #[error("{0}")]
    Invalid(String),
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// A row that this version cannot read.
    #[error("stored data: {0}")]
    Data(#[from] serde_json::Error),
}

/// What the store answers.
pub type Result<T> = std::result::Result<T, StoreError>;
