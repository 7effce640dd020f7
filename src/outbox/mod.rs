//! To Ada: the calls that are owed, when they are made, and what comes of them.
//!
//! Only this part decides when Ada is called. A call is owed in the transaction that wants it, claimed under a lease that any server can
//! take over, and settled together with the facts that it changes. Within a lane of a conversation calls are made one after the other.
//! Every call waits for its turn in the AI agent's [`budget`]; one whose turn is far off is put back untouched.
//!
//! Ada has no idempotency key. After an answer that does not tell (a time-out, a fault of Ada's, a crash on our side) the
//! conversation is read back before a reply is sent again; if even that cannot tell, the agent decides ([`doubt`]).

mod backoff;
pub mod budget;
mod context;
pub mod doubt;
mod end;
mod hold;
mod metadata;
mod read_back;
mod reply;
mod stopped;
mod transcript;
mod turn_words;
mod under_way;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use self::hold::{Held, Hold, LEASE};
use self::stopped::{Result, Stopped};
use self::under_way::UnderWay;
use crate::ada;
use crate::readback::Pace;
use crate::server::state::AppState;
use crate::store;
use crate::store::deliveries::{self, Claimed, Kind};
use crate::store::{postpone, settle};

/// How often the store is asked even if nobody rings: what other servers owed, and leases that ran out.
const LOOK: Duration = Duration::from_millis(500);

/// Makes the calls that are owed until the server stops; then finishes those under way.
pub async fn run(state: AppState) {
    let mut calls = JoinSet::new();
    let under_way = UnderWay::default();
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut due = None;
    loop {
        tokio::select! {
            () = state.stopping.cancelled() => break,
            () = state.owed.notified() => {}
            _ = look.tick() => {}
            // What was told to wait is made when its time comes, not some time after.
            () = async { tokio::time::sleep(due.unwrap_or_default()).await }, if due.is_some() => {}
            // A finished call may have freed its lane.
            Some(_) = calls.join_next() => {}
        }
        while calls.try_join_next().is_some() {}
        let asked = Instant::now();
        match deliveries::claim_within(&state.pool, LEASE, &under_way.room(&state.budget)).await {
            Ok(claimed) => {
                for delivery in claimed {
                    let place = under_way.begin(delivery.ai_agent, delivery.class);
                    let state = state.clone();
                    calls.spawn(async move {
                        make(state, delivery, Hold::since(asked)).await;
                        drop(place);
                    });
                }
            }
            Err(error) => tracing::warn!(%error, "could not look up what is owed to Ada"),
        }
        due = deliveries::due_in(&state.pool).await.ok().flatten().filter(|due| *due < LOOK);
    }
    while calls.join_next().await.is_some() {}
}

async fn make(state: AppState, claimed: Claimed, hold: Hold) {
    let (pool, handoff) = (&state.pool, claimed.handoff);
    let stopped = tokio::select! {
        made = attempt(&state, &claimed, &hold) => made.err(),
        () = hold.keep(pool, &claimed) => {
            tracing::warn!(delivery = %claimed.id, kind = claimed.kind.as_str(), "its lease was lost; whoever takes it looks first");
            None
        }
    };
    let given_back = match stopped {
        None => Ok(()),
        Some(Stopped::NotNow { wait, words }) => postpone::not_now(pool, &claimed, wait, &words).await,
        Some(Stopped::Store(error)) => {
            // Nothing was written: whoever claims it next knows that this attempt was begun.
            tracing::warn!(%error, delivery = %claimed.id, kind = claimed.kind.as_str(), "what came of a call could not be stored");
            deliveries::give_back(pool, &claimed, doubt::first_look()).await
        }
    };
    if let Err(error) = given_back {
        tracing::warn!(%error, delivery = %claimed.id, "it waits until its lease runs out");
    }
    state.wake(handoff);
}

async fn attempt(state: &AppState, claimed: &Claimed, hold: &Hold) -> Result<()> {
    let gate = Arc::new(Held { gate: state.budget.gate(claimed.ai_agent, claimed.class), hold: hold.clone() });
    let Some(client) = state.tenants.by_id(claimed.ai_agent).and_then(|agent| agent.client.as_ref().map(|client| client.through(gate)))
    else {
        return without_key(state, claimed).await;
    };
    if let Some(not_now) = state.budget.not_now(claimed.ai_agent, claimed.class) {
        return Err(not_now.into());
    }
    let ada = Ada { client, state };
    match claimed.kind {
        Kind::Reply => reply::send(&ada, claimed).await,
        Kind::Metadata => metadata::write(&ada, claimed).await,
        Kind::EndHandoff | Kind::EndConversation => end::end(&ada, claimed).await,
        Kind::ReadTranscript => transcript::read(&ada, claimed).await,
        Kind::ReadContext => context::read(&ada, claimed).await,
        Kind::ReadBack => read_back::read(&ada, claimed).await,
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

    fn pace(&self) -> Pace {
        self.state.config.readback
    }
}

/// The AI agent has no key any more: what is owed fails with that reason, an end is tried again later.
async fn without_key(state: &AppState, claimed: &Claimed) -> Result<()> {
    const WORDS: &str = "The desk has no key for this AI agent. An administrator must connect it again.";
    let pool = &state.pool;
    match claimed.kind {
        Kind::Reply => reply::failed(pool, claimed, WORDS).await?,
        Kind::Metadata => settle::metadata_failed(pool, claimed, WORDS, None).await?,
        Kind::EndHandoff | Kind::EndConversation => settle::end_later(pool, claimed, Duration::from_secs(60), WORDS).await?,
        Kind::ReadTranscript | Kind::ReadContext => settle::read_failed(pool, claimed, WORDS, None).await?,
        Kind::ReadBack => store::read_back::failed(pool, claimed, WORDS, None, false).await?,
    }
    Ok(())
}
