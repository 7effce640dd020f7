//! A signed-in browser as far as requests go. Unlike that of the other tests it takes lost connections as a matter of course.

use std::sync::Arc;
use std::time::Duration;

use babbage::model::change::{DeskSnapshot, HandoffSnapshot};
use babbage::model::ids::HandoffId;
use babbage::model::person::Person;
use babbage::model::problem::Problem;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::journal::{Journal, count};

/// Everybody's.
pub const PASSWORD: &str = "seven lanterns over water";
/// How long a page waits for an answer.
const PATIENCE: Duration = Duration::from_secs(6);
const PAUSE: Duration = Duration::from_millis(300);

/// Why a call did not do what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Whether it was done is not known, or it could not be done just now: asking again may help.
    NotNow,
    /// The desk's word.
    Refused(Problem),
}

/// One person's browser. Clones share the session.
#[derive(Clone)]
pub struct Session {
    pub me: Arc<Person>,
    /// Where the desk is, such as `http://127.0.0.1:4711`.
    pub base: Arc<str>,
    pub cookie: Arc<str>,
    pub journal: Arc<Journal>,
    http: reqwest::Client,
}

impl Session {
    pub async fn sign_in(base: &str, me: Person, journal: Arc<Journal>) -> Self {
        let policy = reqwest::redirect::Policy::none();
        let http = reqwest::Client::builder().redirect(policy).no_proxy().timeout(PATIENCE).build().expect("a client");
        let form = format!("email={}&password={}", me.email.replace('@', "%40"), PASSWORD.replace(' ', "+"));
        let request = http.post(format!("{base}/api/sign_in")).header("origin", base).header("accept", "application/json");
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        let answer = request.send().await.expect("the desk answers");
        let set = answer.headers().get("set-cookie").and_then(|value| value.to_str().ok());
        let cookie = set.and_then(|set| set.split(';').next()).expect("a session");
        Self { me: Arc::new(me), base: base.into(), cookie: cookie.into(), journal, http }
    }

    /// A server function.
    pub async fn call<T: DeserializeOwned>(&self, verb: &str, arguments: &Value) -> Result<T, Trouble> {
        let request =
            self.http.post(format!("{}/api/{verb}", self.base)).header("origin", &*self.base).header("accept", "application/json");
        let answer = request.header("cookie", &*self.cookie).json(arguments).send().await;
        let Ok(answer) = answer else { return Err(self.not_now()) };
        let good = answer.status().is_success();
        let Ok(body) = answer.text().await else { return Err(self.not_now()) };
        if good {
            return serde_json::from_str(&body).map_err(|_| self.not_now());
        }
        match serde_json::from_str(&body) {
            Ok(Problem::Unavailable { .. } | Problem::Unreachable | Problem::TooManyTries { .. }) | Err(_) => Err(self.not_now()),
            Ok(problem) => Err(Trouble::Refused(problem)),
        }
    }

    /// The same, again and again until it is decided. Gives up when `give_up` says so.
    pub async fn insist<T: DeserializeOwned>(&self, verb: &str, arguments: &Value, give_up: impl Fn() -> bool) -> Result<T, Trouble> {
        loop {
            match self.call(verb, arguments).await {
                Err(Trouble::NotNow) if !give_up() => tokio::time::sleep(PAUSE).await,
                decided => return decided,
            }
        }
    }

    pub async fn load(&self, handoff: HandoffId) -> Result<HandoffSnapshot, Trouble> {
        self.call("load_handoff", &json!({ "handoff": handoff })).await
    }

    pub async fn desk(&self) -> Result<DeskSnapshot, Trouble> {
        self.call("load_desk", &json!({})).await
    }

    fn not_now(&self) -> Trouble {
        count(&self.journal.counts.unanswered);
        Trouble::NotNow
    }
}
