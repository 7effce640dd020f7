//! A desk under test: one server in this process, on a port of its own.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use babbage::model::ids::{AiAgentId, HandoffId};
use babbage::model::pace::RateLimits;
use babbage::model::person::{Person, Role};
use babbage::people::password;
use babbage::readback::Pace;
use babbage::server::config::Config;
use babbage::server::secrets::SecretKey;
use babbage::server::start::Server;
use babbage::server::state::AppState;
use babbage::server::tenants::Keys;
use babbage::store;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sqlx::PgPool;
use svix::webhooks::Webhook;
use time::OffsetDateTime;
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Browser, Database, FakeAda, event};

pub const DOMAIN: &str = "acme.ada.support";
/// The domain of the second AI agent, where a test has one.
pub const OTHER_DOMAIN: &str = "other.ada.support";
pub const INTEGRATION: &str = "custom-handoff";
pub const API_KEY: &str = "key-of-ada-that-nobody-may-see";
pub const TRIGGER_KEY: &str = "trigger-key-of-the-tests";
pub const SECRET: &str = "whsec_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB";
/// Everybody's.
pub const PASSWORD: &str = "seven lanterns over water";
const SECRET_KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const ORIGIN: &str = "http://desk.test";

static HASH: OnceCell<String> = OnceCell::const_new();

/// What a test wants otherwise than usual.
pub struct Setup {
    environment: HashMap<&'static str, String>,
    other_agent: Option<(FakeAda, Keys)>,
    database: Option<Database>,
    ada: Option<FakeAda>,
    pace: Pace,
}

impl Setup {
    /// A variable of the environment; blank takes it away.
    pub fn set(mut self, name: &'static str, value: &str) -> Self {
        self.environment.insert(name, value.to_owned());
        self
    }

    /// A second AI agent, with sealed keys, at an Ada of its own.
    pub fn with_other_agent(mut self, ada: &FakeAda, keys: Keys) -> Self {
        self.other_agent = Some((ada.clone(), keys));
        self
    }

    /// Another Ada than a fresh one that works.
    pub fn with_ada(mut self, ada: FakeAda) -> Self {
        self.ada = Some(ada);
        self
    }

    /// How often conversations are compared with Ada.
    pub fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// A database that is there already.
    pub fn on(mut self, database: &Database) -> Self {
        self.database = Some(database.clone());
        self
    }

    pub async fn start(self) -> TestDesk {
        let ada = self.ada.unwrap_or_else(FakeAda::start);
        let database = match self.database {
            Some(database) => database,
            None => Database::new().await,
        };
        let mut environment = self.environment;
        environment.entry("ADA_BASE_URL").or_insert_with(|| ada.base_url());
        let pool = database.pool().await;
        if let Some((other, keys)) = &self.other_agent {
            connect_agent(&pool, other, keys).await;
        }
        TestDesk::run(environment, self.pace, database, pool, ada).await
    }
}

/// A running desk. It stops when it is dropped with its test.
pub struct TestDesk {
    pub address: SocketAddr,
    /// For looking at what has no public way, and for what the command line does.
    pub pool: PgPool,
    pub state: AppState,
    pub database: Database,
    pub ada: FakeAda,
    pub http: reqwest::Client,
    pub origin: String,
    environment: HashMap<&'static str, String>,
    serving: JoinHandle<()>,
    stop: CancellationToken,
    events: AtomicUsize,
}

impl TestDesk {
    /// The usual: one AI agent, one secret, one trigger key.
    pub async fn start() -> Self {
        Self::setup().start().await
    }

    pub fn setup() -> Setup {
        let environment = HashMap::from([
            ("BIND_ADDR", "127.0.0.1:0".to_owned()),
            ("PUBLIC_URL", ORIGIN.to_owned()),
            ("SECRET_KEY", SECRET_KEY.to_owned()),
            ("ADA_DOMAIN", DOMAIN.to_owned()),
            ("ADA_API_KEY", API_KEY.to_owned()),
            ("WEBHOOK_SECRET", SECRET.to_owned()),
            ("HANDOFF_AUTH_KEY", TRIGGER_KEY.to_owned()),
            ("HANDOFF_INTEGRATION", INTEGRATION.to_owned()),
        ]);
        Setup { environment, other_agent: None, database: None, ada: None, pace: Pace::default() }
    }

    async fn run(environment: HashMap<&'static str, String>, pace: Pace, database: Database, pool: PgPool, ada: FakeAda) -> Self {
        let mut config = Config::from_source(&|name| environment.get(name).cloned()).expect("the configuration of the tests is good");
        config.readback = pace;
        let origin = config.allowed_origins().remove(0);
        let stop = CancellationToken::new();
        let server = Server::start(config, pool.clone(), stop.clone()).await.expect("the desk starts");
        let (address, state) = (server.address, server.state.clone());
        let serving = tokio::spawn(async move { server.serve().await.expect("the desk serves") });
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().expect("a client");
        Self { address, pool, state, database, ada, http, origin, environment, serving, stop, events: AtomicUsize::new(0) }
    }

    /// A second server of the same desk: the same database and environment, nothing else shared.
    pub async fn another_server(&self) -> Self {
        Self::run(self.environment.clone(), self.state.config.readback, self.database.clone(), self.database.pool().await, self.ada.clone())
            .await
    }

    /// What a server of this desk has in its environment.
    pub fn environment(&self) -> &HashMap<&'static str, String> {
        &self.environment
    }

    /// Stops in good order.
    pub async fn stop(mut self) {
        self.stop.cancel();
        (&mut self.serving).await.expect("the desk stopped in good order");
    }

    /// Stops as if the power had gone: nothing under way is finished or written down.
    pub async fn kill(mut self) {
        self.serving.abort();
        let _ = (&mut self.serving).await;
        self.stop.cancel();
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What Ada's Request block sends.
    pub async fn trigger(&self, body: &Value) -> reqwest::Response {
        self.http.post(self.url("/handoffs/start")).bearer_auth(TRIGGER_KEY).json(body).send().await.expect("the desk answers the trigger")
    }

    /// Ada hands this conversation over: it is known there, and the trigger comes.
    pub async fn hand_off(&self, conversation: &str) -> HandoffId {
        self.hand_off_with(json!({ "conversation_id": conversation, "end_user_id": "user-1" })).await
    }

    /// The same with everything that the trigger says.
    pub async fn hand_off_with(&self, body: Value) -> HandoffId {
        self.ada.hands_off(body["conversation_id"].as_str().expect("a conversation"));
        let (status, answer) = answer(self.trigger(&body).await).await;
        assert_eq!(status, 200, "{answer}");
        answer["handoff_id"].as_str().and_then(|id| id.parse().ok()).expect("a handoff's id")
    }

    /// An event that Ada tells, signed, as a delivery of its own. It must be taken.
    pub async fn tell(&self, event: &Value) {
        let id = format!("msg_{}", self.events.fetch_add(1, Ordering::Relaxed));
        let (status, answer) = answer(self.deliver(&id, event).await).await;
        assert_eq!(status, 200, "{event} got {answer}");
    }

    /// A delivery with an id.
    pub async fn deliver(&self, id: &str, event: &Value) -> reqwest::Response {
        let body = event.to_string();
        let headers = event::signed(&[SECRET], id, OffsetDateTime::now_utc().unix_timestamp(), body.as_bytes());
        self.webhook(&headers, body).await
    }

    /// Whatever bytes and headers.
    pub async fn webhook(&self, headers: &[(&str, String)], body: impl Into<reqwest::Body>) -> reqwest::Response {
        let request = self.http.post(self.url("/webhooks/message")).header("content-type", "application/json").body(body);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        request.send().await.expect("the desk answers the webhook")
    }

    /// A new colleague, as `babbage user add` makes them.
    pub async fn person(&self, name: &str, role: Role) -> Person {
        let email = format!("{}@desk.test", name.to_lowercase());
        let hash = HASH.get_or_init(async || password::hash(&PASSWORD.into()).await.expect("a hash").expose_secret().to_owned()).await;
        let id = store::people::add(&self.pool, &email, name, role, hash).await.expect("a new person");
        Person { id, name: name.to_owned(), email, role }
    }

    /// A new agent, signed in.
    pub async fn agent(&self, name: &str) -> Browser {
        let person = self.person(name, Role::Agent).await;
        self.browser_of(person).await
    }

    /// Somebody who is there already signs in at this server.
    pub async fn browser_of(&self, person: Person) -> Browser {
        let browser = Browser::new(self, person);
        let answer = browser.sign_in(PASSWORD).await;
        assert!(answer.status().is_success(), "signing in gave {}", answer.status());
        browser
    }

    /// Time passes since a handoff came, and since it ended. The one thing that a test cannot wait for, and so the one place that writes
    /// a table.
    pub async fn pass_time(&self, handoff: HandoffId, time: Duration) {
        sqlx::query(
            "update handoffs set handed_off_at = handed_off_at - make_interval(secs => $2), ended_at = ended_at - make_interval(secs => $2)
             where handoff_id = $1",
        )
        .bind(handoff.0)
        .bind(time.as_secs_f64())
        .execute(&self.pool)
        .await
        .expect("the time passes");
    }

    /// Somebody looks at the kept events.
    pub async fn kept_events(&self) -> Vec<store::events::Kept> {
        store::events::unapplied(&self.pool, 100).await.expect("the events can be listed")
    }
}

impl Drop for TestDesk {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Status and JSON of an answer; null where the body is no JSON.
pub async fn answer(response: reqwest::Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let body = response.bytes().await.expect("a body");
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

/// What `babbage agent add` does.
async fn connect_agent(pool: &PgPool, ada: &FakeAda, keys: &Keys) {
    let key = SecretKey::from_base64(SECRET_KEY).expect("a key");
    let sealed = keys.seal(&key, OTHER_DOMAIN).expect("sealed keys");
    let description = store::ai_agents::Description {
        domain: OTHER_DOMAIN,
        name: "Other",
        base_url: &ada.base_url(),
        integration: INTEGRATION,
        rate_limits: RateLimits::default(),
    };
    store::ai_agents::add(pool, AiAgentId::new(), description, &sealed).await.expect("a second AI agent");
}

/// Keeps the type of the signer near the one place that names it.
pub fn signer(secret: &str) -> Webhook {
    Webhook::new(secret).expect("a webhook secret")
}
