//! One call: send it, read its answer within limits, and sort what went wrong on the way.

use std::error::Error;
use std::time::{Duration, Instant};

use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH};
use reqwest::multipart::Form;
use serde_json::Value;
use time::OffsetDateTime;
use url::Url;

use super::answer::Answer;
use super::client::Client;
use super::error::AdaError;
use super::gate::Heard;
use super::words::for_people;
use super::{refusal, retry_after};

/// How much longer than its time limit a call may be on its way.
const LEEWAY: Duration = Duration::from_secs(15);

/// What a call is about: it decides what a refusal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// Reads a conversation or changes its metadata; a handoff is not needed.
    Conversation,
    /// Needs a handoff, or a conversation that is not over.
    Handoff,
    /// Shows the customer their place in the queue, which Ada allows only sometimes.
    Queue,
    /// Reads an end user.
    EndUser,
}

/// A call that was not made yet.
pub(super) struct Call {
    pub(super) subject: Subject,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) body: Body,
}

/// What a call carries.
pub(super) enum Body {
    Nothing,
    Json(Value),
    Form(Form),
}

impl Call {
    pub(super) fn get(subject: Subject, url: Url) -> Self {
        Self { subject, method: Method::GET, url, body: Body::Nothing }
    }

    pub(super) fn post(subject: Subject, url: Url, body: Body) -> Self {
        Self { subject, method: Method::POST, url, body }
    }

    pub(super) fn patch(subject: Subject, url: Url, body: Value) -> Self {
        Self { subject, method: Method::PATCH, url, body: Body::Json(body) }
    }

    fn writes(&self) -> bool {
        self.method != Method::GET
    }
}

impl Client {
    /// Makes a call and gives the JSON of a success.
    pub(super) async fn ask(&self, call: Call) -> Result<Value, AdaError> {
        let (subject, writes) = (call.subject, call.writes());
        let answer = self.exchange(call).await?;
        if answer.status.is_success() {
            answer.json(writes)
        } else {
            Err(refusal::error(subject, &answer, writes, |text| self.without_key(text)))
        }
    }

    /// Makes a call whose success says all by its status: its body may be anything that Ada would write, or nothing.
    pub(super) async fn tell(&self, call: Call) -> Result<(), AdaError> {
        let (subject, writes) = (call.subject, call.writes());
        let answer = self.exchange(call).await?;
        if !answer.status.is_success() {
            return Err(refusal::error(subject, &answer, writes, |text| self.without_key(text)));
        }
        if answer.is_empty() { Ok(()) } else { answer.json(writes).map(drop) }
    }

    /// Makes a call and gives whatever was answered, refusals included.
    pub(super) async fn exchange(&self, call: Call) -> Result<Answer, AdaError> {
        if !self.base().owns(&call.url) {
            return Err(AdaError::input("This address is not one of Ada's."));
        }
        let timing = self.timing();
        let within = if matches!(call.body, Body::Form(_)) { timing.upload } else { timing.total };
        let pass = self.gate().pass(within + LEEWAY).await?;
        let answer = self.send(call).await;
        pass.over(heard(&answer)).await;
        answer
    }

    async fn send(&self, call: Call) -> Result<Answer, AdaError> {
        let (subject, writes, started) = (call.subject, call.writes(), Instant::now());
        let request =
            self.http().request(call.method, call.url).header(AUTHORIZATION, self.authorization()).header(ACCEPT, "application/json");
        let request = match call.body {
            Body::Nothing if writes => request.header(CONTENT_LENGTH, 0),
            Body::Nothing => request,
            Body::Json(json) => request.json(&json),
            Body::Form(form) => request.multipart(form).timeout(self.timing().upload),
        };
        let response = request.send().await.map_err(|error| {
            if !error.is_builder() {
                self.health().failed();
            }
            lost(&error, writes)
        })?;
        let answer = Answer::read(response, writes).await;
        self.health().answered(answer.status.as_u16());
        tracing::debug!(?subject, writes, status = answer.status.as_u16(), took = ?started.elapsed(), "Ada answered");
        Ok(answer)
    }
}

/// What an answer says about calling Ada at all.
fn heard(answer: &Result<Answer, AdaError>) -> Heard {
    match answer {
        Err(_) => Heard::Nothing,
        Ok(answer) => match answer.status.as_u16() {
            429 => Heard::SlowDown(retry_after::told(&answer.headers, OffsetDateTime::now_utc())),
            401 | 403 => Heard::KeyRefused,
            300..=399 | 500..=599 => Heard::Nothing,
            _ => Heard::Well,
        },
    }
}

/// What it means that no answer came.
pub(super) fn lost(error: &reqwest::Error, writes: bool) -> AdaError {
    if error.is_builder() {
        return AdaError::input("This cannot be put into a request to Ada.");
    }
    // A connection that never stood carried nothing: name, network and encryption troubles are all of this kind.
    let (what, ambiguous) = if error.is_connect() {
        ("Ada could not be reached", false)
    } else if error.is_timeout() {
        ("Ada did not answer in time", writes)
    } else {
        ("The connection to Ada broke off", writes)
    };
    let reason = innermost(error).map_or_else(|| format!("{what}."), |cause| format!("{what} ({cause})."));
    AdaError::Retry { reason, ambiguous, running: ambiguous && error.is_timeout() }
}

/// The innermost cause, which is the one that tells something. It never holds the address or a header.
fn innermost(error: &reqwest::Error) -> Option<String> {
    let mut cause = error.source()?;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    Some(for_people(&cause.to_string())).filter(|text| !text.is_empty())
}
