//! Real processes: two desks, their Postgres, and the sandbox.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use babbage::store::cluster::PrivateCluster;
use rustix::process::{Pid, Signal, kill_process};
use sqlx::postgres::PgConnectOptions;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use url::Url;

const BABBAGE: &str = env!("CARGO_BIN_EXE_babbage");
/// How long anything may take to come up, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// What all processes of one storm are told.
pub const DOMAIN: &str = "acme.ada.support";
pub const INTEGRATION: &str = "custom-handoff";
const SECRETS: [(&str, &str); 6] = [
    ("ADA_DOMAIN", DOMAIN),
    ("ADA_API_KEY", "key-of-the-storm"),
    ("WEBHOOK_SECRET", "whsec_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"),
    ("HANDOFF_AUTH_KEY", "trigger-key-of-the-storm"),
    ("HANDOFF_INTEGRATION", INTEGRATION),
    ("SECRET_KEY", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="),
];

/// One Postgres with full durability that can be killed.
pub struct Postgres {
    data: PathBuf,
    /// One per start: the last one to go stops the server.
    uses: Vec<PrivateCluster>,
    pub options: PgConnectOptions,
}

impl Postgres {
    pub async fn start(data: &Path) -> Self {
        let (cluster, options) = PrivateCluster::start(data).await.expect("Postgres starts");
        Self { data: data.to_owned(), uses: vec![cluster], options }
    }

    /// Its address for others.
    pub fn url(&self) -> String {
        let mut url = Url::parse("postgres://babbage@localhost:5432/babbage").expect("a constant address");
        let socket = self.options.get_socket().expect("a private cluster has a socket");
        url.query_pairs_mut().append_pair("host", &socket.to_string_lossy());
        url.to_string()
    }

    /// SIGKILL to the first process; the others find that it is gone and end.
    pub fn kill(&self) {
        let file = std::fs::read_to_string(self.data.join("postgres/postmaster.pid")).unwrap_or_default();
        let pid = file.lines().next().and_then(|line| line.trim().parse().ok()).and_then(Pid::from_raw);
        if let Some(pid) = pid {
            let _ = kill_process(pid, Signal::KILL);
        }
    }

    /// Starts again after a kill, with recovery.
    pub async fn restart(&mut self) {
        let (cluster, options) = PrivateCluster::start(&self.data).await.expect("Postgres recovers");
        self.uses.push(cluster);
        self.options = options;
    }

    pub async fn stop(self) {
        for cluster in self.uses {
            cluster.stop().await.expect("Postgres stops");
        }
    }
}

/// A server with an address of its own, started anew whenever that is asked for.
pub struct Server {
    pub name: String,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    folder: PathBuf,
    /// What says that it is ready, by a 2xx.
    ready: &'static str,
    pub address: SocketAddr,
    child: Option<Child>,
}

impl Server {
    /// A desk; `public` is where browsers find it, `ada` where Ada is.
    pub fn desk(name: &str, folder: &Path, database: &str, public: SocketAddr, ada: SocketAddr, settings: &[(&str, String)]) -> Self {
        let mut environment = secrets();
        environment.extend([
            ("DATABASE_URL".to_owned(), database.to_owned()),
            ("DATA_DIR".to_owned(), folder.join(name).to_string_lossy().into_owned()),
            ("PUBLIC_URL".to_owned(), format!("http://{public}")),
            ("ADA_BASE_URL".to_owned(), format!("http://{ada}/api")),
        ]);
        environment.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        Self::new(name, vec!["serve".to_owned()], environment, folder, "/readyz")
    }

    /// The sandbox; `desk` is where it finds the desk, `public` where the desk finds it. Svix's schedule is a thousand times as fast.
    pub fn sandbox(folder: &Path, desk: SocketAddr, public: SocketAddr) -> Self {
        let mut environment = secrets();
        environment.push(("ADA_BASE_URL".to_owned(), format!("http://{public}/api")));
        let arguments =
            ["sandbox", "--retry-scale", "0.001", "--desk", &format!("http://{desk}"), "--public-url", &format!("http://{public}")];
        Self::new("sandbox", arguments.map(str::to_owned).to_vec(), environment, folder, "/sandbox/config")
    }

    fn new(name: &str, arguments: Vec<String>, environment: Vec<(String, String)>, folder: &Path, ready: &'static str) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { name: name.to_owned(), arguments, environment, folder: folder.to_owned(), ready, address, child: None }
    }

    /// Starts it, as often as it takes: a service manager would, while the database is away.
    pub async fn start(&mut self) {
        let started = Instant::now();
        while !self.try_start().await {
            assert!(started.elapsed() < PATIENCE, "{} does not come up; its log is in {}", self.name, self.folder.display());
        }
    }

    /// One start at a free port, until it is ready or has ended.
    async fn try_start(&mut self) -> bool {
        let free = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        self.address = free.local_addr().expect("an address");
        drop(free);
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log()).expect("a log file");
        let mut command = Command::new(BABBAGE);
        command.args(&self.arguments).current_dir(&self.folder).env_clear().kill_on_drop(true);
        for name in ["PATH", "HOME", "RUST_BACKTRACE", "LLVM_PROFILE_FILE"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if self.arguments[0] == "sandbox" {
            command.arg("--listen").arg(self.address.to_string());
        } else {
            command.env("BIND_ADDR", self.address.to_string());
        }
        let output = log.try_clone().expect("a log file");
        command.stdin(Stdio::null()).stdout(output).stderr(log);
        let mut child = command.spawn().expect("babbage starts");
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build().expect("a client");
        let ready = format!("http://{}{}", self.address, self.ready);
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if child.try_wait().expect("a child").is_some() {
                tokio::time::sleep(Duration::from_millis(200)).await;
                return false;
            }
            if http.get(&ready).send().await.is_ok_and(|answer| answer.status().is_success()) {
                self.child = Some(child);
                return true;
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        false
    }

    /// SIGKILL.
    pub async fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill().await;
        }
    }

    /// SIGTERM, and how long it took to leave.
    pub async fn stop(&mut self) -> Duration {
        let started = Instant::now();
        if let Some(mut child) = self.child.take() {
            if let Some(pid) = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
                let _ = kill_process(pid, Signal::TERM);
            }
            if tokio::time::timeout(PATIENCE, child.wait()).await.is_err() {
                let _ = child.kill().await;
            }
        }
        started.elapsed()
    }

    /// Whether it ended although nobody asked it to.
    pub fn has_died(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| child.try_wait().is_ok_and(|ended| ended.is_some()))
    }

    /// The lines in which its log tells of a panic.
    pub fn panics(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        log.lines().filter(|line| line.contains("panicked at")).map(str::to_owned).collect()
    }

    fn log(&self) -> PathBuf {
        self.folder.join(format!("{}.log", self.name))
    }
}

fn secrets() -> Vec<(String, String)> {
    SECRETS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
