//! Where the private cluster's files are.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::PORT;
use super::account::Account;
use super::error::ClusterError;

/// The longest path of a Unix socket, in bytes, without the zero at its end.
const SOCKET_PATH_LIMIT: usize = 107;

/// The paths, all absolute and without links.
#[derive(Clone, Debug)]
pub(super) struct Folders {
    pub data: PathBuf,
    pub cluster: PathBuf,
    /// Where a cluster is made before it moves to its place.
    pub draft: PathBuf,
    pub socket: PathBuf,
}

impl Folders {
    /// Makes the data folder if it is missing, for nobody else to see.
    pub fn prepare(data_dir: &Path) -> Result<Self, ClusterError> {
        DirBuilder::new().recursive(true).mode(0o700).create(data_dir).map_err(ClusterError::at(data_dir))?;
        let data = fs::canonicalize(data_dir).map_err(ClusterError::at(data_dir))?;
        Ok(Self { cluster: data.join("postgres"), draft: data.join("postgres.unfinished"), socket: socket_folder(&data), data })
    }

    /// The major version that made the cluster; `None` when there is no cluster.
    pub fn made_by(&self) -> Result<Option<String>, ClusterError> {
        match fs::read_to_string(self.cluster.join("PG_VERSION")) {
            Ok(version) => Ok(Some(version.trim().to_owned())),
            Err(error) if error.kind() == ErrorKind::NotFound && is_empty(&self.cluster)? => Ok(None),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(ClusterError::NotACluster(self.cluster.clone())),
            Err(error) => Err(ClusterError::at(self.cluster.join("PG_VERSION"))(error)),
        }
    }

    /// Makes the folder of the socket, and refuses one that somebody else could have put there.
    pub fn prepare_socket(&self, account: &Account) -> Result<(), ClusterError> {
        make_private(&self.socket, account).map_err(ClusterError::at(&self.socket))?;
        let found = fs::symlink_metadata(&self.socket).map_err(ClusterError::at(&self.socket))?;
        if found.is_dir() && found.uid() == account.uid() && found.mode() & 0o777 == 0o700 {
            Ok(())
        } else {
            Err(ClusterError::OtherOwner(self.socket.clone()))
        }
    }

    /// Makes the new name of a folder last through a loss of power.
    pub fn sync(&self) -> Result<(), ClusterError> {
        File::open(&self.data).and_then(|folder| folder.sync_all()).map_err(ClusterError::at(&self.data))
    }
}

/// A folder that only the account enters; one that is there already stays as it is.
pub(super) fn make_private(path: &Path, account: &Account) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => account.give(path),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Whether there is nothing at this path, or a folder with nothing in it.
fn is_empty(folder: &Path) -> Result<bool, ClusterError> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        Err(error) => Err(ClusterError::at(folder)(error)),
    }
}

fn socket_folder(data: &Path) -> PathBuf {
    let inside = data.join("postgres-socket");
    let name = format!("/.s.PGSQL.{PORT}");
    if inside.as_os_str().len() + name.len() <= SOCKET_PATH_LIMIT {
        inside
    } else {
        PathBuf::from(format!("/tmp/babbage-{:016x}", fnv1a(data.as_os_str().as_bytes())))
    }
}

/// A hash that is the same in every build (FNV-1a, 64 bits).
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_gets_a_short_socket_of_its_own() {
        assert_eq!(socket_folder(Path::new("/srv/x y")), Path::new("/srv/x y/postgres-socket"));
        let folder = |letter: &str| socket_folder(Path::new(&format!("/{}", letter.repeat(100))));
        assert!(folder("a").starts_with("/tmp") && folder("a") == folder("a") && folder("a") != folder("b"));
        // The longest that still fits: 77 + 16 (the folder) + 14 (the file).
        let fits = PathBuf::from(format!("/{}", "a".repeat(76)));
        assert!(socket_folder(&fits).starts_with(&fits));
        assert_eq!(socket_folder(&fits).join(".s.PGSQL.5432").as_os_str().len(), SOCKET_PATH_LIMIT);
        assert!(!socket_folder(Path::new(&format!("/{}", "a".repeat(77)))).starts_with("/a"));
    }
}
