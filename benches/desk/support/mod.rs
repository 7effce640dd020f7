//! What the rows are made of: processes, senders, watchers, a fake Ada, and the books that say what is true.

pub mod ada;
pub mod bare;
pub mod browser;
pub mod clock;
pub mod desk;
pub mod http;
pub mod idle_sockets;
pub mod load;
pub mod pgbench;
pub mod postgres;
pub mod process;
pub mod sample;
pub mod settings;
pub mod table;
pub mod truth;
pub mod watcher;
pub mod webhook;

/// What goes wrong ends a row, with words.
pub type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;
