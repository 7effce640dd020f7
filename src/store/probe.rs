//! Whether the database is up to its work: it answers, has every migration, takes writes, and keeps what it took.

use std::time::Duration;

use sqlx::{Connection, Executor, PgConnection, PgPool};

use super::connect::MIGRATIONS;
use super::failure::{Outage, Result, StoreError};

/// How long each step of a look may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// What must be on, or a loss of power can lose what Ada was told is stored.
const DURABLE: [&str; 3] = ["fsync", "synchronous_commit", "full_page_writes"];

/// Whether a server can work with this database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    Ready,
    MigrationsMissing,
    Unavailable(Outage),
}

/// Looks whether requests get a connection, and whether what they store can be written.
pub async fn look(pool: &PgPool) -> Readiness {
    let looked = async {
        let mut conn = match tokio::time::timeout(PATIENCE, pool.acquire()).await {
            Ok(acquired) => acquired.map_err(StoreError::from)?,
            Err(_) => return Err(sqlx::Error::PoolTimedOut.into()),
        };
        let writing = async {
            if !has_every_migration(&mut conn).await? {
                return Ok(Readiness::MigrationsMissing);
            }
            write(&mut conn).await?;
            Ok::<_, StoreError>(Readiness::Ready)
        };
        let written = tokio::time::timeout(PATIENCE, writing).await;
        written.unwrap_or_else(|_| {
            conn.close_on_drop();
            Ok(Readiness::Unavailable(Outage::Busy))
        })
    };
    match looked.await {
        Ok(readiness) => readiness,
        Err(StoreError::Database(sqlx::Error::PoolTimedOut)) => Readiness::Unavailable(why_no_connection(pool).await),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            Readiness::Unavailable(error.outage().unwrap_or(Outage::Refuses))
        }
    }
}

/// A pool that gives no connection may be used up, or wait for a database that is not there.
async fn why_no_connection(pool: &PgPool) -> Outage {
    match tokio::time::timeout(PATIENCE, PgConnection::connect_with(&pool.connect_options())).await {
        Ok(Ok(conn)) => {
            drop(conn.close().await);
            Outage::NoConnection
        }
        Ok(Err(error)) => StoreError::from(error).outage().unwrap_or(Outage::NoAnswer),
        Err(_) => Outage::NoAnswer,
    }
}

/// Checked at run time: the table is the migrator's own.
async fn has_every_migration(conn: &mut PgConnection) -> Result<bool> {
    let applied: i64 = sqlx::query_scalar("select count(*) from _sqlx_migrations where success").fetch_one(conn).await?;
    Ok(usize::try_from(applied).unwrap_or(0) >= MIGRATIONS.iter().count())
}

/// Writes what a full disk or a read-only database refuses: a new page where tables live, and a record in the log, flushed. Nothing stays.
/// An update of a row would not do: it finds room in a page that is there already.
async fn write(conn: &mut PgConnection) -> Result<()> {
    let mut tx = conn.begin().await?;
    tx.execute("set local temp_tablespaces = ''").await?;
    tx.execute("create temporary table babbage_probe on commit drop as select repeat('x', 1000) as page").await?;
    tx.commit().await?;
    Ok(())
}

/// The settings that are off although what is acknowledged must survive a loss of power.
pub async fn not_durable(pool: &PgPool) -> sqlx::Result<Vec<&'static str>> {
    let mut off = Vec::new();
    for setting in DURABLE {
        let value: String = sqlx::query_scalar("select current_setting($1)").bind(setting).fetch_one(pool).await?;
        if value == "off" {
            off.push(setting);
        }
    }
    Ok(off)
}
