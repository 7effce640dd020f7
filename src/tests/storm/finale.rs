//! After the storm: everything is up, and everything that was begun comes to its end.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use babbage::model::change::OpenHandoff;
use babbage::model::ids::HandoffId;
use babbage::model::message::Message;
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use super::agents::Agent;
use super::customers::{Sandbox, say};
use super::journal::Journal;
use super::ledger::{self, Ledgers, Lists};
use super::session::{Session, Trouble};

const LOOK: Duration = Duration::from_millis(300);
/// How long the calm may take: longer than the lease of a call that a killed desk had under way.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long pages may take to show what there is.
const PAGES: Duration = Duration::from_secs(20);

/// What was lost on the way arrives, and what is under way ends.
pub async fn deliver_the_rest(sandbox: &Sandbox) {
    sandbox.post("recover", &json!({})).await;
    until("every webhook is delivered", async || {
        let state = sandbox.get("faults/state").await;
        (state["pending_deliveries"] == 0).then_some(()).ok_or_else(|| state.to_string())
    })
    .await;
}

/// Each customer who is with a person says one more thing: nobody may be stuck.
pub async fn customers_speak_last(sandbox: &Sandbox) {
    let conversations = sandbox.get("conversations").await;
    for conversation in conversations["conversations"].as_array().into_iter().flatten().filter(|entry| entry["state"] == "handoff") {
        let id = conversation["conversation_id"].as_str().unwrap_or_default();
        say(sandbox, id, &format!("last of {id}")).await;
    }
}

/// Nothing waits, nothing is under way, and every agent has said their last word. What does not come to rest is found by the checker.
pub async fn come_to_rest(pool: &PgPool, journal: &Journal) {
    until("the desk is at rest", async || {
        let spoken: Vec<Uuid> = journal.last_words().iter().map(|handoff| handoff.0).collect();
        let restless: i64 = sqlx::query_scalar(
            "select (select count(*) from handoffs where state in ('waiting', 'ending') or (state = 'active' and handoff_id <> all($1)))
                + (select count(*) from deliveries where finished_at is null)
                + (select count(*) from messages where state in ('queued', 'sending') and discarded_at is null)",
        )
        .bind(&spoken)
        .fetch_one(pool)
        .await
        .map_err(|error| error.to_string())?;
        if restless == 0 { Ok(()) } else { Err(format!("{restless} things are not at rest: {:?}", ledger::owed(pool).await)) }
    })
    .await;
}

/// Reads the three ledgers. Pages have a moment to catch up; what they then show counts.
pub async fn read_ledgers(pool: &PgPool, sandbox: &Sandbox, agents: &[Agent], supervisor: &Session, journal: &Journal) -> Ledgers {
    let mut ledgers = Ledgers { ada: ledger::of_ada(&sandbox.get("ledger").await), ..Ledgers::default() };
    ledgers.told = ledger::told(&sandbox.get("deliveries?type=v1.conversation.message").await, &ledgers.ada);
    ledger::of_postgres(pool, &mut ledgers).await;
    ledgers.accepts = journal.accepts();
    ledgers.replies = journal.replies();

    let started = Instant::now();
    let mut fresh: HashMap<Uuid, OpenHandoff> = HashMap::new();
    for handoff in ledgers.handoffs.iter().filter(|handoff| handoff.latest) {
        if let Some(open) = load(supervisor, HandoffId(handoff.id)).await {
            fresh.insert(handoff.id, open);
        }
    }
    for open in fresh.values() {
        ledgers.pages.push(ledger::page("a page loaded anew".to_owned(), open));
    }
    for agent in agents {
        let name = &agent.session.me.name;
        let shown = loop {
            let tabs = agent.tabs();
            let same = |(id, open): (&HandoffId, &Option<OpenHandoff>)| {
                fresh.get(&id.0).is_none_or(|fresh| open.as_ref().is_some_and(|open| same_transcript(open, fresh)))
            };
            if tabs.iter().all(same) || started.elapsed() > PAGES {
                break tabs;
            }
            tokio::time::sleep(LOOK).await;
        };
        for (id, open) in shown {
            match open {
                Some(open) => ledgers.pages.push(ledger::page(format!("the page of {name}"), &open)),
                None if fresh.contains_key(&id.0) => {
                    ledgers.pages.push(ledger::Page { whose: format!("the empty page of {name}"), handoff: id.0, lines: Vec::new() });
                }
                None => {}
            }
        }
        ledgers.lists.push(lists(agent, started).await);
    }
    ledgers
}

/// Equal but for the revisions, which only decide between two copies of one message.
fn same_transcript(one: &OpenHandoff, other: &OpenHandoff) -> bool {
    let pairs = one.timeline.messages().iter().zip(other.timeline.messages());
    one.timeline.messages().len() == other.timeline.messages().len()
        && pairs.into_iter().all(|(one, other)| *one == Message { revision: one.revision, ..other.clone() })
}

async fn lists(agent: &Agent, started: Instant) -> Lists {
    loop {
        let shown: Vec<_> = agent.lists.borrow().iter().map(entry).collect();
        let fresh = agent.session.desk().await.map(|desk| desk.handoffs.iter().map(entry).collect::<Vec<_>>());
        if let Ok(mut fresh) = fresh {
            let mut sorted = shown.clone();
            sorted.sort();
            fresh.sort();
            if sorted == fresh || started.elapsed() > PAGES {
                return Lists { whose: agent.session.me.name.clone(), shown, fresh };
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn entry(summary: &babbage::model::handoff::HandoffSummary) -> (Uuid, i64, String) {
    (summary.id.0, summary.number, summary.state.as_str().to_owned())
}

async fn load(session: &Session, handoff: HandoffId) -> Option<OpenHandoff> {
    for _ in 0..20 {
        match session.load(handoff).await {
            Ok(snapshot) => return Some(snapshot.into()),
            Err(Trouble::NotNow) => tokio::time::sleep(LOOK).await,
            Err(Trouble::Refused(problem)) => panic!("a supervisor may not read {handoff}: {problem}"),
        }
    }
    None
}

/// Waits for a condition; says so when it does not come, and goes on: the checker decides what that means.
async fn until(what: &str, mut look: impl AsyncFnMut() -> Result<(), String>) {
    let started = Instant::now();
    let mut last = String::new();
    loop {
        match look().await {
            Ok(()) if last.is_empty() => return,
            Ok(()) => return println!("  {:.1} s until {what}; last: {last}", started.elapsed().as_secs_f64()),
            Err(words) if started.elapsed() > PATIENCE => return println!("  waited {PATIENCE:?} in vain until {what}: {words}"),
            Err(words) => last = words,
        }
        tokio::time::sleep(LOOK).await;
    }
}
