//! The server's process: is it there, what is left of one that died, and its end.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tokio::time::{Instant, sleep};

use super::error::ClusterError;
use super::folders::Folders;
use super::{POLL, PORT};

const STOP_PATIENCE: Duration = Duration::from_secs(60);
const ORPHAN_PATIENCE: Duration = Duration::from_secs(15);

/// Whether the server runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    Stopped,
    /// It runs, though it may not answer yet, or not any more.
    Running {
        pid: Pid,
        socket: PathBuf,
    },
}

/// Looks at `postmaster.pid` and at the process that it names.
pub(super) fn state(cluster: &Path) -> State {
    match read_pid_file(cluster) {
        Some((pid, socket)) if is_server_of(pid, cluster) => State::Running { pid, socket },
        _ => State::Stopped,
    }
}

/// Asks for a fast stop: running statements are ended, what was committed is on disk.
pub(super) fn ask_to_stop(cluster: &Path) {
    if let State::Running { pid, .. } = state(cluster) {
        let _ = kill_process(pid, Signal::INT);
    }
}

/// Waits until the server that was asked to stop is gone.
pub(super) async fn wait_until_stopped(cluster: &Path) -> Result<(), ClusterError> {
    let deadline = Instant::now() + STOP_PATIENCE;
    while state(cluster) != State::Stopped {
        if Instant::now() > deadline {
            return Err(ClusterError::DidNotStop);
        }
        sleep(POLL).await;
    }
    Ok(())
}

/// Has the server read its settings again.
pub(super) fn reload(pid: Pid) {
    let _ = kill_process(pid, Signal::HUP);
}

/// Removes what a dead server left behind. Postgres does this itself, except when the number of the dead process belongs to
/// another one by now (after a restart of the machine), or to a dead one that nobody has buried (in a container without an
/// init): then it takes that one for itself and refuses to start. The caller holds the gate and knows that no server runs.
pub(super) async fn clear_stale(folders: &Folders) -> Result<(), ClusterError> {
    let deadline = Instant::now() + ORPHAN_PATIENCE;
    while has_orphans(&folders.cluster) {
        if Instant::now() > deadline {
            // With its pid file in place Postgres sees them too, and says so.
            return Ok(());
        }
        sleep(POLL).await;
    }
    let socket = format!(".s.PGSQL.{PORT}");
    for path in [folders.cluster.join("postmaster.pid"), folders.socket.join(format!("{socket}.lock")), folders.socket.join(socket)] {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(ClusterError::at(path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The process and the folder of its socket: the first and the fifth line.
fn read_pid_file(cluster: &Path) -> Option<(Pid, PathBuf)> {
    let bytes = fs::read(cluster.join("postmaster.pid")).ok()?;
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let pid = std::str::from_utf8(lines.next()?).ok()?.trim().parse().ok().and_then(Pid::from_raw)?;
    let socket = lines.nth(3).map(std::ffi::OsStr::from_bytes).unwrap_or_default();
    Some((pid, socket.into()))
}

fn is_server_of(pid: Pid, cluster: &Path) -> bool {
    if !Path::new("/proc/self/stat").exists() {
        return test_kill_process(pid).is_ok();
    }
    let pid = pid.as_raw_nonzero().get();
    // Root in a container may not see another user's working folder, but everybody sees a first process's arguments.
    is_living_postgres(pid) && works_in(pid, cluster).unwrap_or_else(|| was_started_for(pid, cluster))
}

fn was_started_for(pid: i32, cluster: &Path) -> bool {
    let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    arguments.split(|byte| *byte == 0).any(|argument| argument == cluster.as_os_str().as_bytes())
}

/// Whether a server process works in the cluster although its first process is dead.
fn has_orphans(cluster: &Path) -> bool {
    let processes = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    processes
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .any(|pid: i32| is_living_postgres(pid) && works_in(pid, cluster) == Some(true))
}

/// `1234 (postgres) S …`; a dead process that nobody has buried has a Z.
fn is_living_postgres(pid: i32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return false;
    };
    let name = stat.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')'));
    name.is_some_and(|(name, rest)| {
        matches!(name, "postgres" | "postmaster") && !matches!(rest.trim_start().chars().next(), Some('Z' | 'X') | None)
    })
}

/// Whether a process works in this folder. `None` if that may not be known.
fn works_in(pid: i32, cluster: &Path) -> Option<bool> {
    match fs::read_link(format!("/proc/{pid}/cwd")) {
        Ok(folder) => Some(folder == cluster),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => None,
        Err(_) => Some(false),
    }
}
