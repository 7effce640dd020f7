//! As whom the server runs. Postgres refuses root, so root starts it as somebody else.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, lchown};
use std::path::Path;

use tokio::process::Command;

use super::error::ClusterError;
use super::folders::Folders;

/// The user that runs the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Account {
    /// Whoever runs this process.
    Own { uid: u32 },
    /// This process is root and becomes somebody else for the server.
    Other {
        uid: u32,
        gid: u32,
        /// A folder above the cluster is closed to that user (`/root` is), so the server gets the one capability to pass it.
        must_pass: bool,
    },
}

impl Account {
    pub fn choose(folders: &Folders) -> Result<Self, ClusterError> {
        let own = rustix::process::geteuid().as_raw();
        let owner = ids(&folders.cluster);
        if own != 0 {
            return match owner {
                Some((uid, _)) if uid != own => Err(ClusterError::OtherOwner(folders.cluster.clone())),
                _ => Ok(Self::Own { uid: own }),
            };
        }
        // Who owns the cluster goes on; a new one goes to the owner of the data folder, so that they can start it without root.
        let (uid, gid) = owner
            .filter(|(uid, _)| *uid != 0)
            .or_else(|| ids(&folders.data).filter(|(uid, _)| *uid != 0))
            .or_else(system_account)
            .ok_or(ClusterError::NoAccount)?;
        Ok(Self::Other { uid, gid, must_pass: is_closed_to(uid, &folders.data) })
    }

    pub fn uid(&self) -> u32 {
        match self {
            Self::Own { uid } | Self::Other { uid, .. } => *uid,
        }
    }

    /// Makes a file or folder theirs.
    pub fn give(&self, path: &Path) -> io::Result<()> {
        match self {
            Self::Own { .. } => Ok(()),
            Self::Other { uid, gid, .. } => lchown(path, Some(*uid), Some(*gid)),
        }
    }

    /// A program that will run as this user, with nothing of our environment but `PATH`: it needs none of our secrets, and
    /// variables such as `PGDATA` or `PGPORT` would mislead it. It gets no Ctrl-C from the terminal.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = match self {
            Self::Own { .. } => Command::new(program),
            Self::Other { uid, gid, must_pass } => {
                let mut command = Command::new("setpriv");
                command.arg(format!("--reuid={uid}")).arg(format!("--regid={gid}")).args(["--clear-groups", "--no-new-privs"]);
                let capabilities = if *must_pass { "-all,+dac_override" } else { "-all" };
                command.arg(format!("--inh-caps={capabilities}")).arg(format!("--ambient-caps={capabilities}"));
                command.arg("--").arg(program);
                command
            }
        };
        command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path))).env("LC_ALL", "C").env("TZ", "UTC");
        command.current_dir("/").process_group(0).stdin(std::process::Stdio::null());
        command
    }

    /// What an error calls the program that `command` starts.
    pub fn starter(&self, program: &Path) -> String {
        match self {
            Self::Own { .. } => program.display().to_string(),
            Self::Other { .. } => "setpriv".to_owned(),
        }
    }
}

fn ids(path: &Path) -> Option<(u32, u32)> {
    fs::metadata(path).ok().map(|found| (found.uid(), found.gid()))
}

fn system_account() -> Option<(u32, u32)> {
    let passwd = fs::read_to_string("/etc/passwd").ok()?;
    ["postgres", "nobody"].iter().find_map(|name| find_account(&passwd, name))
}

fn find_account(passwd: &str, name: &str) -> Option<(u32, u32)> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next() != Some(name) {
            return None;
        }
        Some((fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?)).filter(|(uid, _)| *uid != 0)
    })
}

fn is_closed_to(uid: u32, data: &Path) -> bool {
    data.ancestors().any(|folder| fs::metadata(folder).is_ok_and(|found| found.uid() != uid && found.mode() & 0o001 == 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_found_and_root_is_none() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\npostgres:x:101:104:PostgreSQL:/var/lib/postgresql:/bin/bash\nodd:x\nfake:x:0:0::/:\n";
        assert_eq!(find_account(passwd, "postgres"), Some((101, 104)));
        assert_eq!(find_account(passwd, "nobody"), None);
        assert_eq!(find_account(passwd, "odd"), None);
        assert_eq!(find_account(passwd, "fake"), None);
    }
}
