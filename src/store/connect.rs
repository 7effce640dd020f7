//! Connecting, and bringing the schema up to date.

use std::time::Duration;

use sqlx::PgPool;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::failure::Result;

/// The migrations, embedded in the binary.
pub static MIGRATIONS: Migrator = sqlx::migrate!();

/// How long a request waits for a connection before it is refused: a lost database must not hang pages.
const ACQUIRE: Duration = Duration::from_secs(3);

/// A pool for the desk's requests.
pub async fn pool(options: PgConnectOptions, size: u32) -> sqlx::Result<PgPool> {
    let options = options.application_name("babbage").statement_cache_capacity(256);
    PgPoolOptions::new().max_connections(size).acquire_timeout(ACQUIRE).connect_with(options).await
}

/// Applies what is missing, under a database lock: several servers may start at once.
pub async fn migrate(pool: &PgPool) -> std::result::Result<(), sqlx::migrate::MigrateError> {
    MIGRATIONS.run(pool).await
}

/// Whether the database answers and has every migration of this version.
pub async fn is_ready(pool: &PgPool) -> Result<bool> {
    // Checked at run time: the table is the migrator's own.
    let applied: i64 = sqlx::query_scalar("select count(*) from _sqlx_migrations where success").fetch_one(pool).await?;
    Ok(usize::try_from(applied).unwrap_or(0) >= MIGRATIONS.iter().count())
}
