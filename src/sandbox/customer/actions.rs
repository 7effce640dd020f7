//! What a customer can do, and a few things that only tests do.

use std::sync::Arc;

use axum::Json;
use axum::extract::multipart::{Multipart, MultipartRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::{Answer, samples};
use crate::sandbox::api::{JsonBody, read_upload};
use crate::sandbox::conversation::{AI_AGENT, Author, Channel, Content, END_USER, HUMAN_AGENT, SYSTEM};
use crate::sandbox::end_user::EndUser;
use crate::sandbox::error::ApiError;
use crate::sandbox::events::{Event, When};
use crate::sandbox::moves::{Start, Who};
use crate::sandbox::room::Sandbox;
use crate::sandbox::script::CONNECTING;

type Created = Result<(StatusCode, Json<Value>), ApiError>;

/// What the button "Talk to a person" says.
const ASK: &str = "I'd like to talk to a person, please.";

/// `POST conversations`: what is not given comes from a sample customer.
pub async fn start_conversation(State(sandbox): State<Arc<Sandbox>>, body: JsonBody) -> Created {
    let body = body.object_or_empty()?;
    let sample = samples::pick(sandbox.world().count());
    let word = |key: &str, fallback: &str| match body.get(key) {
        None | Some(Value::Null) => Ok(fallback.to_owned()),
        Some(Value::String(word)) => Ok(word.trim().to_owned()),
        Some(_) => Err(refuse(&format!("$.{key}"), "Must be a string")),
    };
    let channel_id = word("channel", "chat")?;
    let channel = Channel::find(&channel_id).ok_or_else(|| refuse("$.channel", "Must be chat, email, voice or sandbox-custom"))?;
    let metadata = match body.get("metadata") {
        None | Some(Value::Null) => sample.metadata(),
        Some(Value::Object(metadata)) => metadata.clone(),
        Some(_) => return Err(refuse("$.metadata", "Must be an object")),
    };
    let (name, email) = if body.contains_key("name") {
        (word("name", "")?, word("email", "")?)
    } else {
        (sample.name.to_owned(), word("email", sample.email)?)
    };
    let conversation = sandbox.start(Start {
        channel,
        end_user: Who::New(EndUser::new(&name, &email, &word("language", sample.language)?)),
        topic: word("topic", "")?,
        metadata,
    })?;
    let made = json!({ "conversation_id": conversation["id"], "end_user_id": conversation["end_user_id"] });
    Ok((StatusCode::CREATED, Json(made)))
}

/// `POST conversations/{id}/say`.
pub async fn say_text(State(sandbox): State<Arc<Sandbox>>, Path(id): Path<String>, body: JsonBody) -> Created {
    sandbox.world().find(&id)?;
    let text = required(&body.object()?, "text")?;
    say(&sandbox, &id, Content::text(&text))
}

/// `POST conversations/{id}/link`.
pub async fn say_link(State(sandbox): State<Arc<Sandbox>>, Path(id): Path<String>, body: JsonBody) -> Created {
    sandbox.world().find(&id)?;
    let body = body.object()?;
    let url = required(&body, "url")?;
    let link_text = body.get("link_text").and_then(Value::as_str).unwrap_or(&url);
    say(&sandbox, &id, Content::link(&url, link_text))
}

/// `POST conversations/{id}/file`: any type, so that unusual ones can be tried.
pub async fn send_file(
    State(sandbox): State<Arc<Sandbox>>,
    Path(id): Path<String>,
    multipart: Result<Multipart, MultipartRejection>,
) -> Created {
    sandbox.world().find(&id)?;
    let upload = read_upload(multipart).await?;
    let mime_type = if upload.mime_type.is_empty() { "application/octet-stream".to_owned() } else { upload.mime_type };
    let file = sandbox.files.keep(&mime_type, upload.data);
    let url = sandbox.files.link(&file, &upload.filename);
    let content = Content::File { id: file, mime_type, filename: upload.filename };
    let (status, Json(mut made)) = say(&sandbox, &id, content)?;
    made["url"] = json!(url);
    Ok((status, Json(made)))
}

/// `POST conversations/{id}/ask-person`: the customer asks, the AI agent fires the trigger; answers when that is over.
pub async fn ask_person(State(sandbox): State<Arc<Sandbox>>, Path(id): Path<String>, body: JsonBody) -> Answer {
    sandbox.world().find(&id)?;
    let body = body.object_or_empty()?;
    let text = body.get("text").and_then(Value::as_str).unwrap_or(ASK);
    let author = customer(&sandbox, &id)?;
    sandbox.post_unheard(&id, author, Content::text(text))?;
    sandbox.say(&id, Content::text(CONNECTING));
    sandbox.ask_for_person(&id).await;
    state_of(&sandbox, &id)
}

/// `POST conversations/{id}/end-handoff`.
pub async fn end_handoff(State(sandbox): State<Arc<Sandbox>>, Path(id): Path<String>, body: JsonBody) -> Answer {
    sandbox.leave_handoff(&id, by(&body)?)?;
    state_of(&sandbox, &id)
}

/// `POST conversations/{id}/close`.
pub async fn close_chat(State(sandbox): State<Arc<Sandbox>>, Path(id): Path<String>, body: JsonBody) -> Answer {
    sandbox.end(&id, Some(by(&body)?))?;
    state_of(&sandbox, &id)
}

/// `POST conversations/{id}/raw`.
pub async fn send_raw(State(sandbox): State<Arc<Sandbox>>, Path(id): Path<String>, body: JsonBody) -> Created {
    sandbox.world().find(&id)?;
    let body = body.object()?;
    let content = body.get("content").ok_or_else(|| refuse("$.content", "Field required"))?;
    let author = match body.get("author") {
        None | Some(Value::Null) => Author::ai(),
        Some(author) => raw_author(&sandbox, &id, author)?,
    };
    let message = sandbox.post_unheard(&id, author, Content::Json(content.clone()))?;
    Ok((StatusCode::CREATED, Json(json!({ "message_id": message.id }))))
}

/// `POST emit`.
pub async fn emit_event(State(sandbox): State<Arc<Sandbox>>, body: JsonBody) -> Created {
    let body = body.object()?;
    let kind = required(&body, "type")?;
    let data = body.get("data").cloned().unwrap_or_default();
    let at = match body.get("timestamp").and_then(Value::as_str) {
        Some(text) => When::Text(text.to_owned()),
        None => When::Clock(sandbox.now()),
    };
    let svix_id = sandbox.deliveries.send(Event::new(&kind, data, at));
    sandbox.tell();
    Ok((StatusCode::CREATED, Json(json!({ "svix_id": svix_id }))))
}

/// `POST resend/{svix_id}`.
pub async fn resend_delivery(State(sandbox): State<Arc<Sandbox>>, Path(svix_id): Path<String>) -> Created {
    if !sandbox.deliveries.resend(&svix_id) {
        return Err(ApiError::not_found("Delivery", &svix_id));
    }
    Ok((StatusCode::ACCEPTED, Json(json!({ "svix_id": svix_id }))))
}

fn say(sandbox: &Arc<Sandbox>, id: &str, content: Content) -> Created {
    let author = customer(sandbox, id)?;
    let message = sandbox.post(id, author, content)?;
    Ok((StatusCode::CREATED, Json(json!({ "message_id": message.id }))))
}

fn customer(sandbox: &Sandbox, id: &str) -> Result<Author, ApiError> {
    let world = sandbox.world();
    let conversation = world.find(id)?;
    Ok(world.end_user(&conversation.end_user_id)?.author())
}

fn raw_author(sandbox: &Sandbox, id: &str, author: &Value) -> Result<Author, ApiError> {
    let role = match author["role"].as_str() {
        Some(END_USER) => return customer(sandbox, id),
        Some(HUMAN_AGENT) => HUMAN_AGENT,
        Some(AI_AGENT) => AI_AGENT,
        _ => {
            return Err(refuse("$.author.role", "Must be end_user, ai_agent or human_agent"));
        }
    };
    Ok(Author { role, display_name: author["display_name"].as_str().map(str::to_owned), ..Author::ai() })
}

/// Who ends something: the customer, or Ada itself when nobody did anything for long.
fn by(body: &JsonBody) -> Result<&'static str, ApiError> {
    match body.object_or_empty()?.get("by").map(Value::as_str) {
        None | Some(Some(END_USER)) => Ok(END_USER),
        Some(Some(SYSTEM)) => Ok(SYSTEM),
        Some(_) => Err(refuse("$.by", "Must be end_user or system")),
    }
}

fn state_of(sandbox: &Sandbox, id: &str) -> Answer {
    let world = sandbox.world();
    Ok(Json(json!({ "state": world.find(id)?.state.name() })))
}

fn required(body: &Map<String, Value>, key: &str) -> Result<String, ApiError> {
    body.get(key)
        .and_then(Value::as_str)
        .filter(|word| !word.trim().is_empty())
        .map(str::to_owned)
        .ok_or_else(|| refuse(&format!("$.{key}"), "Field required"))
}

fn refuse(parameter: &str, why: &str) -> ApiError {
    ApiError::fault("invalid request", parameter, "body", why)
}
