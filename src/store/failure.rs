//! What can go wrong in the store, as far as callers act on it.

use std::borrow::Cow;

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

/// What is wrong with the store as a whole, so that the same may go well later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Outage {
    #[error("database: read-only")]
    ReadOnly,
    #[error("database: disk full")]
    DiskFull,
    #[error("database: no free connection")]
    NoConnection,
    /// It starts, stops or recovers.
    #[error("database: starting or stopping")]
    Starting,
    #[error("database: does not answer")]
    NoAnswer,
    /// It takes too long, or others hold what is needed.
    #[error("database: busy")]
    Busy,
    /// It refuses for a reason of its own, such as a missing table.
    #[error("database: refuses")]
    Refuses,
}

impl StoreError {
    /// What is wrong with the store as a whole. `None` if only this one thing cannot be done: data that the database refuses will be
    /// refused again.
    pub fn outage(&self) -> Option<Outage> {
        match self {
            Self::Database(error) => outage(error),
            _ => None,
        }
    }

    /// Whether the store as a whole is in trouble, so that the same may go well later, rather than this one thing.
    pub fn is_about_the_store(&self) -> bool {
        self.outage().is_some()
    }

    /// Whether somebody else held a row for longer than was waited for.
    pub fn is_locked(&self) -> bool {
        self.code().is_some_and(|code| code == "55P03")
    }

    /// Whether another try without delay is worth while: the transaction lost a deadlock, or its connection had been closed.
    pub fn may_pass_at_once(&self) -> bool {
        matches!(self, Self::Database(sqlx::Error::Io(_)))
            || self.code().is_some_and(|code| matches!(&*code, "40P01" | "40001" | "57P01" | "57P02") || code.starts_with("08"))
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Database(sqlx::Error::Database(error)) => error.code(),
            _ => None,
        }
    }
}

fn outage(error: &sqlx::Error) -> Option<Outage> {
    match error {
        sqlx::Error::Database(error) => match error.code().as_deref().unwrap_or_default() {
            "25006" => Some(Outage::ReadOnly),
            "53100" => Some(Outage::DiskFull),
            "53300" => Some(Outage::NoConnection),
            "57P01" | "57P02" | "57P03" | "57P04" => Some(Outage::Starting),
            "40001" | "40P01" | "55P03" | "57014" => Some(Outage::Busy),
            // Data that cannot be: of the wrong kind, against a rule, or larger than an index takes.
            code if ["22", "23", "54"].iter().any(|class| code.starts_with(class)) => None,
            code if code.starts_with("08") => Some(Outage::NoAnswer),
            _ => Some(Outage::Refuses),
        },
        sqlx::Error::PoolTimedOut => Some(Outage::NoConnection),
        sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } | sqlx::Error::Encode(_) => None,
        _ => Some(Outage::NoAnswer),
    }
}
