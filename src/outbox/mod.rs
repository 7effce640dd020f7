//! To Ada: the calls that are owed, when they are made, and what comes of them.
//!
//! Only this part decides when Ada is called. A call is owed in the transaction that wants it, claimed under a lease that any server can
//! take over, and settled together with the facts that it changes. Within a lane of a conversation calls are made one after the other.
//!
//! Ada has no idempotency key. After an answer that does not tell (a time-out, a fault of Ada's, a crash on our side) the
//! conversation is read back before a reply is sent again; if even that cannot tell, the agent decides.

mod backoff;
mod context;
mod end;
mod metadata;
mod reply;
mod transcript;

use std::time::Duration;

use tokio::task::JoinSet;

use crate::ada;
use crate::server::state::AppState;
use crate::store::deliveries::{self, Claimed, Kind};
use crate::store::failure::Result;
use crate::store::settle;

/// How long a claim holds without a word: longer than any single call to Ada may take.
const LEASE: Duration = Duration::from_secs(45);
/// How many calls a server has under way at once.
const AT_ONCE: usize = 16;
/// How often the store is asked even if nobody rings: what other servers owed, and leases that ran out.
const LOOK: Duration = Duration::from_millis(500);

/// Makes the calls that are owed until the server stops; then finishes those under way.
pub async fn run(state: AppState) {
    let mut calls = JoinSet::new();
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = state.stopping.cancelled() => break,
            () = state.owed.notified() => {}
            _ = look.tick() => {}
            // A finished call may have freed its lane.
            Some(_) = calls.join_next() => {}
        }
        while calls.try_join_next().is_some() {}
        let free = i64::try_from(AT_ONCE.saturating_sub(calls.len())).unwrap_or(0);
        if free == 0 {
            continue;
        }
        match deliveries::claim(&state.pool, LEASE, free).await {
            Ok(claimed) => {
                for delivery in claimed {
                    calls.spawn(make(state.clone(), delivery));
                }
            }
            Err(error) => tracing::warn!(%error, "could not look up what is owed to Ada"),
        }
    }
    while calls.join_next().await.is_some() {}
}

async fn make(state: AppState, claimed: Claimed) {
    let handoff = claimed.handoff;
    if let Err(error) = attempt(&state, &claimed).await {
        // Nothing was written: whoever claims it next knows that this attempt was begun.
        tracing::warn!(%error, delivery = %claimed.id, kind = claimed.kind.as_str(), "what came of a call could not be stored");
        if let Err(error) = deliveries::give_back(&state.pool, &claimed, backoff::after(claimed.attempts)).await {
            tracing::warn!(%error, delivery = %claimed.id, "it waits until its lease runs out");
        }
    }
    state.wake(handoff);
}

async fn attempt(state: &AppState, claimed: &Claimed) -> Result<()> {
    let Some(client) = state.tenants.by_id(claimed.ai_agent).and_then(|agent| agent.client.clone()) else {
        return without_key(state, claimed).await;
    };
    let ada = Ada { client, state };
    match claimed.kind {
        Kind::Reply => reply::send(&ada, claimed).await,
        Kind::Metadata => metadata::write(&ada, claimed).await,
        Kind::EndHandoff | Kind::EndConversation => end::end(&ada, claimed).await,
        Kind::ReadTranscript => transcript::read(&ada, claimed).await,
        Kind::ReadContext => context::read(&ada, claimed).await,
    }
}

/// The tenant's client, and where to write what came of a call.
struct Ada<'a> {
    client: ada::Client,
    state: &'a AppState,
}

impl Ada<'_> {
    fn pool(&self) -> &sqlx::PgPool {
        &self.state.pool
    }
}

/// The AI agent has no key any more: what is owed fails with that reason, an end is tried again later.
async fn without_key(state: &AppState, claimed: &Claimed) -> Result<()> {
    const WORDS: &str = "The desk has no key for this AI agent. An administrator must connect it again.";
    let pool = &state.pool;
    match claimed.kind {
        Kind::Reply => reply::failed(pool, claimed, WORDS).await,
        Kind::Metadata => settle::metadata_failed(pool, claimed, WORDS, None).await,
        Kind::EndHandoff | Kind::EndConversation => settle::end_later(pool, claimed, Duration::from_secs(60), WORDS).await,
        Kind::ReadTranscript | Kind::ReadContext => settle::read_failed(pool, claimed, WORDS, None).await,
    }
}
