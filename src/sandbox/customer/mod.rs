//! The customer's side: what the chat page and tests use to play a customer and to look on.

mod actions;
mod guard;
mod insight;
mod samples;
mod stream;
mod view;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use axum::{Router, response};
use serde_json::Value;

use super::error::ApiError;
use super::room::Sandbox;
use super::{faults, ledger};

type Answer = Result<response::Json<Value>, ApiError>;

/// Everything below `/sandbox`.
pub fn router() -> Router<Arc<Sandbox>> {
    Router::new()
        .route("/conversations", get(insight::list_conversations).post(actions::start_conversation))
        .route("/conversations/{id}", get(insight::show_conversation))
        .route("/conversations/{id}/say", post(actions::say_text))
        .route("/conversations/{id}/link", post(actions::say_link))
        .route("/conversations/{id}/file", post(actions::send_file).layer(DefaultBodyLimit::disable()))
        .route("/conversations/{id}/ask-person", post(actions::ask_person))
        .route("/conversations/{id}/end-handoff", post(actions::end_handoff))
        .route("/conversations/{id}/close", post(actions::close_chat))
        .route("/conversations/{id}/raw", post(actions::send_raw))
        .route("/emit", post(actions::emit_event))
        .route("/deliveries", get(insight::list_deliveries))
        .route("/resend/{svix_id}", post(actions::resend_delivery))
        .route("/samples", get(samples::list_samples))
        .route("/config", get(insight::show_config))
        .route("/stream", get(stream::watch_changes))
        .merge(faults::router())
        .merge(ledger::router())
        .layer(middleware::from_fn(guard::same_site_only))
}
