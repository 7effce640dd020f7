//! The database: there, safe and up to date.

use std::collections::HashMap;
use std::time::Duration;

use sqlx::{PgPool, Row};

use super::{Outcome, Report, clock};
use crate::server::config::Config;
use crate::store::cluster::{Installed, PrivateCluster};
use crate::store::connect::MIGRATIONS;
use crate::store::database::Database;
use crate::store::probe;

/// The oldest Postgres that is tested.
const OLDEST: i32 = 14;
const PATIENCE: Duration = Duration::from_secs(30);

pub async fn check(config: &Config, report: &mut Report) {
    if config.database_url.is_none() && !PrivateCluster::exists(&config.data_dir) {
        report.add("database", not_made_yet());
        return;
    }
    let database = match Database::open(config).await {
        Ok(database) => database,
        Err(error) => {
            let remedy = if config.database_url.is_some() {
                "check that Postgres runs, and the host, port, user, password, database and sslmode in DATABASE_URL"
            } else {
                "follow the message; the server's log is in DATA_DIR/postgres/log"
            };
            report.add("database", Outcome::fail(error.to_string(), remedy));
            return;
        }
    };
    let checks = tokio::time::timeout(PATIENCE, examine(&database, report)).await;
    if checks.is_err() {
        let remedy = "look for locks and long transactions in the database";
        report.add("database", Outcome::fail("did not answer within 30 seconds", remedy));
    }
    if let Err(error) = database.close().await {
        report.add("database", Outcome::warn(error.to_string(), "stop it by hand, or start and end the desk"));
    }
}

fn not_made_yet() -> Outcome {
    match Installed::all().first() {
        Some(installed) => Outcome::ok(format!(
            "DATABASE_URL is not set; the first start makes a private Postgres {} in DATA_DIR (programs in {})",
            installed.major,
            installed.folder.display()
        )),
        None => Outcome::fail(
            "DATABASE_URL is not set, and no Postgres server is installed for a private one",
            "install the package `postgresql`, or set DATABASE_URL",
        ),
    }
}

async fn examine(database: &Database, report: &mut Report) {
    let whose = if database.is_private() { "the private one in DATA_DIR" } else { "that of DATABASE_URL" };
    report.add("database", version(&database.pool, whose).await.unwrap_or_else(refused));
    report.add("durability", durability(&database.pool).await.unwrap_or_else(refused));
    report.add("migrations", migrations(&database.pool).await.unwrap_or_else(refused));
    report.add("clock and database", clock::database(&database.pool, database.is_private()).await.unwrap_or_else(refused));
}

pub(super) fn refused(error: sqlx::Error) -> Outcome {
    Outcome::fail(format!("the database refused: {error}"), "give the user of DATABASE_URL the right to read it")
}

async fn version(pool: &PgPool, whose: &str) -> Result<Outcome, sqlx::Error> {
    let number: i32 = sqlx::query_scalar("select current_setting('server_version_num')::int").fetch_one(pool).await?;
    let major = number / 10_000;
    Ok(if major < OLDEST {
        Outcome::warn(format!("Postgres {major} answers, {whose}"), format!("update to Postgres {OLDEST} or later"))
    } else {
        Outcome::ok(format!("Postgres {major} answers, {whose}"))
    })
}

async fn durability(pool: &PgPool) -> Result<Outcome, sqlx::Error> {
    let off = probe::not_durable(pool).await?;
    Ok(if off.is_empty() {
        Outcome::ok("what is committed survives a crash: fsync, synchronous_commit and full_page_writes are on")
    } else {
        Outcome::fail(
            format!("a crash or loss of power can lose what was acknowledged: {} off", off.join(", ")),
            "turn them on in postgresql.conf, or for the role and the database (`alter role`, `alter database`)",
        )
    })
}

async fn migrations(pool: &PgPool) -> Result<Outcome, sqlx::Error> {
    let made: bool = sqlx::query_scalar("select to_regclass('_sqlx_migrations') is not null").fetch_one(pool).await?;
    let mut applied = HashMap::new();
    if made {
        for row in sqlx::query("select version, checksum, success from _sqlx_migrations").fetch_all(pool).await? {
            let version: i64 = row.try_get("version")?;
            applied.insert(version, (row.try_get::<Vec<u8>, _>("checksum")?, row.try_get::<bool, _>("success")?));
        }
    }
    let known: Vec<(i64, Vec<u8>)> =
        MIGRATIONS.iter().filter(|one| one.migration_type.is_up_migration()).map(|one| (one.version, one.checksum.to_vec())).collect();
    Ok(compare(&known, &applied))
}

/// What this program brings against what the database has.
pub(super) fn compare(known: &[(i64, Vec<u8>)], applied: &HashMap<i64, (Vec<u8>, bool)>) -> Outcome {
    let other = "run the version of Babbage that this database was made with, or a newer one";
    if let Some((version, _)) = applied.iter().find(|(_, (_, success))| !success) {
        return Outcome::fail(
            format!("migration {version} broke off half-way"),
            "restore the database from a backup, then run `babbage migrate`",
        );
    }
    if known.iter().any(|(version, checksum)| applied.get(version).is_some_and(|(there, _)| there != checksum)) {
        return Outcome::fail("a migration in the database differs from this program's", other);
    }
    if applied.keys().any(|version| known.iter().all(|(there, _)| there != version)) {
        return Outcome::fail("the database is newer than this program", other);
    }
    match known.iter().filter(|(version, _)| !applied.contains_key(version)).count() {
        0 => Outcome::ok(format!("all {} are applied", known.len())),
        missing if applied.is_empty() => {
            Outcome::warn(format!("the database is empty; {missing} migrations to go"), "run `babbage migrate`, or start the desk")
        }
        missing => Outcome::fail(format!("{missing} are not applied"), "run `babbage migrate`, or start the desk anew"),
    }
}
