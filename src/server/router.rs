//! Every route, in one place.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::http::header::{self, HeaderValue};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum_login::AuthManagerLayerBuilder;
use leptos::prelude::provide_context;
use leptos::server_fn::axum::server_fn_paths;
use leptos_axum::{AxumRouteListing, LeptosRoutes, generate_route_list_with_exclusions, handle_server_fns_with_context};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tower_sessions::cookie::time::Duration as CookieTime;
use tower_sessions::cookie::{Key, SameSite};
use tower_sessions::{Expiry, SessionManagerLayer};

use super::secrets::SecretKey;
use super::state::AppState;
use super::{health, security};
use crate::app::{App, shell};
use crate::intake::{availability, trigger, webhook};
use crate::live::socket;
use crate::model::problem::Problem;
use crate::people::session::Backend;

/// How long a session lasts: a long shift.
const SESSION: CookieTime = CookieTime::hours(12);
/// The most that a server function takes: a reply or an end with its note.
const FORM_LIMIT: usize = 256 * 1024;
/// After how long a request is given up. Well within Svix's 15 seconds.
const REQUEST_LIMIT: Duration = Duration::from_secs(12);

/// All routes of a server.
pub fn router(state: AppState, secret: &SecretKey) -> Router {
    let ada = Router::new()
        .route("/handoffs/start", post(trigger::start_handoff))
        .route("/webhooks/start-handoff", post(trigger::start_handoff))
        .route("/webhooks/message", post(webhook::receive))
        .route("/webhooks/events", post(webhook::receive))
        .route("/availability", get(availability::show_availability));
    let operators = Router::new()
        .route("/healthz", get(health::show_health))
        .route("/readyz", get(health::show_readiness))
        .route("/metrics", get(health::show_metrics));
    let timed = ServiceBuilder::new().layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, REQUEST_LIMIT));
    Router::new()
        .merge(ada.layer(timed.clone()))
        .merge(operators.layer(timed))
        .merge(people(&state, secret))
        .layer(CatchPanicLayer::new())
        .layer(middleware::from_fn_with_state(state.clone(), security::set_headers))
        .layer(TraceLayer::new_for_http().make_span_with(span))
        .with_state(state)
}

/// What browsers use: pages, server functions, the live channel, files.
fn people(state: &AppState, secret: &SecretKey) -> Router<AppState> {
    let secure = state.config.secure_cookies();
    let sessions = SessionManagerLayer::new(state.sessions.clone())
        .with_name(if secure { "__Host-babbage" } else { "babbage" })
        .with_secure(secure)
        .with_same_site(SameSite::Strict)
        .with_http_only(true)
        .with_path("/")
        .with_expiry(Expiry::OnInactivity(SESSION))
        .with_signed(Key::from(&secret.cookie_key()));
    let backend = Backend::new(state.pool.clone());
    let context = {
        let state = state.clone();
        move || provide_context(state.clone())
    };
    let options = state.leptos.clone();
    Router::new()
        .route("/live", get(socket::open_live))
        .route("/api/{*verb}", post(serve_function).layer(DefaultBodyLimit::max(FORM_LIMIT)))
        .leptos_routes_with_context(state, pages(), context, move || shell(options.clone()))
        .layer(AuthManagerLayerBuilder::new(backend, sessions).build())
        .layer(middleware::from_fn_with_state(state.clone(), security::check_origin))
        .merge(files(state))
}

/// The pages alone. Leptos would add a route for each server function, which would go before ours and know no limits.
fn pages() -> Vec<AxumRouteListing> {
    let verbs = server_fn_paths().map(|(path, _)| path.to_owned()).collect();
    generate_route_list_with_exclusions(App, Some(verbs))
}

async fn serve_function(State(state): State<AppState>, request: Request) -> Response {
    let answer = handle_server_fns_with_context(move || provide_context(state.clone()), request).await.into_response();
    if answer.status() == StatusCode::INTERNAL_SERVER_ERROR { with_status_of_problem(answer).await } else { answer }
}

/// What cannot be read is refused before the function itself runs, which would have set the status that goes with its problem.
async fn with_status_of_problem(answer: Response) -> Response {
    let (mut parts, body) = answer.into_parts();
    let Ok(body) = to_bytes(body, FORM_LIMIT).await else { return parts.status.into_response() };
    let problem: Option<Problem> = serde_json::from_slice(&body).ok();
    if let Some(status) = problem.and_then(|problem| StatusCode::from_u16(problem.status()).ok()) {
        parts.status = status;
    }
    Response::from_parts(parts, Body::from(body))
}

/// The files of the browser half, compressed when they were built. Those with a hash in their name never change. What is neither a
/// file nor a route is the page that says so.
fn files(state: &AppState) -> Router<AppState> {
    let root = state.leptos.site_root.to_string();
    let package = format!("{root}/{}", state.leptos.site_pkg_dir);
    let cached = |words| SetResponseHeaderLayer::overriding(header::CACHE_CONTROL, HeaderValue::from_static(words));
    let serve = |folder: &str| ServeDir::new(folder).append_index_html_on_directories(false).precompressed_br().precompressed_gzip();
    // Caches on the way must not give packed bytes to whoever did not ask for them.
    let varies = SetResponseHeaderLayer::overriding(header::VARY, HeaderValue::from_static("accept-encoding"));
    let hashed = ServiceBuilder::new().layer(varies.clone()).layer(cached("public, max-age=31536000, immutable")).service(serve(&package));
    let plain = ServiceBuilder::new().layer(varies).layer(cached("public, max-age=3600"));
    let missing = axum::routing::any(not_found).with_state(state.clone());
    Router::new()
        .nest_service(&format!("/{}", state.leptos.site_pkg_dir), hashed)
        .route_service("/favicon.svg", plain.clone().service(serve(&root)))
        .route_service("/favicon-waiting.svg", plain.service(serve(&root)))
        .fallback_service(serve(&root).call_fallback_on_method_not_allowed(true).fallback(missing))
}

async fn not_found(State(state): State<AppState>, request: Request) -> Response {
    let options = state.leptos.clone();
    let context = move || provide_context(state.clone());
    let page = leptos_axum::render_app_to_stream_with_context(context, move || shell(options.clone()));
    (StatusCode::NOT_FOUND, page(request).await).into_response()
}

/// What the log says of a request: no query (it may name a handoff) and no header.
fn span(request: &Request) -> tracing::Span {
    tracing::debug_span!("request", method = %request.method(), path = request.uri().path())
}
