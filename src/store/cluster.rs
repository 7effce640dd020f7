//! A Postgres of the desk's own, for when `DATABASE_URL` is not set. Everything is under `DATA_DIR`:
//!
//! - `postgres`: the cluster. It is made beside its place and moved there when complete, so a start that was cut off leaves none.
//! - `postgres-socket`: the only way in, a folder that nobody else can enter (under `/tmp` when the path would be too long).
//! - `postgres.lock`: held by whoever starts or stops the server, for as long as that takes.
//! - `postgres.users`: held, shared, by every process that uses the server. The last one to leave stops it.
//!
//! The server outlives a killed desk on purpose: the next start finds it and goes on. It runs in a session of its own, so that
//! Ctrl-C reaches the desk alone, which then finishes its work before it stops the server.

mod account;
mod binaries;
mod error;
mod folders;
mod locks;
mod making;
mod process;
mod settings;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::time::{Instant, sleep};

use account::Account;
use binaries::Binaries;
pub use binaries::Installed;
pub use error::ClusterError;
use folders::Folders;
use locks::{Gate, Use};
use process::State;
pub use settings::Durability;

/// The superuser of a private cluster, and the database in it.
const NAME: &str = "babbage";
const PORT: u16 = 5432;
/// How long a server may take until it answers: it may have to recover from a crash.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
const POLL: Duration = Duration::from_millis(50);

/// This process's use of the private server.
#[derive(Debug)]
pub struct PrivateCluster {
    folders: Folders,
    /// `None` when the use is over.
    user: Option<Use>,
}

impl PrivateCluster {
    /// Makes the cluster if there is none, starts the server if it does not run, makes the database if it is missing.
    pub async fn start(data_dir: &Path) -> Result<(Self, PgConnectOptions), ClusterError> {
        Self::start_with(data_dir, Durability::Durable).await
    }

    /// The same with a choice that tests need.
    pub async fn start_with(data_dir: &Path, durability: Durability) -> Result<(Self, PgConnectOptions), ClusterError> {
        let folders = Folders::prepare(data_dir)?;
        let account = Account::choose(&folders)?;
        let gate = Gate::wait(&folders).await?;
        let binaries = Binaries::find(folders.made_by()?.as_deref(), &folders.cluster)?;
        if folders.made_by()?.is_none() {
            making::make(&folders, &account, &binaries, durability).await?;
        }
        folders.prepare_socket(&account)?;
        let socket = run(&folders, &account, &binaries, durability).await?;
        create_database(&socket).await?;
        let user = Use::begin(&folders)?;
        drop(gate);
        Ok((Self { folders, user: Some(user) }, connect_options(&socket, NAME)))
    }

    /// Whether there is a cluster in this data folder, running or not.
    pub fn exists(data_dir: &Path) -> bool {
        data_dir.join("postgres/PG_VERSION").is_file()
    }

    /// Ends this process's use; the last one to leave stops the server and waits until it has.
    pub async fn stop(mut self) -> Result<(), ClusterError> {
        let _gate = Gate::wait(&self.folders).await?;
        let Some(user) = self.user.take() else {
            return Ok(());
        };
        if !user.end_is_last()? {
            tracing::debug!("another process still uses the private Postgres; it stays up");
            return Ok(());
        }
        process::ask_to_stop(&self.folders.cluster);
        tracing::info!("stopping the private Postgres");
        process::wait_until_stopped(&self.folders.cluster).await
    }

    /// Leaves without a word, as a killed process does.
    #[cfg(test)]
    fn vanish(mut self) {
        self.user = None;
    }
}

impl Drop for PrivateCluster {
    /// For ends that nobody planned, such as an error further up: asks the server to stop and does not wait for it.
    fn drop(&mut self) {
        let Some(user) = self.user.take() else { return };
        let Ok(Some(_gate)) = Gate::try_now(&self.folders) else {
            return;
        };
        if user.end_is_last().unwrap_or(false) {
            process::ask_to_stop(&self.folders.cluster);
        }
    }
}

/// Sees to it that the server runs and answers. Gives the folder of its socket. The caller holds the gate.
async fn run(folders: &Folders, account: &Account, binaries: &Binaries, durability: Durability) -> Result<PathBuf, ClusterError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match process::state(&folders.cluster) {
            State::Stopped => {
                settings::write(folders, account, durability)?;
                process::clear_stale(folders).await?;
                tracing::info!(folder = %folders.cluster.display(), "starting the private Postgres");
                making::launch(folders, account, binaries).await?;
                return Ok(folders.socket.clone());
            }
            State::Running { pid, socket } => match try_connect(&socket).await {
                Ok(()) => {
                    tracing::info!("found the private Postgres running");
                    settings::write(folders, account, durability)?;
                    process::reload(pid);
                    return Ok(socket);
                }
                // It starts, recovers or stops.
                Err(error) if Instant::now() > deadline => {
                    return Err(ClusterError::NoAnswer(error));
                }
                Err(_) => sleep(POLL).await,
            },
        }
    }
}

async fn try_connect(socket: &Path) -> Result<(), sqlx::Error> {
    connect_options(socket, "postgres").connect().await?.close().await
}

async fn create_database(socket: &Path) -> Result<(), ClusterError> {
    let mut connection: PgConnection = connect_options(socket, "postgres").connect().await.map_err(ClusterError::NoAnswer)?;
    let known: bool = sqlx::query_scalar("select exists (select from pg_database where datname = 'babbage')")
        .fetch_one(&mut connection)
        .await
        .map_err(ClusterError::Database)?;
    if !known {
        sqlx::query("create database babbage").execute(&mut connection).await.map_err(ClusterError::Database)?;
    }
    connection.close().await.map_err(ClusterError::Database)
}

fn connect_options(socket: &Path, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(socket)
        .port(PORT)
        .username(NAME)
        .database(database)
        .ssl_mode(PgSslMode::Disable)
        .application_name("babbage")
}
