//! What the parts of a server share.

use std::sync::Arc;

use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use metrics_exporter_prometheus::PrometheusHandle;
use sqlx::PgPool;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tower_sessions_sqlx_store::PostgresStore;

use super::config::Config;
use super::health::LastLook;
use super::tenants::Tenants;
use crate::bus::{Bus, Wake};
use crate::intake::body::Room;
use crate::intake::inbox::Inbox;
use crate::live::hub::Hub;
use crate::model::ids::HandoffId;
use crate::outbox::budget::Budget;
use crate::readback::Hearing;

/// Shared by every request and task of a server. Cheap to clone; holds no fact that is not in Postgres too.
#[derive(Clone)]
pub struct AppState {
    pub config: Arc<Config>,
    pub pool: PgPool,
    pub sessions: PostgresStore,
    pub tenants: Tenants,
    pub bus: Bus,
    pub hub: Hub,
    /// Where Ada's messages wait for their commit.
    pub inbox: Inbox,
    /// What Ada's requests may take up while they are under way.
    pub room: Room,
    /// Turns at Ada, shared with the other servers.
    pub budget: Budget,
    pub last_look: Arc<LastLook>,
    /// What webhooks bring.
    pub hearing: Hearing,
    /// Rung when something is owed to Ada.
    pub owed: Arc<Notify>,
    pub leptos: LeptosOptions,
    pub metrics: PrometheusHandle,
    /// The server was asked to stop: it takes no new work, and tells browsers to come back.
    pub stopping: CancellationToken,
    /// The server stops: a moment later, so that load balancers have seen it coming.
    pub stop: CancellationToken,
}

impl AppState {
    /// A handoff changed, and something may be owed to Ada for it. Call it after the commit.
    pub fn wake(&self, handoff: HandoffId) {
        self.bus.wake(Wake::Handoff(handoff));
        self.owed.notify_one();
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}
