//! `POST /webhooks/message`: Ada tells what happened.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::apply::{self, Applied};
use super::refuse::{self, Refusal};
use super::{event, verify};
use crate::server::state::AppState;
use crate::store::events::{self, Received, Trouble};

/// The largest body, in bytes.
pub const LIMIT: usize = 1024 * 1024;

/// Takes one webhook. 200 once it is stored; what cannot be read or applied is kept for an operator and gets 200 as well, since
/// sending it again would not help.
pub async fn receive(
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, Refusal> {
    let body = refuse::body(body, LIMIT)?;
    let signers = verify::signers(&state.tenants, &headers, &body).inspect_err(|_| {
        metrics::counter!("babbage_webhooks", "outcome" => "refused").increment(1);
    })?;
    // Svix always sends an id, and signs it.
    let delivery = verify::delivery_id(&headers).ok_or(Refusal::NotSigned)?;

    let event = event::read(&body);
    let domain = event.as_ref().ok().and_then(|event| event.domain.as_deref());
    let Some(agent) = signers.iter().find(|agent| domain.is_none_or(|domain| domain.eq_ignore_ascii_case(&agent.domain))) else {
        return Ok(taken("ignored"));
    };
    let mut received = Received { ai_agent: agent.id, delivery, event_type: None, conversation: None };
    let event = match event {
        Ok(event) => event,
        Err(unreadable) => return keep(&state, received, Trouble::Unreadable, &unreadable.reason, &body).await,
    };
    received.event_type = Some(&event.name);
    received.conversation = event.conversation();

    match apply::apply(&state.pool, agent, &event, received).await {
        Ok(Applied { handoffs, outcome }) => {
            for handoff in handoffs {
                state.wake(handoff);
            }
            Ok(taken(outcome))
        }
        Err(error) if error.is_about_the_store() => {
            tracing::error!(%error, "an event could not be stored; Ada will send it again");
            metrics::counter!("babbage_webhooks", "outcome" => "unavailable").increment(1);
            Err(Refusal::Unavailable)
        }
        Err(error) => keep(&state, received, Trouble::Failed, &error.to_string(), &body).await,
    }
}

async fn keep(state: &AppState, received: Received<'_>, trouble: Trouble, reason: &str, body: &[u8]) -> Result<Json<Value>, Refusal> {
    tracing::error!(reason, delivery = received.delivery, "an event is kept for an operator: see `babbage events list`");
    events::keep(&state.pool, received, trouble, reason, body).await.map_err(|_| Refusal::Unavailable)?;
    Ok(taken("kept"))
}

fn taken(outcome: &'static str) -> Json<Value> {
    metrics::counter!("babbage_webhooks", "outcome" => outcome).increment(1);
    Json(json!({ "status": "ok" }))
}
