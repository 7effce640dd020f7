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

impl StoreError {
    /// Whether the store as a whole is in trouble, so that the same may go well later, rather than this one thing.
    pub fn is_about_the_store(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Database(error)) => {
                // Data that the database refuses (class 22, 23) will be refused again; everything else may pass.
                !error.code().is_some_and(|code| code.starts_with("22") || code.starts_with("23"))
            }
            Self::Database(sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } | sqlx::Error::Encode(_)) => false,
            Self::Database(_) => true,
            _ => false,
        }
    }
}
