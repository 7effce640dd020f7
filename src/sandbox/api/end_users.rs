//! Profiles of end users.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Map, Value};

use super::JsonBody;
use crate::sandbox::error::{ApiError, Fault};
use crate::sandbox::room::Sandbox;

/// Bytes of JSON that `profile.metadata` may have.
const METADATA_LIMIT: usize = 10 * 1024;
/// Keys of a profile that hold a word or nothing.
const WORDS: [&str; 6] = ["first_name", "last_name", "display_name", "avatar", "email", "language"];

/// `GET end-users/{id}`.
pub async fn show_end_user(State(sandbox): State<Arc<Sandbox>>, Path(id): Path<String>) -> Result<Json<Value>, ApiError> {
    Ok(Json(sandbox.world().end_user(&id)?.to_json()))
}

/// `PATCH end-users/{id}`: takes over what `profile` names.
pub async fn update_end_user(State(sandbox): State<Arc<Sandbox>>, Path(id): Path<String>, body: JsonBody) -> Result<Json<Value>, ApiError> {
    sandbox.world().end_user(&id)?;
    let body = body.object()?;
    let profile = body
        .get("profile")
        .and_then(Value::as_object)
        .ok_or_else(|| ApiError::fault("invalid end user data", "$.profile", "body", "Field required"))?;
    let faults: Vec<Fault> = profile.iter().filter_map(|(key, value)| fault(key, value)).collect();
    if !faults.is_empty() {
        return Err(ApiError::invalid("invalid end user data", faults));
    }
    let known: Map<String, Value> = profile
        .iter()
        .filter(|(key, _)| *key == "metadata" || WORDS.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let shown = {
        let mut world = sandbox.world();
        let end_user = world.end_user_mut(&id)?;
        end_user.update(&known);
        end_user.to_json()
    };
    sandbox.tell();
    Ok(Json(shown))
}

fn fault(key: &str, value: &Value) -> Option<Fault> {
    let why = match (key, value) {
        ("metadata", Value::Object(metadata)) => {
            let flat = metadata.values().all(|value| !value.is_array() && !value.is_object());
            let size = serde_json::to_vec(metadata).map_or(usize::MAX, |bytes| bytes.len());
            match (flat, size <= METADATA_LIMIT) {
                (true, true) => return None,
                (false, _) => "Values must be strings, booleans or integers",
                (_, false) => "Larger than 10 KB",
            }
        }
        ("metadata", _) => "Must be an object",
        (key, Value::String(_) | Value::Null) if WORDS.contains(&key) => return None,
        (key, _) if WORDS.contains(&key) => "Must be a string",
        _ => return None,
    };
    Some(Fault::new(format!("$.profile.{key}"), "body", why))
}
