//! `/sandbox/faults`: showing and switching faults.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::change;
use super::settings::Settings;
use crate::sandbox::api::JsonBody;
use crate::sandbox::error::ApiError;
use crate::sandbox::room::Sandbox;

type Shown = Result<Json<Settings>, ApiError>;

pub fn router() -> Router<Arc<Sandbox>> {
    Router::new()
        .route("/faults", get(show_faults).put(replace_faults).patch(change_faults))
        .route("/faults/state", get(show_state))
        .route("/recover", post(recover))
}

async fn show_faults(State(sandbox): State<Arc<Sandbox>>) -> Json<Settings> {
    Json(Settings::clone(&sandbox.faults.settings()))
}

async fn replace_faults(State(sandbox): State<Arc<Sandbox>>, body: JsonBody) -> Shown {
    let settings = change::read(Value::Object(body.object_or_empty()?))?;
    Ok(put(&sandbox, settings))
}

async fn change_faults(State(sandbox): State<Arc<Sandbox>>, body: JsonBody) -> Shown {
    let patch = Value::Object(body.object()?);
    let settings = change::merge(&sandbox.faults.settings(), patch)?;
    Ok(put(&sandbox, settings))
}

fn put(sandbox: &Sandbox, settings: Settings) -> Json<Settings> {
    sandbox.faults.replace(settings.clone());
    sandbox.tell();
    Json(settings)
}

/// What is switched on, and whether anything is still under way.
async fn show_state(State(sandbox): State<Arc<Sandbox>>) -> Json<Value> {
    let counts = sandbox.deliveries.counts();
    let (asking, typing) = sandbox.world().under_way();
    Json(json!({
        "on": change::switched_on(&sandbox.faults.settings()),
        "pending_deliveries": counts.under_way,
        "lost": counts.lost,
        "stopped": counts.stopped,
        "delivered": counts.delivered,
        "failed": counts.failed,
        "forged_accepted": counts.forged_accepted,
        "pending_triggers": asking,
        "pending_turns": typing,
    }))
}

/// Delivers what was lost, stopped or given up, in an order that chance decides.
async fn recover(State(sandbox): State<Arc<Sandbox>>) -> (StatusCode, Json<Value>) {
    let sent = sandbox.deliveries.recover();
    sandbox.tell();
    (StatusCode::ACCEPTED, Json(json!({ "sent": sent })))
}
