//! What Ada answers, by its reference.

use std::time::Instant;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::ada::{Conversation, FakeAda, Fault, Seen, When};
use super::desk::API_KEY;
use super::event;

const LIMIT: usize = 1024 * 1024;

pub(super) async fn answer(State(ada): State<FakeAda>, request: Request) -> Response {
    let at = Instant::now();
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, LIMIT).await.expect("a body");
    let authorization = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let seen = Seen {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        authorization,
        at,
    };
    let planned = ada.note(seen.clone());
    match planned {
        None => effect(&ada, &seen),
        Some(planned) if planned.when == When::Before => match fault(planned.fault).await {
            Some(response) => response,
            None => effect(&ada, &seen),
        },
        Some(planned) => {
            let done = effect(&ada, &seen);
            fault(planned.fault).await.unwrap_or(done)
        }
    }
}

/// What the fault answers; nothing if it only held the call up.
async fn fault(fault: Fault) -> Option<Response> {
    match fault {
        Fault::Answer { status, headers, body } => {
            let mut response = say(status, &body);
            for (name, value) in headers {
                response.headers_mut().insert(name, value.parse().expect("a header"));
            }
            Some(response)
        }
        Fault::Break => {
            let broken = futures::stream::once(async { Err::<Vec<u8>, _>(std::io::Error::other("broken by the test")) });
            let response = Response::builder().status(200).header(header::CONTENT_LENGTH, 1_000).body(Body::from_stream(broken));
            Some(response.expect("a response"))
        }
        Fault::Hold(gate) => {
            gate.pass().await;
            None
        }
    }
}

fn effect(ada: &FakeAda, seen: &Seen) -> Response {
    if seen.authorization != format!("Bearer {API_KEY}") {
        return refuse(401, "Invalid API key");
    }
    let segments: Vec<_> = seen.path.trim_start_matches("/api/v2/").trim_end_matches('/').split('/').collect();
    match (seen.method.as_str(), segments.as_slice()) {
        ("GET", ["end-users", id]) => match ada.state().end_users.get(*id) {
            Some(user) => say(200, user),
            None => refuse(404, "End user not found"),
        },
        (method, ["conversations", id, rest @ ..]) => conversation(ada, method, id, rest, seen),
        _ => refuse(404, "No such path"),
    }
}

fn conversation(ada: &FakeAda, method: &str, id: &str, rest: &[&str], seen: &Seen) -> Response {
    let mut state = ada.state();
    if !state.conversations.contains_key(id) {
        return refuse(404, "Conversation not found");
    }
    if (method, rest) == ("POST", &["messages"]) {
        state.posted += 1;
    }
    let (page_size, next_page, renames, number) = (state.page_size, state.next_page.clone(), state.renames, state.posted);
    let conversation = state.conversations.get_mut(id).expect("just looked");
    match (method, rest) {
        ("GET", []) => say(200, &shown(id, conversation)),
        ("PATCH", []) => {
            for (name, value) in seen.body["metadata"].as_object().cloned().unwrap_or_default() {
                if value.is_null() {
                    conversation.metadata.remove(&name);
                } else {
                    conversation.metadata.insert(name, value);
                }
            }
            say(200, &shown(id, conversation))
        }
        ("GET", ["messages"]) => {
            let from = seen.query.split('&').find_map(|pair| pair.strip_prefix("cursor=")?.parse().ok()).unwrap_or(0_usize);
            let to = (from + page_size).min(conversation.messages.len());
            let next = next_page.or_else(|| {
                let address = format!("{}/v2/conversations/{id}/messages/?cursor={to}", ada.base_url());
                (to < conversation.messages.len()).then_some(address)
            });
            say(200, &json!({ "data": conversation.messages[from.min(to)..to], "meta": { "next_page_url": next } }))
        }
        ("POST", ["messages"]) => post(conversation, id, seen, number, renames),
        ("POST", ["end-handoff"]) if !conversation.with_people => refuse(422, "The conversation is not in a handoff"),
        ("POST", ["end-handoff"]) => {
            conversation.with_people = false;
            say(200, &json!({ "message": "Handoff ended successfully." }))
        }
        ("POST", ["end"]) if conversation.ended => refuse(400, "Conversation is expired"),
        ("POST", ["end"]) => {
            conversation.with_people = false;
            conversation.ended = true;
            say(200, &json!({ "message": "Conversation ended successfully." }))
        }
        _ => refuse(404, "No such path"),
    }
}

fn post(conversation: &mut Conversation, id: &str, seen: &Seen, number: usize, renames: bool) -> Response {
    if conversation.ended {
        return refuse(400, "Conversation is expired");
    }
    if !conversation.with_people {
        return refuse(422, "The conversation is not in a handoff");
    }
    let (posted, listed) = (format!("sent-{number}"), format!("{}-{number}", if renames { "listed" } else { "sent" }));
    let now = event::stamp(OffsetDateTime::now_utc());
    let (author, content) = (&seen.body["author"], &seen.body["content"]);
    conversation.messages.push(json!({
        "type": "message_logs", "message_id": listed, "created_at": now, "author": author, "content": content,
    }));
    say(201, &json!({ "id": posted, "conversation_id": id, "author": author, "content": content, "created_at": now, "updated_at": now }))
}

fn shown(id: &str, conversation: &Conversation) -> Value {
    json!({
        "id": id,
        "channel_id": "chat",
        "end_user_id": "user-1",
        "status": if conversation.ended { "ended" } else { "active" },
        "created_at": "2026-10-20T09:00:00+00:00",
        "updated_at": "2026-10-20T09:00:00+00:00",
        "metadata": conversation.metadata,
    })
}

fn refuse(status: u16, message: &str) -> Response {
    say(status, &json!({ "errors": [{ "type": "some_error", "message": message, "details": null }] }))
}

fn say(status: u16, body: &Value) -> Response {
    (StatusCode::from_u16(status).expect("a status"), axum::Json(body)).into_response()
}
