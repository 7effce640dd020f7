//! Who may start and stop the server, and who uses it. The system frees the locks of a process that dies.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::error::ClusterError;
use super::folders::Folders;
use super::{PATIENCE, POLL};

/// The right to start or stop the server, until it is dropped.
#[derive(Debug)]
pub(super) struct Gate {
    _file: File,
}

impl Gate {
    /// Waits while another process starts or stops the server.
    pub async fn wait(folders: &Folders) -> Result<Self, ClusterError> {
        let deadline = Instant::now() + PATIENCE + Duration::from_secs(60);
        loop {
            if let Some(gate) = Self::try_now(folders)? {
                return Ok(gate);
            }
            if Instant::now() > deadline {
                return Err(ClusterError::Busy);
            }
            sleep(POLL).await;
        }
    }

    /// `None` while another process has it.
    pub fn try_now(folders: &Folders) -> Result<Option<Self>, ClusterError> {
        let path = folders.data.join("postgres.lock");
        let file = open(&path)?;
        Ok(exclusive(&file, &path)?.then_some(Self { _file: file }))
    }
}

/// The word of one process that it uses the server.
#[derive(Debug)]
pub(super) struct Use {
    file: File,
    path: std::path::PathBuf,
}

impl Use {
    /// The caller holds the gate, so nobody is just finding out whether they are the last.
    pub fn begin(folders: &Folders) -> Result<Self, ClusterError> {
        let path = folders.data.join("postgres.users");
        let file = open(&path)?;
        file.lock_shared().map_err(ClusterError::at(&path))?;
        Ok(Self { file, path })
    }

    /// Ends the use. Whether nobody else uses the server; the caller holds the gate, so nobody can begin to.
    pub fn end_is_last(self) -> Result<bool, ClusterError> {
        self.file.unlock().map_err(ClusterError::at(&self.path))?;
        exclusive(&self.file, &self.path)
    }
}

fn open(path: &Path) -> Result<File, ClusterError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(path).map_err(ClusterError::at(path))?;
    keep_with_folder(&file, path).map_err(ClusterError::at(path))?;
    Ok(file)
}

/// What root makes in somebody's data folder stays theirs, so that they can start without root later.
fn keep_with_folder(file: &File, path: &Path) -> io::Result<()> {
    let folder = fs::metadata(path.parent().unwrap_or(path))?;
    if rustix::process::geteuid().is_root() && file.metadata()?.uid() != folder.uid() {
        fchown(file, Some(folder.uid()), Some(folder.gid()))?;
    }
    Ok(())
}

fn exclusive(file: &File, path: &Path) -> Result<bool, ClusterError> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(ClusterError::at(path)(error)),
    }
}
