//! Read the transcript page by page; write messages.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::JsonBody;
use super::draft;
use crate::sandbox::clock;
use crate::sandbox::conversation::{Conversation, END_USER, Message};
use crate::sandbox::error::ApiError;
use crate::sandbox::files::Files;
use crate::sandbox::room::Sandbox;

/// Messages per page at most.
const PAGE_LIMIT: usize = 100;

#[derive(Deserialize)]
pub struct PageQuery {
    limit: Option<String>,
    cursor: Option<String>,
}

/// `GET conversations/{id}/messages/`: oldest first.
pub async fn list_messages(
    State(sandbox): State<Arc<Sandbox>>,
    Path(id): Path<String>,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<Value>, ApiError> {
    let world = sandbox.world();
    let conversation = world.find(&id)?;
    let Query(query) = query.map_err(|_| refuse("$", "Not a valid query"))?;
    let (from, cursor_limit) = match query.cursor.as_deref() {
        Some(cursor) => read_cursor(conversation, cursor).ok_or_else(|| refuse("$.cursor", "Not a valid cursor"))?,
        None => (0, sandbox.config.page_size.clamp(1, PAGE_LIMIT)),
    };
    let limit = match query.limit {
        Some(limit) => limit
            .parse()
            .ok()
            .filter(|limit| (1..=PAGE_LIMIT).contains(limit))
            .ok_or_else(|| refuse("$.limit", "Must be between 1 and 100"))?,
        None => cursor_limit,
    };
    let limit = sandbox.faults.settings().page_size.map_or(limit, |size| limit.min(size.max(1).into()));
    let rest = conversation.messages.get(from..).unwrap_or_default();
    let page = &rest[..limit.min(rest.len())];
    let next = (page.len() < rest.len()).then(|| page.last()).flatten().map(|last| next_page(&sandbox.base, &id, last, limit));
    let data: Vec<Value> = page.iter().map(|message| listed(message, &sandbox.files)).collect();
    Ok(Json(json!({ "data": data, "meta": { "next_page_url": next } })))
}

/// `POST conversations/{id}/messages/`.
pub async fn create_message(
    State(sandbox): State<Arc<Sandbox>>,
    Path(id): Path<String>,
    body: JsonBody,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let (channel, end_user_id) = {
        let world = sandbox.world();
        let conversation = world.find(&id)?;
        (conversation.channel, conversation.end_user_id.clone())
    };
    let (author, content) = draft::read(&body.object()?, &sandbox.files)?;
    if author.role == END_USER {
        if channel.kind != "custom" {
            let why = "End user messages can be created on custom channels only";
            return Err(ApiError::fault("invalid message data", "$.author.role", "body", why));
        }
        if author.id.as_ref() != Some(&end_user_id) {
            let why = "Not the end user of this conversation";
            return Err(ApiError::fault("invalid message data", "$.author.id", "body", why));
        }
    }
    let message = sandbox.post(&id, author, content)?;
    let created_at = clock::seconds(message.at);
    let answer = json!({
        "id": message.id,
        "conversation_id": id,
        "author": message.author.to_json(),
        "content": message.content.to_json(&sandbox.files),
        "created_at": created_at,
        "updated_at": created_at,
    });
    Ok((StatusCode::CREATED, Json(answer)))
}

fn listed(message: &Message, files: &Files) -> Value {
    json!({
        "type": "message_logs",
        "message_id": message.id,
        "created_at": clock::seconds(message.at),
        "author": message.author.to_json(),
        "content": message.content.to_json(files),
    })
}

/// The cursor names the last message of the page before and remembers the page's size.
fn next_page(base: &str, id: &str, last: &Message, limit: usize) -> String {
    let cursor = URL_SAFE_NO_PAD.encode(format!("{}.{limit}", last.id));
    format!("{base}/api/v2/conversations/{id}/messages/?cursor={cursor}")
}

fn read_cursor(conversation: &Conversation, cursor: &str) -> Option<(usize, usize)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (last, limit) = text.split_once('.')?;
    let place = conversation.messages.iter().position(|message| message.id == last)?;
    let limit = limit.parse().ok().filter(|limit| (1..=PAGE_LIMIT).contains(limit))?;
    Some((place + 1, limit))
}

fn refuse(parameter: &str, why: &str) -> ApiError {
    ApiError::fault("invalid query", parameter, "query", why)
}
