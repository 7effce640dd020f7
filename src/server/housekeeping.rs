//! What a server does now and then.

use std::time::Duration;

use tower_sessions::session_store::ExpiredDeletion;

use super::secrets::SecretKey;
use super::state::AppState;
use crate::bus::{self, Wake};
use crate::store;

const SWEEP: Duration = Duration::from_secs(10 * 60);

/// Forgets what has expired, until the server stops.
pub async fn sweep(state: AppState) {
    let mut tick = tokio::time::interval(SWEEP);
    loop {
        tokio::select! {
            () = state.stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        if let Err(error) = state.sessions.delete_expired().await {
            tracing::warn!(%error, "could not delete expired sessions");
        }
        if let Err(error) = store::attempts::sweep(&state.pool).await {
            tracing::warn!(%error, "could not forget old tries to sign in");
        }
    }
}

/// Reads the AI agents anew when they change, until the server stops.
pub async fn follow_ai_agents(state: AppState, secret: SecretKey) {
    let mut wakes = state.bus.listen();
    loop {
        let wake = tokio::select! {
            () = state.stop.cancelled() => return,
            wake = bus::next(&mut wakes) => wake,
        };
        match wake {
            Some(Wake::AiAgents | Wake::Everything) => {
                if let Err(error) = state.tenants.reload(&state.pool, &state.config, &secret).await {
                    tracing::warn!(%error, "could not read the AI agents anew");
                }
            }
            Some(_) => {}
            None => return,
        }
    }
}
