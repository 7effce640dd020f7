//! Connecting, and bringing the schema up to date.

use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Executor, PgPool};

/// The migrations, embedded in the binary.
pub static MIGRATIONS: Migrator = sqlx::migrate!();

/// How long a request waits for a connection before it is refused: a lost database must not hang pages.
const ACQUIRE: Duration = Duration::from_secs(3);

/// A pool for the desk's requests.
pub async fn pool(options: PgConnectOptions, size: u32) -> sqlx::Result<PgPool> {
    let options = options.application_name("babbage").statement_cache_capacity(256);
    PgPoolOptions::new().max_connections(size).acquire_timeout(ACQUIRE).connect_with(options).await
}

/// How long a writer of Ada's events waits for a connection: whoever waits behind it is soon refused, and Ada sends again.
const ACQUIRE_WRITER: Duration = Duration::from_secs(1);

/// Connections for the writers of Ada's events, beside those of `pool`: pages that use up theirs do not keep events out. None is opened
/// before it is needed.
pub fn writers(pool: &PgPool, writers: usize) -> PgPool {
    let options = (*pool.connect_options()).clone();
    PgPoolOptions::new()
        .max_connections(u32::try_from(writers).unwrap_or(1))
        .acquire_timeout(ACQUIRE_WRITER)
        // One that was closed shows by the first statement, which is tried again; asking before each batch would cost a round trip.
        .test_before_acquire(false)
        .after_connect(|conn, _| {
            Box::pin(async move {
                conn.execute("set lock_timeout = '500ms'; set statement_timeout = '4s'").await?;
                Ok(())
            })
        })
        .connect_lazy_with(options)
}

/// Applies what is missing, under a database lock: several servers may start at once.
pub async fn migrate(pool: &PgPool) -> std::result::Result<(), sqlx::migrate::MigrateError> {
    MIGRATIONS.run(pool).await
}
