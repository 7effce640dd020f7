//! Making a cluster and launching its server, with Postgres's own programs.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Output;

use tokio::process::Command;

use super::account::Account;
use super::binaries::Binaries;
use super::error::ClusterError;
use super::folders::{Folders, make_private};
use super::settings::{self, Durability};
use super::{NAME, PATIENCE};

/// Makes a cluster beside its place, then moves it there. The caller holds the gate.
pub(super) async fn make(folders: &Folders, account: &Account, binaries: &Binaries, durability: Durability) -> Result<(), ClusterError> {
    tracing::info!(folder = %folders.cluster.display(), "making a private Postgres; this happens once");
    match fs::remove_dir_all(&folders.draft) {
        // A start that was cut off left it.
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(ClusterError::at(&folders.draft)(error));
        }
        _ => {}
    }
    make_private(&folders.draft, account).map_err(ClusterError::at(&folders.draft))?;
    let mut initdb = account.command(&binaries.initdb());
    initdb.arg("--pgdata").arg(&folders.draft).arg(format!("--username={NAME}"));
    initdb.args(["--encoding=UTF8", "--locale=C", "--auth-local=trust", "--auth-host=reject", "--data-checksums"]);
    if durability == Durability::ForTests {
        initdb.arg("--no-sync");
    }
    let output = output(initdb.kill_on_drop(true), account, &binaries.initdb()).await?;
    if !output.status.success() {
        return Err(ClusterError::Make(words(&output)));
    }
    let conf = folders.draft.join("postgresql.conf");
    include(&conf).map_err(ClusterError::at(conf))?;
    fs::rename(&folders.draft, &folders.cluster).map_err(ClusterError::at(&folders.cluster))?;
    settings::write(folders, account, durability)?;
    folders.sync()
}

/// Starts the server and waits until it accepts connections. The caller holds the gate and knows that none runs.
pub(super) async fn launch(folders: &Folders, account: &Account, binaries: &Binaries) -> Result<(), ClusterError> {
    let log = folders.cluster.join("start.log");
    let _ = fs::remove_file(&log);
    let mut pg_ctl = account.command(&binaries.pg_ctl());
    pg_ctl.args(["start", "--silent", "--wait", "--timeout"]).arg(PATIENCE.as_secs().to_string());
    pg_ctl.arg("--pgdata").arg(&folders.cluster).arg("--log").arg(&log);
    let output = output(&mut pg_ctl, account, &binaries.pg_ctl()).await?;
    if output.status.success() {
        return Ok(());
    }
    let mut text = words(&output);
    for file in [Some(log), newest_log(&folders.cluster.join("log"))].into_iter().flatten() {
        text.push('\n');
        text.push_str(&tail(&file));
    }
    Err(ClusterError::Launch(text.trim().to_owned()))
}

fn include(conf: &Path) -> std::io::Result<()> {
    let mut file = OpenOptions::new().append(true).open(conf)?;
    file.write_all(settings::INCLUDE.as_bytes())?;
    file.sync_all()
}

async fn output(command: &mut Command, account: &Account, program: &Path) -> Result<Output, ClusterError> {
    command.output().await.map_err(|source| ClusterError::Spawn { program: account.starter(program), source })
}

fn words(output: &Output) -> String {
    let text = [output.stderr.as_slice(), output.stdout.as_slice()].concat();
    last_lines(&String::from_utf8_lossy(&text))
}

fn newest_log(folder: &Path) -> Option<PathBuf> {
    let files = fs::read_dir(folder).ok()?.filter_map(Result::ok);
    files.max_by_key(|file| file.metadata().and_then(|found| found.modified()).ok()).map(|file| file.path())
}

fn tail(path: &Path) -> String {
    fs::read(path).map(|bytes| last_lines(&String::from_utf8_lossy(&bytes))).unwrap_or_default()
}

fn last_lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(6)..].join("\n")
}
