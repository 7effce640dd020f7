//! Do Ada's calls arrive at the desk? Each route is called through `PUBLIC_URL` as Ada would call it: once rightly, once with a
//! wrong secret. Only a desk with these very secrets answers both as it should; a tunnel's own page or another server does not.

use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use svix::webhooks::Webhook;
use time::OffsetDateTime;
use url::Url;

use super::{Outcome, Report, web};
use crate::server::config::{AiAgentConfig, Config};

const WEBHOOK: &str = "webhook";
const TRIGGER: &str = "handoff trigger";
/// Signs what must be refused.
const WRONG_SECRET: &str = "whsec_YSBzZWNyZXQgdGhhdCBubyBkZXNrIGhhcw==";
const WRONG_KEY: &str = "a-key-that-no-desk-has";

/// What came back: a status and the start of the body, or why nothing did.
type Answer = Result<(StatusCode, String), String>;

pub async fn check(config: &Config, http: &reqwest::Client, report: &mut Report) {
    let Some(agent) = &config.ai_agent else {
        let why = "ADA_BASE_URL is not set; AI agents from the settings page are not looked at here";
        report.add(WEBHOOK, Outcome::skipped(why));
        report.add(TRIGGER, Outcome::skipped(why));
        return;
    };
    let caller = Caller { http, config, agent };
    report.add(WEBHOOK, caller.webhook().await);
    report.add(TRIGGER, caller.trigger().await);
    report.add("way from Ada", way_from_ada(config, agent));
}

struct Caller<'a> {
    http: &'a reqwest::Client,
    config: &'a Config,
    agent: &'a AiAgentConfig,
}

impl Caller<'_> {
    async fn webhook(&self) -> Outcome {
        if self.agent.webhook_secrets.is_empty() {
            return Outcome::fail(
                "WEBHOOK_SECRET is not set: the desk refuses every webhook, and no message of a customer arrives",
                format!(
                    "add the endpoint {} in Ada's dashboard (Webhooks), then set WEBHOOK_SECRET to its Signing Secret",
                    self.at("/webhooks/message")
                ),
            );
        }
        let count = self.agent.webhook_secrets.len();
        for (index, secret) in self.agent.webhook_secrets.iter().enumerate() {
            let which = if count == 1 { String::new() } else { format!(" (secret {} of {count})", index + 1) };
            let answer = self.send_event(secret.expose_secret()).await;
            if let Some(trouble) = self.trouble(&answer, "WEBHOOK_SECRET", &[200], &which) {
                return trouble;
            }
        }
        match self.send_event(WRONG_SECRET).await {
            Ok((StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED, _)) => Outcome::ok(format!(
                "a signed test event sent from this machine to {} is taken, one with a wrong signature is refused",
                self.at("/webhooks/message")
            )),
            Ok((status, _)) => self.other_server(&format!("takes a wrong signature too ({})", status.as_u16())),
            Err(reason) => self.unreachable(&reason),
        }
    }

    async fn trigger(&self) -> Outcome {
        if self.agent.trigger_keys.is_empty() {
            return Outcome::fail(
                "HANDOFF_AUTH_KEY is not set: the desk refuses every handoff",
                "set HANDOFF_AUTH_KEY to what `openssl rand -hex 32` prints, and the same in the header of Ada's HTTP Request block: \
                 Authorization: Bearer …",
            );
        }
        let count = self.agent.trigger_keys.len();
        for (index, key) in self.agent.trigger_keys.iter().enumerate() {
            let which = if count == 1 { String::new() } else { format!(" (key {} of {count})", index + 1) };
            let answer = self.send_trigger(key).await;
            if let Some(trouble) = self.trouble(&answer, "HANDOFF_AUTH_KEY", &[400, 422], &which) {
                return trouble;
            }
            if !answer.is_ok_and(|(_, body)| body.contains("conversation_id")) {
                return self.other_server("does not name the field that is missing from an empty request");
            }
        }
        match self.send_trigger(&WRONG_KEY.into()).await {
            Ok((StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _)) => Outcome::ok(format!(
                "an empty request sent from this machine to {} is answered with the missing field, one with a wrong key is refused",
                self.at("/handoffs/start")
            )),
            Ok((status, _)) => self.other_server(&format!("takes a wrong key too ({})", status.as_u16())),
            Err(reason) => self.unreachable(&reason),
        }
    }

    /// An event that is signed as Svix does it, and of a kind that changes nothing.
    async fn send_event(&self, secret: &str) -> Answer {
        let now = OffsetDateTime::now_utc();
        let timestamp = now.format(&time::format_description::well_known::Rfc3339).unwrap_or_default();
        let data = json!({"ai_agent_domain": self.agent.domain});
        let body = json!({"type": "babbage.doctor", "timestamp": timestamp, "data": data}).to_string();
        let id = format!("msg_doctor_{}", uuid::Uuid::new_v4().simple());
        let seconds = now.unix_timestamp();
        let signature = Webhook::new(secret).and_then(|webhook| webhook.sign(&id, seconds, body.as_bytes()));
        let signature = signature.map_err(|_| "the event could not be signed".to_owned())?;
        let request = self.http.post(self.at("/webhooks/message")).header("content-type", "application/json");
        let request = request.header("svix-id", id).header("svix-timestamp", seconds).header("svix-signature", signature);
        answer(request.body(body)).await
    }

    async fn send_trigger(&self, key: &SecretString) -> Answer {
        answer(self.http.post(self.at("/handoffs/start")).bearer_auth(key.expose_secret()).json(&json!({}))).await
    }

    /// What is wrong with an answer that is not one of those wanted.
    fn trouble(&self, answer: &Answer, variable: &str, wanted: &[u16], which: &str) -> Option<Outcome> {
        let (status, _) = match answer {
            Ok(answer) => answer,
            Err(reason) => return Some(self.unreachable(reason)),
        };
        let status = status.as_u16();
        if wanted.contains(&status) {
            return None;
        }
        let origin = self.origin();
        Some(match status {
            400 | 401 | 403 => Outcome::fail(
                format!("the desk at {origin} refuses what is set here as {variable}{which} ({status})"),
                format!(
                    "the running desk has another {variable}, or a clock that is minutes off: run this on the desk's machine with the \
                     desk's environment, and start the desk anew after a change"
                ),
            ),
            300..=399 => Outcome::fail(
                format!("{origin} redirects ({status}), and Ada follows no redirect"),
                "set PUBLIC_URL, and the addresses in Ada, to where the redirect leads (often https instead of http)",
            ),
            404 | 405 => self.other_server(&format!("does not know the route ({status})")),
            502 | 504 | 520..=530 => Outcome::fail(
                format!("a proxy or tunnel answers at {origin}, but the desk behind it does not ({status})"),
                format!("start the desk (`babbage serve`), and let the proxy or tunnel lead to {}", self.config.bind_addr),
            ),
            503 => Outcome::warn(
                format!("the desk at {origin} is closed, cannot store just now, or stands behind a proxy that does not reach it (503)"),
                format!("look at {origin}/readyz and at the desk's log"),
            ),
            429 => Outcome::warn(format!("{origin} takes no more calls for now (429)"), "run this again in a minute"),
            _ => self.other_server(&format!("answers {status}")),
        })
    }

    fn unreachable(&self, reason: &str) -> Outcome {
        let remedy = if self.config.is_public_url_local() {
            format!("start the desk (`babbage serve`); it listens on {}", self.config.bind_addr)
        } else {
            "check that the desk runs, that the tunnel or proxy is up, that DNS knows the host and that its certificate is good".to_owned()
        };
        Outcome::fail(format!("{} cannot be reached from this machine: {reason}", self.origin()), remedy)
    }

    fn other_server(&self, what: &str) -> Outcome {
        Outcome::fail(
            format!("what answers at {} is not this desk: it {what}", self.origin()),
            "set PUBLIC_URL to the desk's own address, and let the proxy or tunnel lead to it with the whole path",
        )
    }

    fn at(&self, path: &str) -> Url {
        let mut url = self.config.public_url.clone();
        url.set_path(path);
        url
    }

    fn origin(&self) -> String {
        self.config.public_url.origin().ascii_serialization()
    }
}

/// What cannot be seen from this machine is said, not guessed.
fn way_from_ada(config: &Config, agent: &AiAgentConfig) -> Outcome {
    let ada_is_local = agent.base_url.scheme() == "http";
    if config.is_public_url_local() && ada_is_local {
        Outcome::ok("ADA_BASE_URL and PUBLIC_URL are both on this machine")
    } else if config.is_public_url_local() {
        Outcome::fail(
            "PUBLIC_URL is this machine's own address, which Ada cannot call",
            "put a tunnel or proxy with https in front of the desk and set PUBLIC_URL to its address",
        )
    } else if config.public_url.scheme() == "http" {
        Outcome::fail(
            "PUBLIC_URL is not https: Ada delivers over https only",
            "put a proxy or tunnel with a certificate in front of the desk",
        )
    } else {
        Outcome::skipped(
            "whether Ada itself gets through is not seen from this machine; send a test event from Ada's dashboard and look for it in the desk's log",
        )
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let mut answer = request.send().await.map_err(|error| web::reason(&error))?;
    let mut body = Vec::new();
    // The start tells enough, and what answers may be anything.
    while body.len() < 4096 {
        match answer.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            _ => break,
        }
    }
    Ok((answer.status(), String::from_utf8_lossy(&body).into_owned()))
}
