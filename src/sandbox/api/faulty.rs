//! Around every call: it is counted, held against the rate limits, and may be spoiled.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::header::{CONTENT_TYPE, DATE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::ticket::Open;
use crate::sandbox::clock;
use crate::sandbox::error::ApiError;
use crate::sandbox::faults::{ApiFault, Endpoint, RetryAfter, Rule, Word};
use crate::sandbox::room::Sandbox;
use crate::sandbox::wire::Scissors;

/// The largest body that is read only to be thrown away, and the largest answer that is rewritten.
const LARGEST: usize = 128 * 1024 * 1024;

pub async fn meddle(
    State(sandbox): State<Arc<Sandbox>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    matched: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let endpoint = matched.map_or(Endpoint::Unknown, |path| name(request.method(), path.as_str()));
    let conversation = conversation(request.uri().path()).map(str::to_owned);
    let settings = sandbox.faults.settings();
    let dice = sandbox.faults.dice(kind(endpoint), conversation.as_deref());
    let (mut open, exceeded) = Open::begin(&sandbox, endpoint, conversation.as_deref(), &settings.limits);
    let mut response = if let Some(seconds) = exceeded.filter(|_| settings.limits.enforce) {
        open.fault("limit");
        too_many(&sandbox, settings.limits.retry_after.then_some(Wait::Seconds(seconds)))
    } else {
        let rule = settings.api.iter().enumerate().find(|(number, rule)| {
            (rule.endpoint == Endpoint::Any || rule.endpoint == endpoint) && dice.hits(rule.share, &format!("rule {number}"))
        });
        match rule {
            None => next.run(request).await,
            Some((_, rule)) => {
                open.fault(&crate::sandbox::faults::word(rule.fault));
                spoil(&sandbox, rule, &scissors, request, next).await
            }
        }
    };
    if settings.clock_offset_ms != 0 {
        response.headers_mut().insert(DATE, date(&sandbox, 0));
    }
    open.answered(response.status().as_u16());
    response
}

async fn spoil(sandbox: &Sandbox, rule: &Rule, scissors: &Scissors, request: Request, next: Next) -> Response {
    match rule.fault {
        ApiFault::Slow => {
            tokio::time::sleep(Duration::from_millis(rule.slow_ms)).await;
            next.run(request).await
        }
        ApiFault::ResetAfter => {
            let answer = next.run(request).await;
            scissors.cut();
            answer
        }
        ApiFault::HangAfter => {
            next.run(request).await;
            hang(sandbox).await
        }
        ApiFault::InternalAfter => {
            next.run(request).await;
            plain(StatusCode::INTERNAL_SERVER_ERROR)
        }
        ApiFault::Garbage => {
            let answer = next.run(request).await;
            (answer.status(), [(CONTENT_TYPE, "application/json")], "{\"id\": <html>upstream prematurely closed").into_response()
        }
        ApiFault::NoId => {
            rewrite(next.run(request).await, |answer| {
                if let Some(answer) = answer.as_object_mut() {
                    answer.retain(|key, _| key != "id" && key != "message_id");
                }
            })
            .await
        }
        ApiFault::ForeignPage => {
            let elsewhere = elsewhere(sandbox, request.uri().path());
            rewrite(next.run(request).await, |answer| {
                if let Some(next) = answer.pointer_mut("/meta/next_page_url") {
                    *next = elsewhere.into();
                }
            })
            .await
        }
        before => {
            let path = request.uri().path().to_owned();
            // Read first, so that the caller can be heard to leave.
            let _ = to_bytes(request.into_body(), LARGEST).await;
            refuse(sandbox, rule, before, scissors, &path).await
        }
    }
}

/// Faults that leave no effect.
async fn refuse(sandbox: &Sandbox, rule: &Rule, fault: ApiFault, scissors: &Scissors, path: &str) -> Response {
    match fault {
        ApiFault::Unauthorized => ApiError::unauthorized().into_response(),
        ApiFault::NotFound => ApiError::not_found("Conversation", conversation(path).unwrap_or_default()).into_response(),
        ApiFault::TooLarge => ApiError::too_large("10 MB").into_response(),
        ApiFault::NotInHandoff => ApiError::not_in_handoff().into_response(),
        ApiFault::Expired => ApiError::expired().into_response(),
        ApiFault::BadType => ApiError::fault("invalid attachment", "$.file", "body", "This type of file is not allowed").into_response(),
        ApiFault::TooMany => too_many(sandbox, rule.retry_after.map(Wait::of)),
        ApiFault::BadGateway => plain(StatusCode::BAD_GATEWAY),
        ApiFault::Unavailable => plain(StatusCode::SERVICE_UNAVAILABLE),
        ApiFault::Hang => hang(sandbox).await,
        ApiFault::ResetBefore => {
            scissors.cut();
            StatusCode::OK.into_response()
        }
        ApiFault::Redirect => {
            let to = HeaderValue::from_str(&elsewhere(sandbox, path)).unwrap_or_else(|_| HeaderValue::from_static("/elsewhere"));
            (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, to)]).into_response()
        }
        _ => plain(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// When a caller may come again.
enum Wait {
    Seconds(u64),
    Date,
}

impl Wait {
    fn of(retry_after: RetryAfter) -> Self {
        match retry_after {
            RetryAfter::Seconds(seconds) => Self::Seconds(seconds.into()),
            RetryAfter::Word(Word::Date) => Self::Date,
        }
    }
}

fn too_many(sandbox: &Sandbox, wait: Option<Wait>) -> Response {
    let mut response = ApiError::too_many().into_response();
    let told = wait.map(|wait| match wait {
        Wait::Seconds(seconds) => HeaderValue::from(seconds),
        Wait::Date => date(sandbox, 2),
    });
    if let Some(told) = told {
        response.headers_mut().insert(RETRY_AFTER, told);
    }
    response
}

/// Ada's time in so many seconds, as headers have it.
fn date(sandbox: &Sandbox, seconds: i64) -> HeaderValue {
    let at = sandbox.now() + time::Duration::seconds(seconds);
    HeaderValue::from_str(&clock::http_date(at)).unwrap_or_else(|_| HeaderValue::from_static("0"))
}

/// An answer as a proxy gives it that has lost its server.
fn plain(status: StatusCode) -> Response {
    match status {
        StatusCode::INTERNAL_SERVER_ERROR => ApiError::internal().into_response(),
        other => (other, [(CONTENT_TYPE, "text/html")], "<html><body><h1>Try again later</h1></body></html>").into_response(),
    }
}

/// Waits until the caller has gone, or the sandbox stops.
async fn hang(sandbox: &Sandbox) -> Response {
    sandbox.stop.cancelled().await;
    plain(StatusCode::SERVICE_UNAVAILABLE)
}

async fn rewrite(response: Response, change: impl FnOnce(&mut Value)) -> Response {
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, LARGEST).await.unwrap_or_default();
    match serde_json::from_slice::<Value>(&bytes) {
        Ok(mut answer) if parts.status.is_success() => {
            change(&mut answer);
            (parts.status, Json(answer)).into_response()
        }
        _ => Response::from_parts(parts, Body::from(bytes)),
    }
}

/// The same machine under a name that is not Ada's.
fn elsewhere(sandbox: &Sandbox, path: &str) -> String {
    let port = url::Url::parse(&sandbox.base).ok().and_then(|base| base.port_or_known_default()).unwrap_or(80);
    let host = if sandbox.base.contains("://localhost") { "127.0.0.1" } else { "localhost" };
    format!("http://{host}:{port}/elsewhere{path}")
}

fn name(method: &Method, path: &str) -> Endpoint {
    let path = path.trim_start_matches("/api/v2").trim_end_matches('/');
    match (method.as_str(), path) {
        ("POST", "/conversations") => Endpoint::CreateConversation,
        ("GET", "/conversations/{id}") => Endpoint::GetConversation,
        ("PATCH", "/conversations/{id}") => Endpoint::UpdateMetadata,
        ("GET", "/conversations/{id}/messages") => Endpoint::ListMessages,
        ("POST", "/conversations/{id}/messages") => Endpoint::CreateMessage,
        ("POST", "/conversations/{id}/end") => Endpoint::EndConversation,
        ("POST", "/conversations/{id}/end-handoff") => Endpoint::EndHandoff,
        ("PATCH", "/conversations/{id}/handoff-queue") => Endpoint::HandoffQueue,
        ("POST", "/conversations/{id}/attachments") => Endpoint::UploadAttachment,
        ("GET", "/end-users/{id}") => Endpoint::GetEndUser,
        ("PATCH", "/end-users/{id}") => Endpoint::UpdateEndUser,
        ("GET", "/channels") => Endpoint::ListChannels,
        _ => Endpoint::Unknown,
    }
}

/// What draws are named after.
const fn kind(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::GetConversation => "get_conversation",
        Endpoint::ListMessages => "list_messages",
        Endpoint::CreateMessage => "create_message",
        Endpoint::UploadAttachment => "upload_attachment",
        Endpoint::EndHandoff => "end_handoff",
        Endpoint::EndConversation => "end_conversation",
        Endpoint::UpdateMetadata => "update_metadata",
        Endpoint::HandoffQueue => "handoff_queue",
        _ => "call",
    }
}

/// The conversation that a path names.
fn conversation(path: &str) -> Option<&str> {
    let mut parts = path.split('/');
    parts.find(|part| *part == "conversations")?;
    parts.next().filter(|id| !id.is_empty())
}
