//! Create, show, change and end conversations.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::JsonBody;
use crate::sandbox::conversation::{CHANNELS, Channel};
use crate::sandbox::end_user::{EndUser, merge};
use crate::sandbox::error::{ApiError, Fault};
use crate::sandbox::moves::{Start, Who};
use crate::sandbox::room::Sandbox;

/// Bytes of JSON that a conversation's metadata may have.
const METADATA_LIMIT: usize = 4 * 1024;

/// `POST conversations/`: on custom channels only.
pub async fn create_conversation(State(sandbox): State<Arc<Sandbox>>, body: JsonBody) -> Result<(StatusCode, Json<Value>), ApiError> {
    let body = body.object()?;
    let metadata = metadata_of(&body)?.unwrap_or_default();
    refuse_faults(metadata_faults(&metadata, false))?;
    refuse_large(&metadata)?;
    let channel_id = body
        .get("channel_id")
        .and_then(Value::as_str)
        .ok_or_else(|| ApiError::fault("invalid conversation data", "$.channel_id", "body", "Field required"))?;
    let end_user = match body.get("end_user_id") {
        None | Some(Value::Null) => Who::New(EndUser::new("", "", "")),
        Some(Value::String(id)) => Who::Known(id.clone()),
        Some(_) => {
            return Err(ApiError::fault("invalid conversation data", "$.end_user_id", "body", "Must be a string"));
        }
    };
    let channel = Channel::find(channel_id).ok_or_else(|| ApiError::not_found("Channel", channel_id))?;
    if channel.kind != "custom" {
        let why = "Conversations can be created on custom channels only";
        return Err(ApiError::fault("invalid conversation data", "$.channel_id", "body", why));
    }
    let conversation = sandbox.start(Start { channel, end_user, topic: String::new(), metadata })?;
    Ok((StatusCode::CREATED, Json(conversation)))
}

/// `GET conversations/{id}/`.
pub async fn show_conversation(State(sandbox): State<Arc<Sandbox>>, Path(id): Path<String>) -> Result<Json<Value>, ApiError> {
    Ok(Json(sandbox.world().find(&id)?.to_json()))
}

/// `PATCH conversations/{id}/`: merges metadata; null removes a key.
pub async fn update_conversation(
    State(sandbox): State<Arc<Sandbox>>,
    Path(id): Path<String>,
    body: JsonBody,
) -> Result<Json<Value>, ApiError> {
    sandbox.world().find(&id)?;
    let added = metadata_of(&body.object()?)?
        .ok_or_else(|| ApiError::fault("invalid conversation data", "$.metadata", "body", "Field required"))?;
    refuse_faults(metadata_faults(&added, true))?;
    sandbox.change(&id, |conversation, _| {
        let mut metadata = conversation.metadata.clone();
        merge(&mut metadata, &added);
        refuse_large(&metadata)?;
        conversation.metadata = metadata;
        conversation.updated_at = sandbox.now();
        Ok(Json(conversation.to_json()))
    })
}

/// `POST conversations/{id}/end/`.
pub async fn end_conversation(State(sandbox): State<Arc<Sandbox>>, Path(id): Path<String>) -> Result<Json<Value>, ApiError> {
    sandbox.end(&id, None)?;
    Ok(Json(json!({ "message": "Conversation ended successfully." })))
}

#[derive(Deserialize)]
pub struct ChannelQuery {
    r#type: Option<String>,
}

/// `GET channels/?type=custom|native`: one page with all of them.
pub async fn list_channels(Query(query): Query<ChannelQuery>) -> Result<Json<Value>, ApiError> {
    let kind = query
        .r#type
        .filter(|kind| ["custom", "native"].contains(&kind.as_str()))
        .ok_or_else(|| ApiError::fault("invalid query", "$.type", "query", "Must be custom or native"))?;
    let data: Vec<Value> = CHANNELS.iter().filter(|channel| channel.kind == kind).map(Channel::to_json).collect();
    Ok(Json(json!({ "data": data, "meta": { "next_page_url": null } })))
}

/// The body's `metadata`, if it has one.
fn metadata_of(body: &Map<String, Value>) -> Result<Option<Map<String, Value>>, ApiError> {
    match body.get("metadata") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(metadata)) => Ok(Some(metadata.clone())),
        Some(_) => Err(ApiError::fault("invalid conversation data", "$.metadata", "body", "Must be an object")),
    }
}

fn metadata_faults(metadata: &Map<String, Value>, null_allowed: bool) -> Vec<Fault> {
    metadata
        .iter()
        .filter(|(_, value)| match value {
            Value::String(_) | Value::Bool(_) | Value::Number(_) => false,
            Value::Null => !null_allowed,
            Value::Array(_) | Value::Object(_) => true,
        })
        .map(|(key, _)| Fault::new(format!("$.metadata.{key}"), "body", "Must be a string, a boolean or a number"))
        .collect()
}

fn refuse_faults(faults: Vec<Fault>) -> Result<(), ApiError> {
    if faults.is_empty() {
        return Ok(());
    }
    Err(ApiError::invalid("invalid conversation data", faults))
}

fn refuse_large(metadata: &Map<String, Value>) -> Result<(), ApiError> {
    let size = serde_json::to_vec(metadata).map_or(usize::MAX, |bytes| bytes.len());
    if size <= METADATA_LIMIT {
        return Ok(());
    }
    Err(ApiError::fault("invalid conversation data", "$.metadata", "body", "Larger than 4 KB"))
}
