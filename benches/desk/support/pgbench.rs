//! The comparator: pgbench makes the same one-row inserts into the same table, with the same indexes, checks and references.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use sqlx::{Connection, Executor, PgConnection};
use tokio::process::Command;

use super::Result;
use super::postgres;
use super::sample::Sample;
use super::settings::Settings;
use super::webhook;

/// Among how many conversations its rows are spread.
const CONVERSATIONS: usize = 200;
/// How many clients find the most.
const CLIENTS: &str = "32";

/// A database with the desk's schema that only pgbench writes to.
pub struct Pgbench {
    program: PathBuf,
    url: String,
    script: PathBuf,
    folder: tempfile::TempDir,
}

impl Pgbench {
    pub async fn start(settings: &Settings) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let url = postgres::create(settings).await?;
        migrate(settings, &url, folder.path()).await?;
        let mut conn = PgConnection::connect(&url).await?;
        conn.execute(
            "insert into ai_agents (ai_agent_id, domain, name, base_url, integration)
             values ('00000000-0000-0000-0000-0000000000aa', 'bench', 'bench', 'http://127.0.0.1', 'bench');
             create sequence bench_numbers cache 100;",
        )
        .await?;
        let conversations = format!(
            "insert into conversations (conversation_id, ai_agent_id, ada_conversation_id)
             select lpad(to_hex(n), 32, '0')::uuid, '00000000-0000-0000-0000-0000000000aa', n::text from generate_series(1, {CONVERSATIONS}) n"
        );
        conn.execute(conversations.as_str()).await?;
        let script = folder.path().join("insert.sql");
        std::fs::write(&script, insert())?;
        Ok(Self { program: program().await?, url, script, folder })
    }

    /// Inserts in a second, each with a commit of its own: as many as 32 clients find.
    pub async fn throughput(&self, seconds: Duration) -> Result<f64> {
        let seconds = whole(seconds);
        let output = self.run(&["-c", CLIENTS, "-j", "2", "-T", &seconds]).await?;
        let line = output.lines().find_map(|line| line.strip_prefix("tps = ")).ok_or("pgbench told no rate")?;
        Ok(line.split_whitespace().next().unwrap_or_default().parse()?)
    }

    /// How long one insert takes, commit and answer included, at so many a second; from when it was really begun.
    pub async fn latency(&self, rate: u32, seconds: Duration) -> Result<Sample> {
        let prefix = self.folder.path().join("log").display().to_string();
        let (seconds, rate) = (whole(seconds), rate.to_string());
        self.run(&["-c", "8", "-j", "1", "-R", &rate, "-T", &seconds, "-l", "--log-prefix", &prefix]).await?;
        let mut times = Vec::new();
        for entry in std::fs::read_dir(self.folder.path())? {
            let path = entry?.path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("log.")) {
                times.extend(std::fs::read_to_string(&path)?.lines().filter_map(time));
                std::fs::remove_file(path)?;
            }
        }
        Ok(Sample::new(times))
    }

    pub async fn stop(self, settings: &Settings) -> Result<()> {
        postgres::remove(settings, &self.url).await
    }

    async fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = Command::new(&self.program)
            .args(["-n", "-M", "prepared", "-f"])
            .arg(&self.script)
            .args(arguments)
            .arg(&self.url)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await?;
        if output.status.success() {
            Ok(String::from_utf8(output.stdout)?)
        } else {
            Err(format!("pgbench: {}", String::from_utf8_lossy(&output.stderr)).into())
        }
    }
}

/// Brings a database up to date as an operator does.
pub async fn migrate(settings: &Settings, url: &str, folder: &Path) -> Result<()> {
    let output = Command::new(&settings.binary)
        .arg("migrate")
        .env("DATABASE_URL", url)
        .env("DATA_DIR", folder)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .await?;
    if output.status.success() { Ok(()) } else { Err(format!("migrate: {}", String::from_utf8_lossy(&output.stderr)).into()) }
}

/// One message as the desk stores it. Ids rise, as the desk's do.
fn insert() -> String {
    let body = webhook::text(0);
    format!(
        "\\set c random(1, {CONVERSATIONS})\n\
         insert into messages (message_id, ai_agent_id, conversation_id, ada_message_id, author_role, author_name, content, state, \
         ada_created_at, ada_created_fine, event_at, event_fine, sorts_at) \
         select lpad(to_hex(n), 32, '0')::uuid, '00000000-0000-0000-0000-0000000000aa', lpad(to_hex(:c::bigint), 32, '0')::uuid, \
         '0bec0000-0000-4000-8000-' || lpad(n::text, 12, '0'), 'end_user', 'Jane', \
         jsonb_build_object('type', 'text', 'body', n::text || '{body}'), 'received', now(), true, now(), true, now() \
         from nextval('bench_numbers') n;\n"
    )
}

/// A line of pgbench's log: client, transaction, time, file, epoch, microseconds, lag. The time counts from the schedule.
fn time(line: &str) -> Option<u64> {
    let mut words = line.split_whitespace().skip(2);
    let time: u64 = words.next()?.parse().ok()?;
    let lag: u64 = words.nth(3)?.parse().ok()?;
    Some(time.saturating_sub(lag) * 1_000)
}

/// pgbench knows whole seconds only.
fn whole(seconds: Duration) -> String {
    (seconds.as_secs_f64().ceil() as u64).max(1).to_string()
}

async fn program() -> Result<PathBuf> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/postgres-bin");
    let output = Command::new(script).output().await?;
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim()).join("pgbench"))
}
