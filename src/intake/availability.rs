//! `GET /availability`: an Ada block asks whether anybody is there before it hands off.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::refuse::Refusal;
use super::verify;
use crate::server::state::AppState;
use crate::store;

/// Says who is there and how long people wait. Same key as the trigger.
pub async fn show_availability(State(state): State<AppState>, headers: HeaderMap) -> Result<Json<Value>, Refusal> {
    verify::trigger(&state.tenants, &headers)?;
    let now = store::availability::now(&state.pool).await.map_err(|error| {
        tracing::error!(%error, "availability could not be read");
        Refusal::from_store(&error)
    })?;
    Ok(Json(json!({
        "open": true,
        "agents_available": now.agents,
        "waiting": now.waiting,
        "estimated_wait_seconds": now.recent_wait,
    })))
}
