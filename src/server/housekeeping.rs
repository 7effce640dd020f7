//! What a server does now and then.

use std::time::Duration;

use tower_sessions::session_store::ExpiredDeletion;

use super::secrets::SecretKey;
use super::state::AppState;
use crate::bus::{self, Wake};
use crate::store;

const SWEEP: Duration = Duration::from_secs(10 * 60);
/// Of how many handoffs changes are forgotten in one transaction, and the time between two.
const PRUNED_AT_ONCE: i64 = 50;
const PAUSE: Duration = Duration::from_millis(200);
/// For how many days calls that were made and events that were applied are kept, and how many are forgotten in one transaction.
const KEPT_DAYS: i32 = 30;
const FORGOTTEN_AT_ONCE: u64 = 1_000;
/// How often the AI agents are read anew even if nobody says that they changed.
const REREAD: Duration = Duration::from_secs(5 * 60);

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
        if let Err(error) = prune(&state).await {
            tracing::warn!(%error, "could not forget old changes");
        }
        if let Err(error) = forget(&state).await {
            tracing::warn!(%error, "could not forget what is done");
        }
        if let Err(error) = store::attempts::sweep(&state.pool).await {
            tracing::warn!(%error, "could not forget old tries to sign in");
        }
    }
}

/// Forgets changes that no browser comes back for, a little at a time.
async fn prune(state: &AppState) -> store::failure::Result<()> {
    let most = u64::try_from(PRUNED_AT_ONCE).unwrap_or(u64::MAX);
    while store::changes::prune(&state.pool, PRUNED_AT_ONCE).await? == most && !state.stopping.is_cancelled() {
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Forgets what is done and of no use any more, a little at a time.
async fn forget(state: &AppState) -> store::failure::Result<()> {
    let (pool, limit) = (&state.pool, i64::try_from(FORGOTTEN_AT_ONCE).unwrap_or(i64::MAX));
    loop {
        let forgotten = [
            store::deliveries::sweep(pool, KEPT_DAYS, limit).await?,
            store::events::sweep(pool, KEPT_DAYS, limit).await?,
            store::budget::sweep(pool, limit).await?,
        ];
        if forgotten.iter().all(|rows| *rows < FORGOTTEN_AT_ONCE) || state.stopping.is_cancelled() {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Reads the AI agents anew when they change, until the server stops; and now and then, should a wake-up have been lost.
pub async fn follow_ai_agents(state: AppState, secret: SecretKey) {
    let mut wakes = state.bus.listen();
    let mut reread = tokio::time::interval_at(tokio::time::Instant::now() + REREAD, REREAD);
    loop {
        let wake = tokio::select! {
            () = state.stop.cancelled() => return,
            wake = bus::next(&mut wakes) => wake,
            _ = reread.tick() => Some(Wake::AiAgents),
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
