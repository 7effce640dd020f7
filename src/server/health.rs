//! What operators ask: is it up, can it serve, how is it doing.

use axum::extract::State;
use axum::http::StatusCode;

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::state::AppState;
use crate::store;
use crate::store::probe::Readiness;

/// For how long a look at the database counts, however many ask.
const FRESH: Duration = Duration::from_secs(1);

/// The last look at the database.
#[derive(Debug, Default)]
pub struct LastLook(Mutex<Option<(Instant, Readiness)>>);

impl LastLook {
    /// How the database is. Who asks while somebody looks gets the same answer.
    async fn readiness(&self, pool: &sqlx::PgPool) -> Readiness {
        let mut last = self.0.lock().await;
        match *last {
            Some((at, readiness)) if at.elapsed() < FRESH => readiness,
            _ => {
                let readiness = store::probe::look(pool).await;
                *last = Some((Instant::now(), readiness));
                readiness
            }
        }
    }
}

/// `GET /healthz`: the process is up.
pub async fn show_health() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: it can serve. Says what is missing.
pub async fn show_readiness(State(state): State<AppState>) -> (StatusCode, String) {
    let unavailable = |reason: &str| (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n"));
    if state.stopping.is_cancelled() {
        return unavailable("stopping");
    }
    match state.last_look.readiness(&state.pool).await {
        // Losing the bus costs time, never a message: no reason to send people elsewhere.
        Readiness::Ready if !state.bus.is_connected() => {
            (StatusCode::OK, "ready\nbus: not connected; what happens at other servers shows up to a second later\n".to_owned())
        }
        Readiness::Ready => (StatusCode::OK, "ready\n".to_owned()),
        Readiness::MigrationsMissing => unavailable("database: migrations are missing; run `babbage migrate`"),
        Readiness::Unavailable(outage) => unavailable(&outage.to_string()),
    }
}

/// `GET /metrics`, for Prometheus.
pub async fn show_metrics(State(state): State<AppState>) -> String {
    metrics::gauge!("babbage_live_channels").set(f64::from(u32::try_from(state.hub.sockets()).unwrap_or(u32::MAX)));
    metrics::gauge!("babbage_database_connections").set(f64::from(state.pool.size()));
    // A database that does not answer is no reason to hide everything else.
    if let Ok(Ok(waiting)) = tokio::time::timeout(FRESH, store::events::counts(&state.pool)).await {
        for (outcome, count) in [("unreadable", waiting.unreadable), ("failed", waiting.failed)] {
            metrics::gauge!("babbage_events_waiting", "outcome" => outcome).set(f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
        }
    }
    state.metrics.render()
}
