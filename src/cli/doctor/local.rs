//! What this machine holds: the data folder and the desk's own key.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use super::{Outcome, Report};
use crate::server::config::Config;
use crate::server::secrets::SecretKey;

pub fn check(config: &Config, report: &mut Report) {
    report.add("data folder", data_folder(&config.data_dir));
    report.add("secret key", secret_key(config));
}

fn data_folder(folder: &Path) -> Outcome {
    let shown = folder.display();
    if !folder.exists() {
        return match nearest_existing(folder).map(writable) {
            Some(Ok(())) => Outcome::ok(format!("{shown} does not exist yet; the first start makes it")),
            _ => Outcome::fail(
                format!("{shown} does not exist, and this user may not make it"),
                "make it, give it to the user that runs the desk, or set DATA_DIR",
            ),
        };
    }
    match writable(folder) {
        Ok(()) => Outcome::ok(format!("{shown} can be written")),
        Err(error) => Outcome::fail(
            format!("{shown} cannot be written: {error}"),
            "give the folder to the user that runs the desk, make room on the disk, or set DATA_DIR",
        ),
    }
}

fn nearest_existing(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|folder| folder.exists())
}

/// Writes and removes a small file: permissions alone do not tell about full and read-only disks.
fn writable(folder: &Path) -> io::Result<()> {
    let path = folder.join(format!(".babbage-doctor-{}", uuid::Uuid::now_v7()));
    let written = File::create_new(&path).and_then(|mut file| {
        file.write_all(&[0; 4096])?;
        file.sync_all()
    });
    let removed = fs::remove_file(&path);
    written.and(removed)
}

fn secret_key(config: &Config) -> Outcome {
    let file = config.data_dir.join("secret.key");
    if config.secret_key.is_some() {
        return Outcome::ok("SECRET_KEY is set");
    }
    if !file.exists() {
        return Outcome::ok(format!("{} does not exist yet; the first start makes it", file.display()));
    }
    match SecretKey::load(config) {
        Ok(_) => Outcome::ok(format!("kept in {}; back it up with the database", file.display())),
        Err(error) => Outcome::fail(error.to_string(), "restore the file from a backup, or set SECRET_KEY to the key in use"),
    }
}
