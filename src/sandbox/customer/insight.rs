//! Looking on: conversations, deliveries, settings.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, view};
use crate::sandbox::room::Sandbox;

#[derive(Deserialize)]
pub struct DeliveryQuery {
    conversation_id: Option<String>,
    r#type: Option<String>,
    limit: Option<usize>,
}

#[derive(Deserialize)]
pub struct ListQuery {
    limit: Option<usize>,
}

/// `GET conversations`.
pub async fn list_conversations(State(sandbox): State<Arc<Sandbox>>, Query(query): Query<ListQuery>) -> Json<Value> {
    Json(json!({ "conversations": view::summaries(&sandbox, query.limit.unwrap_or(usize::MAX)) }))
}

/// `GET conversations/{id}`.
pub async fn show_conversation(State(sandbox): State<Arc<Sandbox>>, Path(id): Path<String>) -> Answer {
    let world = sandbox.world();
    let conversation = world.find(&id)?;
    let end_user = world.end_user(&conversation.end_user_id)?;
    Ok(Json(view::whole(conversation, end_user, &sandbox)))
}

/// `GET deliveries`.
pub async fn list_deliveries(State(sandbox): State<Arc<Sandbox>>, Query(query): Query<DeliveryQuery>) -> Json<Value> {
    let found = sandbox.deliveries.list(query.conversation_id.as_deref(), query.r#type.as_deref(), query.limit.unwrap_or(usize::MAX));
    Json(json!({ "deliveries": found }))
}

/// `GET config`: no secrets.
pub async fn show_config(State(sandbox): State<Arc<Sandbox>>) -> Json<Value> {
    let config = &sandbox.config;
    Json(json!({
        "base_url": format!("{}/api", sandbox.base),
        "ai_agent_domain": config.domain,
        "handoff_integration": config.integration,
        "webhook_url": config.webhook_url,
        "trigger_url": config.trigger_url,
        "retry_scale": config.retry_scale,
        "page_size": config.page_size,
        "reply_delay_ms": u64::try_from(config.reply_delay.as_millis()).unwrap_or(u64::MAX),
    }))
}
