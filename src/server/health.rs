//! What operators ask: is it up, can it serve, how is it doing.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::state::AppState;
use crate::store;

/// `GET /healthz`: the process is up.
pub async fn show_health() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: it can serve. Says what is missing.
pub async fn show_readiness(State(state): State<AppState>) -> impl IntoResponse {
    if state.stopping.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    match store::connect::is_ready(&state.pool).await {
        // Losing the bus costs time, never a message: no reason to send people elsewhere.
        Ok(true) if !state.bus.is_connected() => {
            (StatusCode::OK, "ready\nbus: not connected; what happens at other servers shows up to a second later\n")
        }
        Ok(true) => (StatusCode::OK, "ready\n"),
        Ok(false) => (StatusCode::SERVICE_UNAVAILABLE, "database: migrations are missing; run `babbage migrate`\n"),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "database: does not answer\n")
        }
    }
}

/// `GET /metrics`, for Prometheus.
pub async fn show_metrics(State(state): State<AppState>) -> String {
    metrics::gauge!("babbage_live_channels").set(f64::from(u32::try_from(state.hub.sockets()).unwrap_or(u32::MAX)));
    metrics::gauge!("babbage_database_connections").set(f64::from(state.pool.size()));
    state.metrics.render()
}
