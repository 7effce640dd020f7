//! Servers as processes of their own, and what the kernel says of them.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::Result;

/// How long anything may take to come up.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// Clock ticks of `/proc/…/stat` in a second; the same on every Linux that Debian runs on.
const TICKS: f64 = 100.0;
const PAGE: u64 = 4096;

/// Everything that is needed to start a process again.
#[derive(Clone)]
pub struct Launch {
    pub program: PathBuf,
    pub arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
    pub folder: PathBuf,
    pub log: PathBuf,
}

/// A process that listens. It is killed when it is dropped.
pub struct Process {
    command: Launch,
    child: Child,
    pub address: SocketAddr,
}

impl Process {
    /// Starts it; does not wait.
    pub fn spawn(command: Launch, address: SocketAddr) -> Result<Self> {
        let child = start(&command)?;
        Ok(Self { command, child, address })
    }

    /// `kill -9`, and waits until it is gone.
    pub async fn kill(&mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Starts it anew after a kill; does not wait.
    pub fn again(&mut self) -> Result<()> {
        self.child = start(&self.command)?;
        Ok(())
    }

    /// Waits until something accepts connections there.
    pub async fn listens(&mut self) -> Result<()> {
        let started = Instant::now();
        while TcpStream::connect(self.address).await.is_err() {
            self.must_live(started)?;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }

    /// Waits until `path` answers 200.
    pub async fn answers(&mut self, http: &reqwest::Client, path: &str) -> Result<()> {
        let started = Instant::now();
        let url = format!("http://{}{path}", self.address);
        loop {
            if http.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            self.must_live(started)?;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn must_live(&mut self, since: Instant) -> Result<()> {
        let ended = self.child.try_wait()?;
        if ended.is_some() || since.elapsed() > PATIENCE {
            let log = std::fs::read_to_string(&self.command.log).unwrap_or_default();
            let end: String = log.chars().rev().take(1_500).collect::<Vec<_>>().into_iter().rev().collect();
            return Err(format!("{} did not come up ({ended:?}): {end}", self.command.program.display()).into());
        }
        Ok(())
    }

    fn proc(&self, file: &str) -> Result<String> {
        let pid = self.child.id().ok_or("the process is over")?;
        Ok(std::fs::read_to_string(format!("/proc/{pid}/{file}"))?)
    }

    /// Resident memory, in bytes.
    pub fn memory(&self) -> Result<u64> {
        let pages = self.proc("statm")?.split_whitespace().nth(1).ok_or("no statm")?.parse::<u64>()?;
        Ok(pages * PAGE)
    }

    /// Seconds of processor time so far.
    pub fn processor(&self) -> Result<f64> {
        let stat = self.proc("stat")?;
        // The name may hold blanks; what follows its bracket does not.
        let (_, rest) = stat.rsplit_once(')').ok_or("no stat")?;
        let ticks: Vec<f64> = rest.split_whitespace().skip(11).take(2).filter_map(|word| word.parse().ok()).collect();
        Ok(ticks.iter().sum::<f64>() / TICKS)
    }
}

fn start(command: &Launch) -> Result<Child> {
    let log = File::options().create(true).append(true).open(&command.log)?;
    Ok(Command::new(&command.program)
        .args(&command.arguments)
        .env_clear()
        .envs(std::env::var("PATH").map(|path| ("PATH", path)))
        .envs(command.environment.iter().map(|(name, value)| (name, value)))
        .current_dir(&command.folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .kill_on_drop(true)
        .spawn()?)
}

/// An address that is free now.
pub fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// This program again, in one of its other roles.
pub fn helper(role: &str, address: SocketAddr, mut environment: Vec<(String, String)>, folder: &Path) -> Result<Process> {
    environment.push((crate::ROLE.to_owned(), role.to_owned()));
    environment.push(("BENCH_ADDRESS".to_owned(), address.to_string()));
    let command = Launch {
        program: std::env::current_exe()?,
        arguments: Vec::new(),
        environment,
        folder: folder.to_owned(),
        log: folder.join(format!("{role}.log")),
    };
    Process::spawn(command, address)
}

/// The share of the whole machine that was busy during this time.
pub async fn busy(during: Duration) -> Result<f64> {
    let before = machine()?;
    tokio::time::sleep(during).await;
    let after = machine()?;
    Ok((after.0 - before.0) / (after.1 - before.1).max(1.0))
}

/// Ticks of work and of everything.
fn machine() -> Result<(f64, f64)> {
    let stat = std::fs::read_to_string("/proc/stat")?;
    let ticks: Vec<f64> = stat.lines().next().unwrap_or_default().split_whitespace().skip(1).filter_map(|word| word.parse().ok()).collect();
    let all: f64 = ticks.iter().take(8).sum();
    let idle: f64 = ticks.iter().skip(3).take(2).sum();
    Ok((all - idle, all))
}
