//! A server of a desk in a process of its own, as it is in the world.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::nats::free_port;
use super::{TestDesk, eventually};

/// `babbage serve`, on the database of a [`TestDesk`]. It is killed with its test.
pub struct Process {
    pub base: String,
    variables: Vec<(String, String)>,
    child: Child,
    folder: TempDir,
}

impl Process {
    /// Another server of this desk; answers once it is ready.
    pub async fn start(desk: &TestDesk) -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        let mut variables: Vec<_> = desk.environment().iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        variables.retain(|(name, _)| name != "BIND_ADDR");
        variables.push(("BIND_ADDR".to_owned(), address.clone()));
        variables.push(("DATABASE_URL".to_owned(), desk.database.url()));
        variables.push(("RUST_LOG".to_owned(), "warn".to_owned()));
        let folder = TempDir::new().expect("a folder");
        let child = spawn(&folder, &variables);
        let process = Self { base: format!("http://{address}"), variables, child, folder };
        process.until_ready(desk).await;
        process
    }

    pub async fn until_ready(&self, desk: &TestDesk) {
        let ready = async || desk.http.get(format!("{}/readyz", self.base)).send().await.is_ok_and(|answer| answer.status() == 200);
        eventually("the other process is ready", async || ready().await.then_some(())).await;
    }

    /// How much memory it takes, in bytes.
    pub fn resident(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("its status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        let kilobytes: usize = line.trim().trim_end_matches(" kB").parse().expect("a number");
        kilobytes * 1024
    }

    /// Asks it to stop, as a deployment does.
    pub fn ask_to_stop(&self) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(id, Signal::TERM).expect("it is there");
    }

    /// Waits until it has ended.
    pub async fn ended(&mut self, within: Duration) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("its end can be asked for") {
                return status;
            }
            assert!(started.elapsed() < within, "it did not end within {within:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// As if the power had gone.
    pub fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }

    /// Begins again at the same address.
    pub fn begin(&mut self) {
        self.child = spawn(&self.folder, &self.variables);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(folder: &TempDir, variables: &[(String, String)]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_babbage"));
    command.arg("serve").current_dir(folder.path()).env_clear();
    command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
    command.spawn().expect("the program starts")
}
