//! The Conversations API as Ada documents it.
//!
//! Checks come in one order everywhere: 401 (key), 413 (size), 404 (who), 400 (shape), 422 (moment).

mod attachments;
mod body;
mod conversations;
mod draft;
mod end_users;
mod faulty;
mod handoff;
mod messages;
mod ticket;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{MethodRouter, get, patch, post};
use subtle::ConstantTimeEq as _;

pub use attachments::read_upload;
pub use body::JsonBody;

use super::error::ApiError;
use super::room::Sandbox;

/// Every path, with and without its final slash.
pub fn router(sandbox: &Arc<Sandbox>) -> Router<Arc<Sandbox>> {
    let routes: [(&str, MethodRouter<Arc<Sandbox>>); 9] = [
        ("/conversations", post(conversations::create_conversation)),
        ("/conversations/{id}", get(conversations::show_conversation).patch(conversations::update_conversation)),
        ("/conversations/{id}/messages", get(messages::list_messages).post(messages::create_message)),
        ("/conversations/{id}/end", post(conversations::end_conversation)),
        ("/conversations/{id}/end-handoff", post(handoff::end_handoff)),
        ("/conversations/{id}/handoff-queue", patch(handoff::update_queue)),
        (
            "/conversations/{id}/attachments",
            // It counts for itself.
            post(attachments::create_attachment).layer(DefaultBodyLimit::disable()),
        ),
        ("/end-users/{id}", get(end_users::show_end_user).patch(end_users::update_end_user)),
        ("/channels", get(conversations::list_channels)),
    ];
    routes
        .into_iter()
        .fold(Router::new(), |router, (path, methods)| router.route(path, methods.clone()).route(&format!("{path}/"), methods))
        .method_not_allowed_fallback(async || ApiError::wrong_method())
        .fallback(async || ApiError::no_route())
        .layer(middleware::from_fn_with_state(sandbox.clone(), require_key))
        .layer(middleware::from_fn_with_state(sandbox.clone(), faulty::meddle))
}

async fn require_key(State(sandbox): State<Arc<Sandbox>>, request: Request, next: Next) -> Result<Response, ApiError> {
    let key = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, key)| key.trim());
    let right = key.is_some_and(|key| key.as_bytes().ct_eq(sandbox.config.api_key.as_bytes()).into());
    if !right {
        return Err(ApiError::unauthorized());
    }
    Ok(next.run(request).await)
}
