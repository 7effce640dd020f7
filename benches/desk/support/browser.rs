//! Somebody who is signed in: a cookie, and the calls that a page makes.

use babbage::model::change::HandoffSnapshot;
use babbage::model::ids::{HandoffId, MessageId};
use serde_json::{Value, json};

use super::Result;

/// A session at one server; its cookie is good at all of them.
#[derive(Clone)]
pub struct Browser {
    http: reqwest::Client,
    pub base: String,
    pub cookie: String,
}

impl Browser {
    /// Through the form of the sign-in page.
    pub async fn sign_in(http: &reqwest::Client, base: &str, email: &str, password: &str) -> Result<Self> {
        let form = format!("email={}&password={}", email.replace('@', "%40"), password.replace(' ', "+"));
        let answer = http
            .post(format!("{base}/api/sign_in"))
            .header("origin", base)
            .header("accept", "application/json")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form)
            .send()
            .await?;
        let status = answer.status();
        let set = answer.headers().get("set-cookie").and_then(|value| value.to_str().ok()).and_then(|set| set.split(';').next());
        match set {
            Some(cookie) if status.is_success() => Ok(Self { http: http.clone(), base: base.to_owned(), cookie: cookie.to_owned() }),
            _ => Err(format!("signing in gave {status}").into()),
        }
    }

    /// The same session at another server.
    pub fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    async fn call(&self, verb: &str, arguments: &Value) -> Result<String> {
        let request = self.http.post(format!("{}/api/{verb}", self.base)).header("origin", &self.base).header("cookie", &self.cookie);
        let answer = request.header("accept", "application/json").json(arguments).send().await?;
        let status = answer.status();
        let body = answer.text().await?;
        if status.is_success() { Ok(body) } else { Err(format!("{verb} gave {status}: {body}").into()) }
    }

    pub async fn accept(&self, handoff: HandoffId) -> Result<()> {
        self.call("accept_handoff", &json!({ "handoff": handoff })).await.map(|_| ())
    }

    pub async fn load(&self, handoff: HandoffId) -> Result<HandoffSnapshot> {
        Ok(serde_json::from_str(&self.call("load_handoff", &json!({ "handoff": handoff })).await?)?)
    }

    pub async fn reply(&self, handoff: HandoffId, id: MessageId, body: &str) -> Result<()> {
        self.call("send_reply", &json!({ "handoff": handoff, "id": id, "body": body })).await.map(|_| ())
    }
}
