//! Why there is no private Postgres, and what to do.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// The private Postgres cannot be had.
#[derive(Debug, Error)]
pub enum ClusterError {
    #[error(
        "no Postgres server programs found (initdb, pg_ctl and postgres; looked in PATH and /usr/lib/postgresql). \
         Install the package `postgresql`, or set DATABASE_URL to a Postgres that runs elsewhere."
    )]
    NoPrograms,
    #[error(
        "{} was made by Postgres {made_by}, but only {found} is installed. Install the package `postgresql-{made_by}`, \
         or move the data over with pg_upgrade.", folder.display()
    )]
    OtherVersion { folder: PathBuf, made_by: String, found: String },
    #[error("{} is there, but it is no Postgres cluster. Move it away; a new one is made at the next start.", .0.display())]
    NotACluster(PathBuf),
    #[error("{} belongs to another user. Start Babbage as that user, or choose another DATA_DIR.", .0.display())]
    OtherOwner(PathBuf),
    #[error("Postgres does not run as root, and this machine has neither a user `postgres` nor a user `nobody` to run it as")]
    NoAccount,
    #[error("{}: {source}", path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error("{program} could not be started: {source}{}", if program == "setpriv" { ". Install the package `util-linux`." } else { "" })]
    Spawn { program: String, source: io::Error },
    /// initdb failed; its own words.
    #[error("the private Postgres could not be made:\n{0}")]
    Make(String),
    /// The server did not start; the end of its log.
    #[error("the private Postgres did not start:\n{0}")]
    Launch(String),
    #[error("another process has been starting or stopping the private Postgres for minutes; end it, then try again")]
    Busy,
    #[error("the private Postgres runs, but does not answer: {0}")]
    NoAnswer(sqlx::Error),
    #[error("the private Postgres refused to set up the database: {0}")]
    Database(sqlx::Error),
    #[error("the private Postgres did not stop within a minute; it is left running")]
    DidNotStop,
}

impl ClusterError {
    /// For `map_err`: what went wrong at this path.
    pub(super) fn at(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| match source.kind() {
            io::ErrorKind::PermissionDenied => Self::OtherOwner(path),
            _ => Self::Folder { path, source },
        }
    }
}
