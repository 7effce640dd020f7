//! Webhooks: signed, sent, tried again, written down.

mod log;
mod plan;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reqwest::header::CONTENT_TYPE;
use serde_json::Value;
use svix::webhooks::Webhook;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::clock;
use super::config::Config;
use super::events::Event;
use log::{Attempt, Log};
use plan::{Plan, decide};

/// Attempts that may be under way at the same time.
const AT_ONCE: usize = 128;

/// Delivers the events of one sandbox.
#[derive(Clone)]
pub struct Deliveries(Arc<Post>);

struct Post {
    url: String,
    signer: Webhook,
    http: reqwest::Client,
    scale: f64,
    log: Mutex<Log>,
    permits: Semaphore,
    stop: CancellationToken,
    changes: watch::Sender<u64>,
}

/// What became of one attempt.
enum Answer {
    Delivered,
    Failed,
    /// The receiver asked for no more.
    Abort,
}

impl Deliveries {
    pub fn new(config: &Config, signer: Webhook, http: reqwest::Client, stop: CancellationToken, changes: watch::Sender<u64>) -> Self {
        Self(Arc::new(Post {
            url: config.webhook_url.clone(),
            signer,
            http,
            scale: config.retry_scale,
            log: Mutex::default(),
            permits: Semaphore::new(AT_ONCE),
            stop,
            changes,
        }))
    }

    /// Sends an event in a task of its own, so events may overtake one another. Answers with its Svix id; `None` when
    /// nobody is subscribed.
    pub fn send(&self, event: Event) -> Option<String> {
        if self.0.url.is_empty() {
            return None;
        }
        let id = clock::svix_id();
        let body: Arc<str> = event.body.into();
        self.0.log().add(&id, event.kind, event.conversation_id, body.clone());
        tokio::spawn(self.0.clone().deliver(id.clone(), body));
        Some(id)
    }

    /// Sends an earlier event once more under the same id. False: no such event.
    pub fn resend(&self, id: &str) -> bool {
        let Some(body) = self.0.log().body(id) else {
            return false;
        };
        tokio::spawn(self.0.clone().deliver(id.to_owned(), body));
        true
    }

    /// The log, oldest first, of one conversation or of all, of one type or of all; the last `limit` of them.
    pub fn list(&self, conversation_id: Option<&str>, kind: Option<&str>, limit: usize) -> Vec<Value> {
        self.0.log().list(conversation_id, kind, limit)
    }
}

impl Post {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn deliver(self: Arc<Self>, id: String, body: Arc<str>) {
        for number in 0.. {
            let Plan::Attempt { after } = decide(number, self.scale) else {
                self.log().give_up(&id);
                break;
            };
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(after) => {}
            }
            let answer = tokio::select! {
                () = self.stop.cancelled() => return,
                answer = self.attempt(&id, &body) => answer,
            };
            match answer {
                Answer::Delivered => break,
                Answer::Failed => {}
                Answer::Abort => {
                    self.log().give_up(&id);
                    break;
                }
            }
        }
        self.changes.send_modify(|count| *count += 1);
    }

    /// Signs with the time of this attempt and posts once.
    async fn attempt(&self, id: &str, body: &Arc<str>) -> Answer {
        let Ok(_permit) = self.permits.acquire().await else {
            return Answer::Failed;
        };
        let started = clock::now();
        let Ok(signature) = self.signer.sign(id, started.unix_timestamp(), body.as_bytes()) else {
            return Answer::Failed;
        };
        let answer = self
            .http
            .post(&self.url)
            .header(CONTENT_TYPE, "application/json")
            .header("svix-id", id)
            .header("svix-timestamp", started.unix_timestamp())
            .header("svix-signature", signature)
            .body(body.to_string())
            .send()
            .await;
        let arrived = clock::now();
        let status = answer.as_ref().ok().map(|answer| answer.status().as_u16());
        let error = answer.as_ref().err().map(describe);
        self.log().attempted(id, Attempt { at: started, arrived, status, error });
        let Ok(answer) = answer else {
            return Answer::Failed;
        };
        let delivered = answer.status().is_success();
        let abort = answer.headers().get("webhook-delivery").is_some_and(|value| value == "abort-message");
        // Read to the end, so that the connection can serve the next delivery.
        let _ = answer.bytes().await;
        match (delivered, abort) {
            (true, _) => Answer::Delivered,
            (false, true) => Answer::Abort,
            (false, false) => Answer::Failed,
        }
    }
}

/// Why no answer came, without the address.
fn describe(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "connection broke off"
    }
}
