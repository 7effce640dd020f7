//! The pages: the customer's chat, the control page and the survey. No inline script or style, nothing from elsewhere.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodRouter, get};
use serde::Deserialize;

use super::error::ApiError;
use super::room::Sandbox;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The pages and what they load.
pub fn router() -> Router<Arc<Sandbox>> {
    Router::new()
        .route("/", asset(HTML, include_str!("assets/index.html")))
        .route("/control", asset(HTML, include_str!("assets/control.html")))
        .route("/survey/{id}", asset(HTML, include_str!("assets/survey.html")).post(answer_survey))
        .route("/survey/thanks", asset(HTML, include_str!("assets/thanks.html")))
        .route("/assets/tokens.css", asset(CSS, include_str!("assets/tokens.css")))
        .route("/assets/shop.css", asset(CSS, include_str!("assets/shop.css")))
        .route("/assets/chat.css", asset(CSS, include_str!("assets/chat.css")))
        .route("/assets/control.css", asset(CSS, include_str!("assets/control.css")))
        .route("/assets/chat.js", asset(SCRIPT, include_str!("assets/chat.js")))
        .route("/assets/render.js", asset(SCRIPT, include_str!("assets/render.js")))
        .route("/assets/requests.js", asset(SCRIPT, include_str!("assets/requests.js")))
        .route("/assets/faults.js", asset(SCRIPT, include_str!("assets/faults.js")))
        .route("/assets/control.js", asset(SCRIPT, include_str!("assets/control.js")))
        .route("/favicon.ico", asset("image/svg+xml", include_str!("assets/icon.svg")))
        .route_layer(middleware::map_response(secure))
}

#[derive(Deserialize)]
struct Survey {
    score: u8,
}

async fn answer_survey(
    State(sandbox): State<Arc<Sandbox>>,
    Path(id): Path<String>,
    Form(survey): Form<Survey>,
) -> Result<Redirect, ApiError> {
    if !(1..=5).contains(&survey.score) {
        return Err(ApiError::fault("invalid survey", "$.score", "body", "Must be between 1 and 5"));
    }
    sandbox.change(&id, |conversation, _| {
        conversation.survey_score = Some(survey.score);
        Ok(())
    })?;
    Ok(Redirect::to("/survey/thanks"))
}

fn asset(kind: &'static str, text: &'static str) -> MethodRouter<Arc<Sandbox>> {
    let serve = move || async move { ([(header::CONTENT_TYPE, kind)], text).into_response() };
    get(serve)
}

async fn secure(mut response: Response) -> Response {
    let headers: [(HeaderName, &'static str); 4] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
