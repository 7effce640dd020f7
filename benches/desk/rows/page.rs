//! W5, as far as it is measured here: from the acknowledgement until a real browser shows the message.

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::quiet;
use crate::support::sample::Sample;
use crate::support::settings::Settings;
use crate::support::table::Row;
use crate::support::{Result, postgres};

const MESSAGES: usize = 100;
/// Two frames.
const BAR: f64 = 33.0;
/// How long the demo may take to come up.
const READY: Duration = Duration::from_secs(60);

pub async fn measure(settings: &Settings) -> Result<Vec<Row>> {
    let row = Row::new("W5", "acknowledged until it stands in the agent's page (Chromium)", "p99 ≤ 33 ms");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if !root.join("target/site/pkg").exists() || !root.join("end2end/node_modules/@playwright").exists() {
        return Ok(vec![row.not_measured("the browser half or Playwright is not there; `make bench` sets them up")]);
    }
    let database = postgres::create(settings).await?;
    let data = tempfile::tempdir()?;
    let mut demo = Demo::start(settings, &database, data.path()).await?;
    quiet(settings).await?;
    let waits = demo.page_waits().await;
    demo.child.kill().await?;
    postgres::remove(settings, &database).await?;
    let waits = waits?;
    if waits.len() != MESSAGES {
        return Ok(vec![row.void(format!("{} of {MESSAGES} messages were shown", waits.len()))]);
    }
    let row = row.measured(format!(
        "p50 {:.1} ms, p99 {:.1} ms, most {:.1} ms of {MESSAGES}, one after the other",
        waits.p50(),
        waits.p99(),
        waits.most()
    ));
    Ok(vec![row.judged(waits.p99() <= BAR)])
}

/// A desk with its sandbox, killed when it is dropped.
struct Demo {
    child: Child,
    desk: String,
    sandbox: String,
}

impl Demo {
    async fn start(settings: &Settings, database: &str, data: &Path) -> Result<Self> {
        let (desk, sandbox) = (free_address()?, free_address()?);
        let mut child = Command::new(&settings.binary)
            .args(["demo", "--sandbox", &sandbox])
            .env("BIND_ADDR", &desk)
            .env("DATABASE_URL", database)
            .env("DATA_DIR", data)
            .env("RUST_LOG", "warn")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = child.stdout.take().ok_or("no output")?;
        let mut lines = BufReader::new(output).lines();
        let ready = async {
            while let Some(line) = lines.next_line().await? {
                if line.contains("is ready") {
                    return Ok(());
                }
            }
            Err::<(), Box<dyn std::error::Error + Send + Sync>>("the demo ended before it was ready".into())
        };
        tokio::time::timeout(READY, ready).await??;
        // The rest is read so that the demo never waits for us.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { child, desk: format!("http://{desk}"), sandbox: format!("http://{sandbox}") })
    }

    /// From the answer 200 until the message is in a real browser's page.
    async fn page_waits(&mut self) -> Result<Sample> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/end2end/bench/page.mjs");
        let count = MESSAGES.to_string();
        let output = Command::new("node")
            .args([script, &self.desk, &self.sandbox, "ana@example.com", "difference engine no 2", &count])
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .output()
            .await?;
        if !output.status.success() {
            return Err("the browser's part of the benchmark failed".into());
        }
        let micros: Vec<i64> = serde_json::from_slice(&output.stdout)?;
        Ok(Sample::new(micros.into_iter().map(|wait| u64::try_from(wait).unwrap_or(0) * 1_000).collect()))
    }
}

fn free_address() -> Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}
