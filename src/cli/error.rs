//! Why a command failed, in words for the person who typed it.

use std::io;

use thiserror::Error;

use crate::people::password::PasswordError;
use crate::server::config::ConfigError;
use crate::server::secrets::SecretKeyError;
use crate::server::start::StartError;
use crate::store::StoreError;
use crate::store::database::OpenError;

/// A command failed. Displays as one or more lines; holds no secret.
#[derive(Debug, Error)]
pub enum CliError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store's words are for people where a person can do something.
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    SecretKey(#[from] SecretKeyError),
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error("the terminal: {0}")]
    Terminal(#[from] io::Error),
    /// What the person can put right.
    #[error("{0}")]
    Refused(String),
    /// The output has said it already.
    #[error("")]
    Told,
}

impl CliError {
    /// A sentence for the person.
    pub fn refused(text: impl Into<String>) -> Self {
        Self::Refused(text.into())
    }
}
