//! The way to the database: a Postgres that the operator named, or the private one.

use std::str::FromStr;

use secrecy::ExposeSecret;
use sqlx::PgPool;
use sqlx::migrate::MigrateError;
use sqlx::postgres::PgConnectOptions;
use thiserror::Error;

use super::cluster::{ClusterError, PrivateCluster};
use super::connect;
use crate::server::config::Config;

const CONNECTIONS: u32 = 20;

/// Why there is no database.
#[derive(Debug, Error)]
pub enum OpenError {
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The library's own text is left out: it repeats parts of the address, and that holds a password.
    #[error("DATABASE_URL has an option that Postgres's clients do not know. Example: postgres://babbage:PASSWORD@db.example:5432/babbage")]
    Address,
    #[error("the database of DATABASE_URL does not answer: {0}")]
    NoAnswer(sqlx::Error),
    #[error("the private database does not answer: {0}")]
    PrivateNoAnswer(sqlx::Error),
    #[error("the database could not be brought up to date: {0}")]
    Migrate(#[from] MigrateError),
}

/// An open database.
#[derive(Debug)]
pub struct Database {
    pub pool: PgPool,
    cluster: Option<PrivateCluster>,
}

impl Database {
    /// Starts the private cluster if `DATABASE_URL` is not set, and connects.
    pub async fn open(config: &Config) -> Result<Self, OpenError> {
        let (cluster, options) = if let Some(url) = &config.database_url {
            let options = PgConnectOptions::from_str(url.expose_secret());
            (None, options.map_err(|_| OpenError::Address)?)
        } else {
            let (cluster, options) = PrivateCluster::start(&config.data_dir).await?;
            (Some(cluster), options)
        };
        let pool = connect::pool(options, CONNECTIONS).await;
        let pool = pool.map_err(if cluster.is_some() { OpenError::PrivateNoAnswer } else { OpenError::NoAnswer })?;
        Ok(Self { pool, cluster })
    }

    /// Brings the tables up to date. Several servers may do so at once.
    pub async fn migrate(&self) -> Result<(), OpenError> {
        Ok(connect::migrate(&self.pool).await?)
    }

    /// Whether it is the private one.
    pub fn is_private(&self) -> bool {
        self.cluster.is_some()
    }

    /// Closes every connection, and stops the private cluster if nobody else uses it.
    pub async fn close(self) -> Result<(), OpenError> {
        self.pool.close().await;
        match self.cluster {
            Some(cluster) => Ok(cluster.stop().await?),
            None => Ok(()),
        }
    }
}
