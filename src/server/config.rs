//! What the operator set: the process environment, and a `.env` file beside the program's working directory.
//!
//! Every fault is collected, so that one start tells all that is wrong. Values are never repeated in a fault: the wrong
//! variable may well hold a secret.

mod agent;
mod fault;
mod network;
mod source;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use secrecy::SecretString;
use tracing_subscriber::EnvFilter;
use url::Url;

use super::secrets::SecretKey;
use crate::readback::Pace;
pub use agent::{AiAgentConfig, check_base_url, is_domain, is_token, is_trigger_key, is_webhook_secret};
use fault::Faults;
pub use fault::{ConfigError, Fault};

/// Everything that is decided before the start.
#[derive(Clone)]
pub struct Config {
    /// `DATABASE_URL`. `None`: a private cluster under `data_dir`.
    pub database_url: Option<SecretString>,
    /// `DATA_DIR`, absolute.
    pub data_dir: PathBuf,
    /// `BIND_ADDR`: where the desk listens.
    pub bind_addr: SocketAddr,
    /// `PUBLIC_URL`: what browsers and Ada use. Only an origin: no path, no query.
    pub public_url: Url,
    /// The first AI agent, present when `ADA_BASE_URL` is set.
    pub ai_agent: Option<AiAgentConfig>,
    /// `FILES_URL`: `file://` with an absolute path, or `s3://bucket/prefix`.
    pub files_url: Url,
    /// `ALLOW_FILE_HOSTS`: hosts (as `Url::host_str` spells them) and ports from which files may be fetched over http or on a
    /// private address.
    pub allow_file_hosts: Vec<(String, u16)>,
    /// `BUS_URL`: NATS. `None`: the database wakes the servers. May hold a password.
    pub bus_url: Option<Url>,
    /// `SECRET_KEY`. `None`: one is kept in `data_dir`.
    pub secret_key: Option<SecretKey>,
    /// `LOG_FORMAT`.
    pub log_format: LogFormat,
    /// `RUST_LOG`: a filter in the syntax of `tracing_subscriber::EnvFilter`, already checked. `None`: `info` for what runs on
    /// and on, less for commands that end.
    pub rust_log: Option<String>,
    /// How often conversations are compared with Ada. Not set from outside.
    pub readback: Pace,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Pretty,
    /// One JSON object per line.
    Json,
}

impl Config {
    /// Reads the process environment and `.env`; the process environment wins.
    pub fn load() -> Result<Self, ConfigError> {
        let (source, mut faults) = source::environment();
        let config = Self::read(&|name| source.get(name).cloned(), &mut faults);
        faults.or(config)
    }

    /// Reads from any source of named values. Blank values count as not set. Touches nothing but the working directory's name.
    pub fn from_source(source: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut faults = Faults::default();
        let config = Self::read(source, &mut faults);
        faults.or(config)
    }

    /// Whether cookies are only sent over https.
    pub fn secure_cookies(&self) -> bool {
        self.public_url.scheme() == "https"
    }

    /// The origins from which browsers may change anything: that of `PUBLIC_URL`, and on a developer's own machine (loopback
    /// over http) the other spellings of loopback with the same port.
    pub fn allowed_origins(&self) -> Vec<String> {
        network::allowed_origins(&self.public_url)
    }

    /// Whether `PUBLIC_URL` leads to this machine itself, where Ada's calls cannot arrive.
    pub fn is_public_url_local(&self) -> bool {
        network::is_loopback(&self.public_url)
    }

    /// Never fails by itself: a value with a fault is replaced by its default, and the fault decides.
    fn read(source: &dyn Fn(&str) -> Option<String>, faults: &mut Faults) -> Self {
        let get = |name: &str| source(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let data_dir = network::data_dir(get("DATA_DIR"), faults);
        let bind_addr = network::bind_addr(get("BIND_ADDR"), faults);
        Self {
            database_url: network::database_url(get("DATABASE_URL"), faults),
            public_url: network::public_url(get("PUBLIC_URL"), bind_addr, faults),
            ai_agent: agent::ai_agent(&get, faults),
            files_url: network::files_url(get("FILES_URL"), &data_dir, faults),
            allow_file_hosts: network::file_hosts(get("ALLOW_FILE_HOSTS"), faults),
            bus_url: network::bus_url(get("BUS_URL"), faults),
            secret_key: secret_key(get("SECRET_KEY"), faults),
            log_format: log_format(get("LOG_FORMAT"), faults),
            rust_log: rust_log(get("RUST_LOG"), faults),
            readback: Pace::default(),
            data_dir,
            bind_addr,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("database_url", &self.database_url.as_ref().map(|_| "set"))
            .field("data_dir", &self.data_dir)
            .field("bind_addr", &self.bind_addr)
            .field("public_url", &self.public_url.as_str())
            .field("ai_agent", &self.ai_agent)
            .field("files_url", &self.files_url.as_str())
            .field("allow_file_hosts", &self.allow_file_hosts)
            .field("bus_url", &self.bus_url.as_ref().map(|_| "set"))
            .field("secret_key", &self.secret_key.as_ref().map(|_| "set"))
            .field("log_format", &self.log_format)
            .field("rust_log", &self.rust_log)
            .finish()
    }
}

fn secret_key(value: Option<String>, faults: &mut Faults) -> Option<SecretKey> {
    let key = SecretKey::from_base64(&value?);
    if key.is_err() {
        faults.add("SECRET_KEY", "is not the base64 of 32 bytes", "what `head -c 32 /dev/urandom | base64` prints");
    }
    key.ok()
}

fn log_format(value: Option<String>, faults: &mut Faults) -> LogFormat {
    match value.as_deref() {
        None | Some("pretty") => LogFormat::Pretty,
        Some("json") => LogFormat::Json,
        Some(_) => {
            faults.add("LOG_FORMAT", "is neither `pretty` nor `json`", "json");
            LogFormat::Pretty
        }
    }
}

fn rust_log(value: Option<String>, faults: &mut Faults) -> Option<String> {
    let filter = value?;
    if EnvFilter::try_new(&filter).is_err() {
        faults.add("RUST_LOG", "is not a filter", "info,babbage=debug");
    }
    Some(filter)
}
