//! What the desk's speed is, as ratios against something measured in the same run on the same Postgres.
//!
//! Run it through `make bench`: it needs the release binary (`BABBAGE_BIN`) and a Postgres that flushes to disk (`TEST_DATABASE_URL`).

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::{Connection, Executor, PgConnection};

type Failure = Box<dyn Error>;

/// How many messages a row of the table is made of.
const MESSAGES: usize = 200;

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run())
}

async fn run() -> Result<(), Failure> {
    let server = std::env::var("TEST_DATABASE_URL").map_err(|_| "TEST_DATABASE_URL is not set; run `make bench`")?;
    let binary = std::env::var("BABBAGE_BIN").map_err(|_| "BABBAGE_BIN is not set; run `make bench`")?;
    let mut postgres = PgConnection::connect(&server).await?;
    let name = format!("bench_{}", std::process::id());
    postgres.execute(sqlx::query(&format!("create database {name}"))).await?;
    let database = server.replacen("/postgres?", &format!("/{name}?"), 1);

    let data = tempfile::tempdir()?;
    let demo = Demo::start(&binary, &database, data.path())?;
    // Half of the commits before, half after: what else the machine does is in both.
    let mut commits = commits(&database, MESSAGES / 2).await?;
    let page = demo.page_waits()?;
    commits.extend(self::commits(&database, MESSAGES / 2).await?);
    drop(demo);

    let commit = median(&mut commits);
    println!("{:<58} {:>10} {:>10} {:>8}", "what", "median", "worst", "ratio");
    row("one durable commit of one row, the measure of the ratios", &mut commits, commit);
    row("webhook answered 200 until the message is in the agent's page", &mut page.clone(), commit);
    println!("\n{MESSAGES} messages, one after the other. The ratio is the median over the median commit of the same run.");
    Ok(())
}

/// A desk with its sandbox, stopped when it is dropped.
struct Demo {
    child: Child,
    desk: String,
    sandbox: String,
}

impl Demo {
    fn start(binary: &str, database: &str, data: &std::path::Path) -> Result<Self, Failure> {
        let (desk, sandbox) = (free_address()?, free_address()?);
        let mut child = Command::new(binary)
            .args(["demo", "--sandbox", &sandbox])
            .env("BIND_ADDR", &desk)
            .env("DATABASE_URL", database)
            .env("DATA_DIR", data)
            .env("RUST_LOG", "warn")
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().ok_or("no output")?;
        let mut lines = BufReader::new(output).lines();
        while let Some(line) = lines.next().transpose()? {
            if line.contains("is ready") {
                // The rest is read so that the demo never waits for us.
                std::thread::spawn(move || lines.for_each(drop));
                return Ok(Self { child, desk: format!("http://{desk}"), sandbox: format!("http://{sandbox}") });
            }
        }
        Err("the demo ended before it was ready".into())
    }

    /// Microseconds from the answer 200 until the message is in a real browser's page, one number per message.
    fn page_waits(&self) -> Result<Vec<i64>, Failure> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/end2end/bench/page.mjs");
        let count = MESSAGES.to_string();
        let output = Command::new("node")
            .args([script, &self.desk, &self.sandbox, "ana@example.com", "difference engine no 2", &count])
            .stderr(Stdio::inherit())
            .output()?;
        if !output.status.success() {
            return Err("the browser's part of the benchmark failed".into());
        }
        let waits: Vec<i64> = serde_json::from_slice(&output.stdout)?;
        if waits.len() == MESSAGES { Ok(waits) } else { Err(format!("{} of {MESSAGES} messages were shown", waits.len()).into()) }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

fn free_address() -> Result<String, Failure> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

/// Microseconds of single-row commits, one after the other.
async fn commits(database: &str, count: usize) -> Result<Vec<i64>, Failure> {
    let mut conn = PgConnection::connect(database).await?;
    conn.execute("create table if not exists bench_commit (id bigint generated always as identity primary key, payload jsonb not null)")
        .await?;
    let payload = serde_json::json!({ "type": "text", "body": "x".repeat(500) });
    let mut waits = Vec::with_capacity(count);
    for _ in 0..count {
        let started = Instant::now();
        sqlx::query("insert into bench_commit (payload) values ($1)").bind(&payload).execute(&mut conn).await?;
        waits.push(i64::try_from(started.elapsed().as_micros())?);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(waits)
}

fn median(waits: &mut [i64]) -> i64 {
    waits.sort_unstable();
    waits.get(waits.len() / 2).copied().unwrap_or_default()
}

fn row(what: &str, waits: &mut [i64], measure: i64) {
    let middle = median(waits);
    let worst = waits.last().copied().unwrap_or_default();
    println!("{what:<58} {:>10} {:>10} {:>8.1}", shown(middle), shown(worst), ratio(middle, measure));
}

fn ratio(value: i64, measure: i64) -> f64 {
    let as_float = |number: i64| f64::from(i32::try_from(number).unwrap_or(i32::MAX));
    as_float(value) / as_float(measure.max(1))
}

fn shown(micros: i64) -> String {
    format!("{:.2} ms", ratio(micros, 1) / 1_000.0)
}
