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
    let _ = tokio::time::timeout(FRESH, measure_store(&state)).await;
    for (ai_agent, class, waiting) in state.budget.waiting() {
        if let Some(agent) = state.tenants.by_id(ai_agent) {
            metrics::gauge!("babbage_ada_calls_waiting", "ai_agent" => agent.domain.clone(), "class" => class.as_str())
                .set(number(waiting));
        }
    }
    state.metrics.render()
}

/// What the store knows of the events that wait and of the calls to Ada.
async fn measure_store(state: &AppState) {
    if let Ok(waiting) = store::events::counts(&state.pool).await {
        for (outcome, count) in [("unreadable", waiting.unreadable), ("failed", waiting.failed)] {
            metrics::gauge!("babbage_events_waiting", "outcome" => outcome).set(number(count));
        }
    }
    for agent in state.tenants.all() {
        let Ok(remaining) = store::budget::remaining(&state.pool, agent.id).await else { continue };
        let (used, limits) = (remaining.used, remaining.limits);
        for (window, used, limit) in
            [("second", used.second, limits.per_second), ("minute", used.minute, limits.per_minute), ("day", used.day, limits.per_day)]
        {
            metrics::gauge!("babbage_ada_budget_used", "ai_agent" => agent.domain.clone(), "window" => window).set(number(used));
            metrics::gauge!("babbage_ada_budget_limit", "ai_agent" => agent.domain.clone(), "window" => window).set(f64::from(limit));
        }
    }
}

fn number(count: impl TryInto<u32>) -> f64 {
    f64::from(count.try_into().unwrap_or(u32::MAX))
}
