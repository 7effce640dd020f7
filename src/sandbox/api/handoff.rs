//! The end of a handoff, and the waiting banner before a person joins.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Map, Value, json};

use super::JsonBody;
use crate::sandbox::conversation::{HUMAN_AGENT, Queue};
use crate::sandbox::error::ApiError;
use crate::sandbox::room::Sandbox;

/// `POST conversations/{id}/end-handoff/`; a body is not looked at.
pub async fn end_handoff(State(sandbox): State<Arc<Sandbox>>, Path(id): Path<String>) -> Result<Json<Value>, ApiError> {
    sandbox.leave_handoff(&id, HUMAN_AGENT)?;
    Ok(Json(json!({ "message": "Handoff ended successfully." })))
}

/// `PATCH conversations/{id}/handoff-queue/`: replaces what was shown before.
pub async fn update_queue(State(sandbox): State<Arc<Sandbox>>, Path(id): Path<String>, body: JsonBody) -> Result<Json<Value>, ApiError> {
    sandbox.world().find(&id)?;
    let queue = read_queue(&body.object()?)?;
    sandbox.show_queue(&id, queue)?;
    Ok(Json(json!({ "message": "Handoff queue updated successfully." })))
}

fn read_queue(body: &Map<String, Value>) -> Result<Queue, ApiError> {
    let refuse = |parameter, why| ApiError::fault("invalid handoff queue data", parameter, "body", why);
    let amount = |least: i64, most: i64, why| {
        body.get("amount").and_then(Value::as_i64).filter(|amount| (least..=most).contains(amount)).ok_or_else(|| refuse("$.amount", why))
    };
    match body.get("unit").and_then(Value::as_str) {
        Some("position") => amount(0, 9_999, "Must be an integer between 0 and 9999").map(Queue::Position),
        Some("time") => amount(-1, 86_400, "Must be an integer between -1 and 86400").map(Queue::Time),
        Some("unknown") => Ok(Queue::Unknown),
        _ => Err(refuse("$.unit", "Must be position, time or unknown")),
    }
}
