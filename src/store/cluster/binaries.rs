//! Where Postgres's programs are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::ClusterError;

const DEBIAN: &str = "/usr/lib/postgresql";
const PROGRAMS: [&str; 3] = ["initdb", "pg_ctl", "postgres"];

/// One installed Postgres.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// The folder of its programs.
    pub folder: PathBuf,
    /// Its major version, such as `15`.
    pub major: String,
}

impl Installed {
    /// Every installed Postgres: that of `PATH` first, then Debian's, newest first.
    pub fn all() -> Vec<Self> {
        let mut folders = on_path();
        folders.extend(debian());
        let mut found: Vec<Self> = Vec::new();
        for folder in folders {
            if !found.iter().any(|known| known.folder == folder)
                && let Some(major) = major_version(&folder)
            {
                found.push(Self { folder, major });
            }
        }
        found
    }
}

/// The programs to use.
#[derive(Clone, Debug)]
pub(super) struct Binaries(PathBuf);

impl Binaries {
    /// The programs that fit a cluster made by version `made_by`, or the first found when there is none yet.
    pub fn find(made_by: Option<&str>, cluster: &Path) -> Result<Self, ClusterError> {
        Self::choose(Installed::all(), made_by, cluster)
    }

    fn choose(installed: Vec<Installed>, made_by: Option<&str>, cluster: &Path) -> Result<Self, ClusterError> {
        let Some(first) = installed.first() else {
            return Err(ClusterError::NoPrograms);
        };
        let Some(made_by) = made_by else {
            return Ok(Self(first.folder.clone()));
        };
        match installed.iter().find(|one| one.major == made_by) {
            Some(fit) => Ok(Self(fit.folder.clone())),
            None => Err(ClusterError::OtherVersion {
                folder: cluster.to_owned(),
                made_by: made_by.to_owned(),
                found: installed.iter().map(|one| one.major.as_str()).collect::<Vec<_>>().join(", "),
            }),
        }
    }

    pub fn initdb(&self) -> PathBuf {
        self.0.join("initdb")
    }

    pub fn pg_ctl(&self) -> PathBuf {
        self.0.join("pg_ctl")
    }
}

fn on_path() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Through links: the programs find their own files from where they really are.
    let real = std::env::split_paths(&path).filter_map(|folder| fs::canonicalize(folder.join("postgres")).ok());
    real.filter_map(|program| program.parent().map(Path::to_owned)).filter(|folder| complete(folder)).collect()
}

fn debian() -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(DEBIAN)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin")))
        })
        .filter(|(_, folder)| complete(folder))
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

fn complete(folder: &Path) -> bool {
    PROGRAMS.iter().all(|program| folder.join(program).is_file())
}

fn major_version(folder: &Path) -> Option<String> {
    let output = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
    parse_version(&String::from_utf8(output.stdout).ok()?)
}

/// `postgres (PostgreSQL) 15.18 (Debian …)` → `15`
fn parse_version(text: &str) -> Option<String> {
    let version = text.split_whitespace().nth(2)?;
    let major: String = version.chars().take_while(char::is_ascii_digit).collect();
    (!major.is_empty()).then_some(major)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installed(majors: &[&str]) -> Vec<Installed> {
        majors.iter().map(|major| Installed { folder: format!("/pg/{major}").into(), major: (*major).to_owned() }).collect()
    }

    #[test]
    fn versions_are_read_from_releases_and_betas() {
        assert_eq!(parse_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n").as_deref(), Some("15"));
        assert_eq!(parse_version("postgres (PostgreSQL) 18beta1").as_deref(), Some("18"));
        assert_eq!(parse_version("postgres"), None);
    }

    #[test]
    fn an_existing_cluster_gets_its_own_version() {
        let folder = Path::new("/data/postgres");
        let fit = Binaries::choose(installed(&["17", "15"]), Some("15"), folder).expect("15 is there");
        assert_eq!(fit.pg_ctl(), Path::new("/pg/15/pg_ctl"));
        let first = Binaries::choose(installed(&["17", "15"]), None, folder).expect("one is there");
        assert_eq!(first.initdb(), Path::new("/pg/17/initdb"));
        let error = Binaries::choose(installed(&["17", "16"]), Some("15"), folder).expect_err("15 is not there").to_string();
        assert!(error.contains("Postgres 15") && error.contains("17, 16") && error.contains("`postgresql-15`"), "{error}");
        let error = Binaries::choose(Vec::new(), None, folder).expect_err("nothing there").to_string();
        assert!(error.contains("package `postgresql`") && error.contains("DATABASE_URL"), "{error}");
    }
}
