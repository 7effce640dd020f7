//! The cluster: databases in it, its crash, and its return.

use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sqlx::{Connection, Executor, PgConnection};
use tokio::process::Command;

use super::Result;
use super::process::PATIENCE;
use super::settings::Settings;

/// The URL of another database of the same cluster.
pub fn database(server: &str, name: &str) -> String {
    server.replacen("/postgres?", &format!("/{name}?"), 1)
}

/// Makes a new database; gives its URL.
pub async fn create(settings: &Settings) -> Result<String> {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("bench_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let mut admin = PgConnection::connect(&settings.postgres).await?;
    admin.execute(format!("create database {name}").as_str()).await?;
    Ok(database(&settings.postgres, &name))
}

/// Takes a database away, whoever is still connected.
pub async fn remove(settings: &Settings, url: &str) -> Result<()> {
    let name =
        url.rsplit('/').find_map(|part| part.split('?').next().filter(|name| name.starts_with("bench_"))).ok_or("not our database")?;
    let mut admin = PgConnection::connect(&settings.postgres).await?;
    admin.execute(format!("drop database if exists {name} with (force)").as_str()).await?;
    // Rows start from the same quiet: what one has written is on the disk before the next is measured.
    admin.execute("checkpoint").await?;
    Ok(())
}

/// Kills the whole cluster as a power cut would, as far as that can be done by signals.
pub async fn crash(settings: &Settings) -> Result<()> {
    script(settings, "crash").await
}

/// Starts it again. Returns as soon as the server process runs; it may still be recovering.
pub async fn resume(settings: &Settings) -> Result<()> {
    script(settings, "resume").await
}

/// Waits until it accepts connections.
pub async fn accepts(settings: &Settings) -> Result<()> {
    let started = Instant::now();
    loop {
        match PgConnection::connect(&settings.postgres).await {
            Ok(_) => return Ok(()),
            Err(error) if started.elapsed() > PATIENCE => return Err(error.into()),
            Err(_) => tokio::time::sleep(Duration::from_millis(2)).await,
        }
    }
}

async fn script(settings: &Settings, action: &str) -> Result<()> {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/test-postgres");
    let done = Command::new(program).args([action, &settings.postgres_name]).stdin(Stdio::null()).stdout(Stdio::null()).status().await?;
    if done.success() { Ok(()) } else { Err(format!("scripts/test-postgres {action} failed").into()) }
}
