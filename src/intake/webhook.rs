//! `POST /webhooks/message`: Ada tells what happened.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use serde_json::{Value, json};

use super::batch::Entry;
use super::event::{Event, Says};
use super::inbox::NotTaken;
use super::refuse::Refusal;
use super::{apply, event, verify};
use crate::server::state::AppState;
use crate::server::tenants::AiAgent;
use crate::store::events::{self, Received, Trouble};
use crate::store::failure::Outage;

/// The largest body, in bytes.
pub const LIMIT: usize = 1024 * 1024;
/// How long an event that goes alone may take. Well within Svix's 15 seconds.
const PATIENCE: Duration = Duration::from_secs(6);

/// Takes one webhook. 200 once it is stored; what cannot be read or applied is kept for an operator and gets 200 as well, since
/// sending it again would not help.
pub async fn receive(State(state): State<AppState>, request: Request) -> Result<Json<Value>, Refusal> {
    let held = state.room.read(request, LIMIT).await?;
    let signers = verify::signers(&state.tenants, &held.headers, &held.bytes).inspect_err(|_| {
        count("refused");
        state.hearing.refused(&state.tenants, &held.bytes);
    })?;
    // Svix always sends an id, and signs it.
    let delivery = verify::delivery_id(&held.headers).ok_or(Refusal::NotSigned)?;

    let event = event::read(&held.bytes);
    let domain = event.as_ref().ok().and_then(|event| event.domain.as_deref());
    let Some(agent) = signers.iter().find(|agent| domain.is_none_or(|domain| domain.eq_ignore_ascii_case(&agent.domain))) else {
        return Ok(taken("ignored"));
    };
    let mut received = Received { ai_agent: agent.id, delivery, event_type: None, conversation: None };
    let event = match event {
        Ok(event) => event,
        Err(unreadable) => return keep(&state, received, Trouble::Unreadable, &unreadable.reason, &held.bytes).await,
    };
    state.hearing.heard(agent, &event);
    let (name, conversation) = (event.name.clone(), event.conversation().map(str::to_owned));
    (received.event_type, received.conversation) = (Some(name.as_str()), conversation.as_deref());

    match store(&state, agent, event, received).await {
        Ok(outcome) => Ok(taken(outcome)),
        Err(NotTaken::Unavailable(outage)) => {
            count("unavailable");
            Err(Refusal::Unavailable(outage))
        }
        Err(NotTaken::Failed(reason)) => keep(&state, received, Trouble::Failed, &reason, &held.bytes).await,
    }
}

/// Messages are stored in batches; everything else alone.
async fn store(state: &AppState, agent: &AiAgent, event: Event, received: Received<'_>) -> Result<&'static str, NotTaken> {
    match event.says {
        Says::Message(written) if apply::is_plain(agent, &written) => {
            let entry = Entry { ai_agent: agent.id, delivery: received.delivery.to_owned(), event_type: event.name, written };
            state.inbox.take(entry).await
        }
        _ => store_alone(state, agent, &event, received).await,
    }
}

async fn store_alone(state: &AppState, agent: &AiAgent, event: &Event, received: Received<'_>) -> Result<&'static str, NotTaken> {
    let applying = tokio::time::timeout(PATIENCE, apply::apply(&state.pool, agent, event, received));
    let applied = applying.await.map_err(|_| NotTaken::Unavailable(Outage::Busy))?.map_err(|error| match error.outage() {
        Some(outage) => {
            tracing::error!(%error, "an event could not be stored; Ada will send it again");
            NotTaken::Unavailable(outage)
        }
        None => NotTaken::Failed(error.to_string()),
    })?;
    for handoff in applied.handoffs {
        state.wake(handoff);
    }
    Ok(applied.outcome)
}

async fn keep(state: &AppState, received: Received<'_>, trouble: Trouble, reason: &str, body: &[u8]) -> Result<Json<Value>, Refusal> {
    let keeping = tokio::time::timeout(PATIENCE, events::keep(&state.pool, received, trouble, reason, body));
    keeping.await.map_err(|_| Refusal::Unavailable(Outage::Busy))?.map_err(|error| Refusal::from_store(&error))?;
    tracing::error!(reason, delivery = received.delivery, "an event is kept for an operator: see `babbage events list`");
    metrics::counter!("babbage_events_kept", "outcome" => trouble.as_str()).increment(1);
    Ok(taken("kept"))
}

fn taken(outcome: &'static str) -> Json<Value> {
    count(outcome);
    Json(json!({ "status": "ok" }))
}

fn count(outcome: &'static str) {
    metrics::counter!("babbage_webhooks", "outcome" => outcome).increment(1);
}
