//! A desk under measurement: one or more servers as processes, a database and an Ada of their own.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use babbage::model::ids::HandoffId;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::Result;
use super::ada::FakeAda;
use super::browser::Browser;
use super::clock::Stamps;
use super::http::Pool;
use super::load::{self, Flood, Target};
use super::pgbench::migrate;
use super::postgres;
use super::process::{Launch, Process, free_address};
use super::settings::Settings;
use super::webhook::Signer;

pub const DOMAIN: &str = "bench.ada.support";
pub const INTEGRATION: &str = "custom-handoff";
pub const SECRET: &str = "whsec_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB";
pub const EMAIL: &str = "bench@example.com";
pub const PASSWORD: &str = "seven lanterns over water";
const TRIGGER_KEY: &str = "trigger-key-of-the-benchmark";
const SECRET_KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
/// Rows that are not about the budget must not wait for it.
const NO_LIMITS: &str = "100000/s 1000000/min 1000000/day";

/// A conversation that was handed over.
#[derive(Clone, Debug)]
pub struct Conversation {
    pub name: String,
    pub handoff: HandoffId,
}

/// The desk.
pub struct Desk {
    pub url: String,
    pub servers: Vec<Process>,
    pub pools: Vec<Arc<Pool>>,
    pub ada: FakeAda,
    pub http: reqwest::Client,
    pub stamps: Arc<Stamps>,
    pub signer: Arc<Signer>,
    pub conversations: Arc<Vec<Conversation>>,
    // Removed with the desk: logs, keys.
    _folder: tempfile::TempDir,
}

impl Desk {
    /// With so many servers and nothing in it but somebody who may sign in.
    pub async fn start(settings: &Settings, servers: usize) -> Result<Self> {
        Self::start_with(settings, servers, NO_LIMITS).await
    }

    /// With limits for the calls to Ada.
    pub async fn start_with(settings: &Settings, servers: usize, limits: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let url = postgres::create(settings).await?;
        migrate(settings, &url, folder.path()).await?;
        add_user(settings, &url, folder.path()).await?;
        let ada = FakeAda::start().await?;
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build()?;
        let mut started = Vec::new();
        for number in 0..servers {
            let address = free_address()?;
            let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            let environment = vec![
                set("DATABASE_URL", &url),
                set("DATA_DIR", &folder.path().display().to_string()),
                set("BIND_ADDR", &address.to_string()),
                set("PUBLIC_URL", &format!("http://{address}")),
                set("ADA_BASE_URL", &format!("http://{}/api", ada.address)),
                set("ADA_DOMAIN", DOMAIN),
                set("ADA_API_KEY", "key-of-the-benchmark"),
                set("ADA_RATE_LIMITS", limits),
                set("WEBHOOK_SECRET", SECRET),
                set("HANDOFF_AUTH_KEY", TRIGGER_KEY),
                set("HANDOFF_INTEGRATION", INTEGRATION),
                set("SECRET_KEY", SECRET_KEY),
                set("LEPTOS_SITE_ROOT", concat!(env!("CARGO_MANIFEST_DIR"), "/target/site")),
                set("RUST_LOG", "warn"),
            ];
            let launch = Launch {
                program: settings.binary.clone(),
                arguments: vec!["serve".to_owned()],
                environment,
                folder: folder.path().to_owned(),
                log: folder.path().join(format!("server-{number}.log")),
            };
            started.push(Process::spawn(launch, address)?);
        }
        for server in &mut started {
            server.answers(&http, "/readyz").await?;
        }
        Ok(Self {
            url,
            pools: started.iter().map(|server| Arc::new(Pool::new(server.address))).collect(),
            servers: started,
            ada,
            http,
            stamps: Arc::new(Stamps::new()),
            signer: Arc::new(Signer::new()?),
            conversations: Arc::default(),
            _folder: folder,
        })
    }

    pub fn base(&self, server: usize) -> String {
        format!("http://{}", self.servers[server].address)
    }

    /// Somebody signs in.
    pub async fn sign_in(&self) -> Result<Browser> {
        Browser::sign_in(&self.http, &self.base(0), EMAIL, PASSWORD).await
    }

    /// Ada hands over so many conversations more.
    pub async fn hand_off(&mut self, count: usize) -> Result<()> {
        let first = self.conversations.len();
        let mut all = self.conversations.as_ref().clone();
        for number in first..first + count {
            let name = format!("conversation-{number:06}");
            let body = json!({ "conversation_id": name, "end_user_id": "user-1", "name": "Jane", "language": "en" });
            let request = self.http.post(format!("{}/handoffs/start", self.base(0))).bearer_auth(TRIGGER_KEY).json(&body);
            let answer: Value = request.send().await?.json().await?;
            let handoff = answer["handoff_id"].as_str().ok_or_else(|| format!("the trigger gave {answer}"))?.parse()?;
            all.push(Conversation { name, handoff });
        }
        self.conversations = Arc::new(all);
        Ok(())
    }

    /// Somebody takes them all, and what the desk then reads from Ada has been read.
    pub async fn accept(&self, browser: &Browser, conversations: std::ops::Range<usize>) -> Result<()> {
        for conversation in &self.conversations[conversations] {
            browser.accept(conversation.handoff).await?;
        }
        self.calm().await;
        Ok(())
    }

    /// Waits until Ada has not been asked for a moment.
    pub async fn calm(&self) {
        let mut quiet = 0;
        let mut count = self.ada.count();
        // Bounded: whatever else is asked now and then must not keep a row from starting.
        for _ in 0..200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            quiet = if self.ada.count() == count { quiet + 1 } else { 0 };
            if quiet >= 8 {
                return;
            }
            count = self.ada.count();
        }
    }

    /// All servers, as a target for webhooks.
    pub fn target(&self) -> Target {
        Target {
            signer: self.signer.clone(),
            stamps: self.stamps.clone(),
            conversations: self.conversations.clone(),
            pools: self.pools.clone(),
        }
    }

    /// Floods one server with prepared webhooks for some of the conversations.
    pub async fn flood(&self, count: usize, at_most: Duration, pick: impl Fn(usize) -> usize) -> Result<Flood> {
        let prepared = load::prepare(&self.signer, &self.stamps, &self.conversations, count, pick)?;
        load::flood(&[self.servers[0].address], &self.stamps, prepared, at_most).await
    }

    /// Looks into the database, as nobody else but the checks does.
    pub async fn database(&self) -> Result<PgConnection> {
        Ok(PgConnection::connect(&self.url).await?)
    }

    /// Processor seconds of all servers so far.
    pub fn processor(&self) -> Result<f64> {
        self.servers.iter().map(Process::processor).sum()
    }

    /// Ends the servers and removes the database.
    pub async fn stop(mut self, settings: &Settings) -> Result<()> {
        for server in &mut self.servers {
            server.kill().await?;
        }
        postgres::remove(settings, &self.url).await
    }
}

async fn add_user(settings: &Settings, url: &str, folder: &std::path::Path) -> Result<()> {
    let mut child = Command::new(&settings.binary)
        .args(["user", "add", EMAIL, "--name", "Ada Bench", "--role", "supervisor"])
        .env("DATABASE_URL", url)
        .env("DATA_DIR", folder)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(format!("{PASSWORD}\n").as_bytes()).await?;
    }
    let output = child.wait_with_output().await?;
    if output.status.success() { Ok(()) } else { Err(format!("user add: {}", String::from_utf8_lossy(&output.stderr)).into()) }
}
