//! The server's settings. They are written anew at every start; an operator's own lines in `postgresql.conf` that stand below
//! the `include` win over them.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::PORT;
use super::account::Account;
use super::error::ClusterError;
use super::folders::Folders;

/// The file beside `postgresql.conf`.
const FILE: &str = "babbage.conf";
/// The line at the end of `postgresql.conf` that brings it in.
pub(super) const INCLUDE: &str = "\n# Babbage's own settings. What stands below this line wins over them.\ninclude = 'babbage.conf'\n";

/// Whether what was committed survives a loss of power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// It does. The only choice for anything that matters.
    Durable,
    /// It does not, and tests are faster.
    ForTests,
}

pub(super) fn write(folders: &Folders, account: &Account, durability: Durability) -> Result<(), ClusterError> {
    let draft = folders.cluster.join("babbage.conf.draft");
    let path = folders.cluster.join(FILE);
    put(&draft, &path, account, &content(&folders.socket, durability)).map_err(ClusterError::at(path))
}

/// As a whole or not at all.
fn put(draft: &Path, path: &Path, account: &Account, content: &str) -> io::Result<()> {
    match fs::remove_file(draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()?;
    account.give(draft)?;
    fs::rename(draft, path)
}

fn content(socket: &Path, durability: Durability) -> String {
    let durable = if durability == Durability::Durable { "on" } else { "off" };
    let socket = quoted(&format!("\"{}\"", socket.to_string_lossy().replace('"', "\"\"")));
    // Errors are logged without the values that a statement carried: those are people's words.
    format!(
        "# Written by Babbage at every start.
listen_addresses = ''
port = {PORT}
unix_socket_directories = {socket}
unix_socket_permissions = 0700
max_connections = 200
shared_buffers = 128MB
fsync = {durable}
synchronous_commit = {durable}
full_page_writes = {durable}
timezone = 'UTC'
log_timezone = 'UTC'
logging_collector = on
log_directory = 'log'
log_filename = 'postgresql-%a.log'
log_truncate_on_rotation = on
log_rotation_age = 1d
log_rotation_size = 0
log_error_verbosity = terse
log_min_error_statement = panic
"
    )
}

/// A string as `postgresql.conf` wants it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''").replace('\n', "\\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_paths_are_quoted_for_the_file_and_for_the_list_in_it() {
        let content = content(Path::new("/x y/it's, \"odd\"\\"), Durability::Durable);
        assert!(content.contains(r#"unix_socket_directories = '"/x y/it''s, ""odd""\\"'"#), "{content}");
        assert!(content.contains("fsync = on"));
    }
}
