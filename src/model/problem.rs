//! The one kind of error that crosses the wire to a browser: what happened and what the person can do.

use leptos::prelude::{FromServerFnError, ServerFnErrorErr};
use leptos::server_fn::codec::JsonEncoding;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::person::PersonRef;

/// Why a request of a browser was not done. Its text is for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Error)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub enum Problem {
    #[error("You are not signed in any more. Sign in again; what you wrote stays here.")]
    SignedOut,
    #[error("You may not do this. Ask an administrator if you should.")]
    Forbidden,
    #[error("This does not exist, or not any more.")]
    NotFound,
    /// Somebody else was faster.
    #[error("{} accepted this handoff before you.", .owner.name)]
    Taken { owner: PersonRef },
    /// The state has moved on.
    #[error("{message}")]
    TooLate { message: String },
    /// The input has a fault; the text names the field.
    #[error("{message}")]
    Invalid { message: String },
    #[error("Too many tries. Wait {seconds} seconds, then try again.")]
    TooManyTries { seconds: u32 },
    /// The database does not answer, or something is broken. `reference` finds it in the log.
    #[error("The desk could not do this just now. Nothing was lost; try again. (Reference {reference})")]
    Unavailable { reference: String },
    /// The request did not reach the server, or its answer did not come back.
    #[error("The desk's server could not be reached. Check your connection, then try again.")]
    Unreachable,
}

impl Problem {
    /// The HTTP status that goes with it.
    pub fn status(&self) -> u16 {
        match self {
            Self::SignedOut => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Taken { .. } | Self::TooLate { .. } => 409,
            Self::Invalid { .. } => 422,
            Self::TooManyTries { .. } => 429,
            Self::Unavailable { .. } | Self::Unreachable => 503,
        }
    }
}

impl FromServerFnError for Problem {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) | ServerFnErrorErr::Deserialization(_) => {
                Self::Invalid { message: "The request could not be read. Reload the page, then try again.".to_owned() }
            }
            _ => Self::Unreachable,
        }
    }
}
