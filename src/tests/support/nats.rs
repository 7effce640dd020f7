//! A NATS of a test's own.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A running `nats-server`; it ends with its test.
pub struct Nats {
    port: u16,
    process: Option<Child>,
}

impl Nats {
    /// One that runs.
    pub fn start() -> Self {
        let mut nats = Self::away();
        nats.begin();
        nats
    }

    /// One that has an address, and does not run yet.
    pub fn away() -> Self {
        Self { port: free_port(), process: None }
    }

    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}/tests", self.port)
    }

    /// Runs from now on, at the same address as before.
    pub fn begin(&mut self) {
        // Debian installs it where only root's shell looks.
        let program = if Path::new("/usr/sbin/nats-server").exists() { "/usr/sbin/nats-server" } else { "nats-server" };
        let mut command = Command::new(program);
        command.args(["--addr", "127.0.0.1", "--port", &self.port.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().expect("nats-server is there: `apt-get install nats-server`, or `make setup`");
        self.process = Some(process);
    }

    /// Is gone at once.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("it can be killed");
            process.wait().expect("it ends");
        }
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port where nothing listens.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}
