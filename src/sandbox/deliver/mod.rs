//! Webhooks: signed, sent, tried again, written down.

mod fate;
mod log;
mod noise;
mod plan;
mod render;
mod sign;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::seq::SliceRandom as _;
use rand::{SeedableRng as _, rngs::StdRng};
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;
use svix::webhooks::Webhook;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::clock;
use super::config::Config;
use super::events::Event;
use super::faults::{Dice, Faults, Headers};
use fate::{Fate, Held, Spoiled, Way};
use log::{Attempt, Log, State};
use plan::{Plan, decide};
use sign::Keys;

/// Attempts that may be under way at the same time.
const AT_ONCE: usize = 128;

/// Delivers the events of one sandbox.
#[derive(Clone)]
pub struct Deliveries(Arc<Post>);

struct Post {
    url: String,
    keys: Keys,
    http: reqwest::Client,
    scale: f64,
    faults: Faults,
    log: Mutex<Log>,
    permits: Semaphore,
    under_way: AtomicUsize,
    stop: CancellationToken,
    changes: watch::Sender<u64>,
}

/// How many events are where.
pub struct Counts {
    /// Deliveries that wait or are being tried, duplicates included.
    pub under_way: usize,
    pub lost: usize,
    pub stopped: usize,
    pub delivered: usize,
    pub failed: usize,
    /// Attempts with a wrong signature or time that the receiver took all the same.
    pub forged_accepted: usize,
}

/// What became of one attempt.
enum Answer {
    Delivered,
    Failed,
    /// The receiver asked for no more.
    Abort,
}

/// One delivery under way.
struct Parcel {
    id: String,
    body: Arc<str>,
    way: Way,
    dice: Dice,
    /// Sent although webhooks are stopped, because somebody asked for it.
    by_hand: bool,
}

impl Deliveries {
    pub fn new(
        config: &Config,
        signer: Webhook,
        http: reqwest::Client,
        faults: Faults,
        stop: CancellationToken,
        changes: watch::Sender<u64>,
    ) -> Self {
        Self(Arc::new(Post {
            url: config.webhook_url.clone(),
            keys: Keys::new(signer),
            http,
            scale: config.retry_scale,
            faults,
            log: Mutex::default(),
            permits: Semaphore::new(AT_ONCE),
            under_way: AtomicUsize::new(0),
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
        let faults = self.0.faults.settings();
        let dice = self.0.faults.dice("event", event.conversation_id.as_deref());
        let noise = noise::after(&event, &faults.webhooks, &dice);
        let id = self.post(event, Fate::draw(&faults.webhooks, &dice), &dice);
        for event in noise {
            self.post(event, Fate { held: faults.webhooks.stop.then_some(Held::Stopped), ..Fate::default() }, &dice);
        }
        Some(id)
    }

    /// Sends an earlier event once more under the same id. False: no such event.
    pub fn resend(&self, id: &str) -> bool {
        let Some(body) = self.0.log().body(id) else {
            return false;
        };
        self.0.log().set(id, State::Pending);
        self.again(id.to_owned(), body);
        true
    }

    /// Sends once more whatever never arrived: lost, stopped or given up. Answers with how many.
    pub fn recover(&self) -> usize {
        let mut missing = self.0.log().take_missing();
        let sent = missing.len();
        missing.shuffle(&mut StdRng::seed_from_u64(self.0.faults.settings().seed));
        for (id, body) in missing {
            self.again(id, body);
        }
        sent
    }

    /// Resolves once this event was tried, or is held back, or `patience` is over.
    pub async fn tried(&self, id: &str, patience: Duration) {
        let mut changes = self.0.changes.subscribe();
        let tried = async { while self.0.log().is_untried(id) && changes.changed().await.is_ok() {} };
        let _ = tokio::time::timeout(patience, tried).await;
    }

    pub fn counts(&self) -> Counts {
        let log = self.0.log();
        Counts {
            under_way: self.0.under_way.load(Ordering::Acquire),
            lost: log.count(State::Lost),
            stopped: log.count(State::Stopped),
            delivered: log.count(State::Delivered),
            failed: log.count(State::Failed),
            forged_accepted: log.forged_accepted(),
        }
    }

    /// The log, oldest first, of one conversation or of all, of one type or of all; the last `limit` of them.
    pub fn list(&self, conversation_id: Option<&str>, kind: Option<&str>, limit: usize) -> Vec<Value> {
        self.0.log().list(conversation_id, kind, limit)
    }

    fn post(&self, event: Event, fate: Fate, dice: &Dice) -> String {
        let body: Arc<str> = render::body(&event, &self.0.faults.settings().webhooks, dice).into();
        let state = match fate.held {
            None => State::Pending,
            Some(Held::Lost) => State::Lost,
            Some(Held::Stopped) => State::Stopped,
        };
        let begin = |way: Option<Way>, new_id: bool, id: &str| {
            if new_id {
                self.0.log().add(id, event.kind.clone(), event.conversation_id.clone(), body.clone(), state);
            }
            if let (Some(way), None) = (way, fate.held) {
                self.0.begin(Parcel { id: id.to_owned(), body: body.clone(), way, dice: dice.clone(), by_hand: false });
            }
        };
        let id = clock::svix_id();
        begin(Some(fate.way), true, &id);
        begin(fate.duplicate, false, &id);
        if fate.resend.is_some() {
            begin(fate.resend, true, &clock::svix_id());
        }
        id
    }

    fn again(&self, id: String, body: Arc<str>) {
        let faults = self.0.faults.settings();
        let dice = Dice::new(faults.seed, format!("again/{id}"));
        let way = Way::again(&faults.webhooks, &dice, "recover");
        self.0.begin(Parcel { id, body, way, dice, by_hand: true });
    }
}

impl Post {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(self: &Arc<Self>, parcel: Parcel) {
        self.under_way.fetch_add(1, Ordering::AcqRel);
        let post = self.clone();
        tokio::spawn(async move {
            post.deliver(&parcel).await;
            post.under_way.fetch_sub(1, Ordering::AcqRel);
            post.changes.send_modify(|count| *count += 1);
        });
    }

    async fn deliver(&self, parcel: &Parcel) {
        let first = usize::from(parcel.way.skip_first);
        if parcel.way.skip_first {
            self.leave_out(&parcel.id);
        }
        for number in first.. {
            let Plan::Attempt { after } = decide(number, self.scale) else {
                self.log().set(&parcel.id, State::Failed);
                break;
            };
            let extra = if number == first { parcel.way.delay } else { Duration::ZERO };
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(after + extra) => {}
            }
            if self.faults.settings().webhooks.stop && !parcel.by_hand {
                self.log().set(&parcel.id, State::Stopped);
                return;
            }
            let spoiled = parcel.way.spoiled.get(number - first).copied();
            let answer = tokio::select! {
                () = self.stop.cancelled() => return,
                answer = self.attempt(parcel, number, spoiled) => answer,
            };
            match answer {
                Answer::Delivered => break,
                Answer::Failed => {}
                Answer::Abort => {
                    self.log().set(&parcel.id, State::Failed);
                    break;
                }
            }
        }
    }

    fn leave_out(&self, id: &str) {
        let now = clock::now();
        let attempt = Attempt { at: now, arrived: now, status: None, error: Some("left out, as the faults say"), spoiled: false };
        self.log().attempted(id, attempt);
    }

    /// Signs with the time of this attempt and posts once.
    async fn attempt(&self, parcel: &Parcel, number: usize, spoiled: Option<Spoiled>) -> Answer {
        let Ok(_permit) = self.permits.acquire().await else {
            return Answer::Failed;
        };
        let faults = self.faults.settings();
        let names = match faults.webhooks.headers {
            Headers::Mixed if parcel.dice.below(2, &format!("headers {number}")) == 1 => Headers::Webhook,
            names => names,
        };
        let started = clock::now();
        let signed_at = started + self.faults.clock_offset();
        let Some(headers) = self.keys.sign(&parcel.id, signed_at, &parcel.body, spoiled, (&faults.webhooks, names)) else {
            return Answer::Failed;
        };
        let request = self.http.post(&self.url).header(CONTENT_TYPE, "application/json").headers(headers);
        let answer = request.body(parcel.body.to_string()).send().await;
        let arrived = clock::now();
        let status = answer.as_ref().ok().map(|answer| answer.status().as_u16());
        let error = answer.as_ref().err().map(describe);
        self.log().attempted(&parcel.id, Attempt { at: started, arrived, status, error, spoiled: spoiled.is_some() });
        self.changes.send_modify(|count| *count += 1);
        let Ok(answer) = answer else {
            return Answer::Failed;
        };
        let delivered = answer.status().is_success() && spoiled.is_none();
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
