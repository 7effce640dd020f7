//! `POST /handoffs/start`: Ada hands a conversation over.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use serde_json::{Map, Value, json};

use super::event::LONGEST_ID;
use super::refuse::Refusal;
use super::verify;
use crate::ada::wire;
use crate::model::ids::{AdaConversationId, EndUserId};
use crate::server::state::AppState;
use crate::server::tenants::AiAgent;
use crate::store::failure::Outage;
use crate::store::handoffs::{self, Trigger};

/// The largest body, in bytes.
pub const LIMIT: usize = 64 * 1024;
/// How long the store may take. The customer waits for the answer.
const PATIENCE: Duration = Duration::from_secs(5);

const CONVERSATION: [&str; 2] = ["conversation_id", "ada_conversation_id"];
const END_USER: [&str; 2] = ["end_user_id", "ada_user_id"];
const DOMAIN: &str = "ai_agent_domain";

/// Opens a handoff and answers once it is stored. The same conversation again, while its handoff is open, is the same handoff.
pub async fn start_handoff(State(state): State<AppState>, request: Request) -> Result<Json<Value>, Refusal> {
    let agent = verify::trigger(&state.tenants, request.headers())?;
    let held = state.room.read(request, LIMIT).await?;
    let trigger = read(&agent, &held.bytes)?;
    let opening = tokio::time::timeout(PATIENCE, handoffs::open(&state.pool, &trigger));
    let (handoff, new) = opening.await.map_err(|_| Refusal::Unavailable(Outage::Busy))?.map_err(|error| {
        tracing::error!(%error, "a handoff could not be stored");
        Refusal::from_store(&error)
    })?;
    state.wake(handoff);
    metrics::counter!("babbage_triggers", "new" => if new { "yes" } else { "no" }).increment(1);
    tracing::info!(%handoff, new, "handoff started");
    Ok(Json(json!({ "status": "ok", "handoff_id": handoff })))
}

fn read(agent: &AiAgent, body: &[u8]) -> Result<Trigger, Refusal> {
    let malformed = |message: &str| Refusal::Malformed(message.to_owned());
    let Ok(Value::Object(mut fields)) = serde_json::from_slice::<Value>(body) else {
        return Err(malformed("body: a JSON object is needed, with at least `conversation_id`"));
    };
    let conversation = CONVERSATION
        .iter()
        .find_map(|name| identifier(&fields, name).transpose())
        .ok_or_else(|| malformed("conversation_id: missing; send the conversation's id as `conversation_id` or `ada_conversation_id`"))??;
    let end_user = END_USER.iter().find_map(|name| identifier(&fields, name).transpose()).transpose()?;
    if let Some(domain) = fields.get(DOMAIN).and_then(Value::as_str)
        && domain != agent.domain
    {
        // The key says whose trigger it is; a wrong domain in the body is worth a word to whoever set it up.
        tracing::warn!(expected = %agent.domain, "a trigger names another ai_agent_domain than its key belongs to");
    }
    for name in CONVERSATION.iter().chain(&END_USER).chain([&DOMAIN]) {
        fields.remove(*name);
    }
    Ok(Trigger {
        ai_agent: agent.id,
        conversation: AdaConversationId(conversation),
        end_user: end_user.map(EndUserId),
        context: Value::Object(fields.into_iter().filter(|(_, value)| says_something(value)).map(cleaned).collect()),
    })
}

/// An identifier under this name. Blank and null count as absent; anything but text is a fault.
fn identifier(fields: &Map<String, Value>, name: &str) -> Result<Option<String>, Refusal> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(id)) if id.trim().is_empty() => Ok(None),
        Some(Value::String(id)) if id.len() > LONGEST_ID => Err(Refusal::Malformed(format!("{name}: longer than {LONGEST_ID} bytes"))),
        Some(Value::String(id)) if id.contains('\0') => Err(Refusal::Malformed(format!("{name}: has a character that no id has"))),
        Some(Value::String(id)) => Ok(Some(id.trim().to_owned())),
        Some(_) => Err(Refusal::Malformed(format!("{name}: must be text"))),
    }
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.trim().is_empty(),
        _ => true,
    }
}

fn cleaned((name, value): (String, Value)) -> (String, Value) {
    let value = match value {
        Value::String(text) => Value::String(wire::clean(&text)),
        // Postgres refuses the character also where it is escaped.
        Value::Array(_) | Value::Object(_) => Value::String(wire::clean(&value.to_string().replace("\\u0000", "\u{fffd}"))),
        other => other,
    };
    (wire::clean(&name), value)
}
