//! Everything that Ada knows, for whoever checks a desk against it.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::routing::{any, get};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::clock;
use super::conversation::{Conversation, Message};
use super::error::ApiError;
use super::room::Sandbox;

pub fn router() -> Router<Arc<Sandbox>> {
    Router::new().route("/ledger", get(show_ledger)).route("/calls", get(list_calls)).route("/calls/totals", get(show_totals))
}

/// Where redirects and foreign pages lead: whoever comes here is counted, above all with the key.
pub fn trap() -> Router<Arc<Sandbox>> {
    Router::new().route("/elsewhere/{*path}", any(notice))
}

#[derive(Serialize)]
struct Entry {
    conversation_id: String,
    end_user_id: String,
    state: &'static str,
    messages: Vec<Said>,
    handoffs: Vec<Episode>,
}

#[derive(Serialize)]
struct Said {
    message_id: String,
    role: &'static str,
    display_name: Option<String>,
    content: Value,
    /// In milliseconds, by Ada's clock.
    created_at: String,
    /// From nought, as it was said.
    order: usize,
    handoff_integration: Option<String>,
}

#[derive(Serialize)]
struct Episode {
    started_at: String,
    ended_at: Option<String>,
    ended_by: Option<&'static str>,
}

async fn show_ledger(State(sandbox): State<Arc<Sandbox>>) -> Json<Value> {
    let entries: Vec<Entry> = sandbox.world().oldest().map(|conversation| entry(conversation, &sandbox)).collect();
    Json(json!({ "conversations": entries, "calls": sandbox.calls.totals() }))
}

#[derive(Deserialize)]
struct CallQuery {
    limit: Option<usize>,
}

async fn list_calls(State(sandbox): State<Arc<Sandbox>>, Query(query): Query<CallQuery>) -> Json<Vec<Value>> {
    Json(sandbox.calls.list(query.limit.unwrap_or(usize::MAX)))
}

/// The counts alone, which are cheap to ask for often.
async fn show_totals(State(sandbox): State<Arc<Sandbox>>) -> Json<Value> {
    Json(sandbox.calls.totals())
}

async fn notice(State(sandbox): State<Arc<Sandbox>>, headers: HeaderMap) -> ApiError {
    sandbox.calls.went_elsewhere(headers.contains_key(AUTHORIZATION));
    ApiError::no_route()
}

fn entry(conversation: &Conversation, sandbox: &Sandbox) -> Entry {
    let episode = |one: &super::conversation::Episode| Episode {
        started_at: clock::milliseconds(one.started_at),
        ended_at: one.ended_at.map(clock::milliseconds),
        ended_by: one.ended_by,
    };
    Entry {
        conversation_id: conversation.id.clone(),
        end_user_id: conversation.end_user_id.clone(),
        state: conversation.state.name(),
        messages: conversation.messages.iter().enumerate().map(|(order, message)| said(message, order, sandbox)).collect(),
        handoffs: conversation.handoffs.iter().map(episode).collect(),
    }
}

fn said(message: &Message, order: usize, sandbox: &Sandbox) -> Said {
    Said {
        message_id: message.id.clone(),
        role: message.author.role,
        display_name: message.author.display_name.clone(),
        content: message.content.to_json(&sandbox.files),
        created_at: clock::milliseconds(message.at),
        order,
        handoff_integration: message.integration.clone(),
    }
}
