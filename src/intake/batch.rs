//! Many messages in one transaction. What it leaves behind is what [`super::apply`] would leave one by one.

use std::collections::HashSet;

use sqlx::{Connection, PgConnection};

use super::apply::told;
use super::event::Written;
use crate::model::change::{Change, Numbered};
use crate::model::ids::{AiAgentId, HandoffId};
use crate::store::changes::{self, What};
use crate::store::conversations::{self, Named};
use crate::store::events::{self, Received};
use crate::store::failure::{Result, StoreError};
use crate::store::lock;
use crate::store::record::fresh::{self, Fresh};
use crate::store::record::{self, Incoming, Place};

/// A message of the customer or the AI agent, with the delivery that brought it. Replies of people go their own way: they may be the echo
/// of one of ours.
#[derive(Clone, Debug)]
pub struct Entry {
    pub ai_agent: AiAgentId,
    pub delivery: String,
    pub event_type: String,
    pub written: Box<Written>,
}

impl Entry {
    /// Whose transcript it belongs to.
    pub fn conversation(&self) -> Named {
        (self.ai_agent, self.written.conversation.clone())
    }

    fn received(&self) -> Received<'_> {
        Received {
            ai_agent: self.ai_agent,
            delivery: &self.delivery,
            event_type: Some(&self.event_type),
            conversation: Some(self.written.conversation.as_str()),
        }
    }
}

/// What came of a batch.
#[derive(Debug)]
pub struct Batch {
    /// For each entry, in the order given: `applied` or `repeated`.
    pub outcomes: Vec<&'static str>,
    /// The handoffs that have new changes, with those that are at hand: in order and without holes, but perhaps not all.
    pub changed: Vec<(HandoffId, Vec<Numbered>)>,
}

/// Applies all entries or none. Rows are locked in one order: deliveries, conversations, their handoffs. `patient` waits longer
/// for rows that others hold.
pub async fn apply(conn: &mut PgConnection, entries: &[&Entry], patient: bool) -> Result<Batch> {
    let mut tx = conn.begin().await?;
    if patient {
        lock::wait_longer(&mut tx).await?;
    }
    let received: Vec<_> = entries.iter().map(|entry| entry.received()).collect();
    let begun = events::begin(&mut tx, &received).await?;
    let new: Vec<_> = entries.iter().zip(&begun).filter(|(_, begun)| **begun).map(|(entry, _)| *entry).collect();
    let outcomes = begun.iter().map(|begun| if *begun { "applied" } else { "repeated" }).collect();
    if new.is_empty() {
        return Ok(Batch { outcomes, changed: Vec::new() });
    }
    let changed = keep(&mut tx, &new).await?;
    tx.commit().await?;
    Ok(Batch { outcomes, changed })
}

async fn keep(conn: &mut PgConnection, entries: &[&Entry]) -> Result<Vec<(HandoffId, Vec<Numbered>)>> {
    let conversations: Vec<_> = entries.iter().map(|entry| told(entry.ai_agent, &entry.written)).collect();
    let kept = conversations::lock_or_create_all(conn, &conversations).await?;
    let ids: Vec<_> = kept.values().map(|kept| kept.id.0).collect();
    let latest = lock::latest_all(conn, &ids).await?;

    let mut placed: Vec<(Place<'_>, &Incoming)> = Vec::with_capacity(entries.len());
    for entry in entries {
        let conversation = kept.get(&entry.conversation()).ok_or(StoreError::NotFound)?.id;
        let place = Place { ai_agent: entry.ai_agent, conversation, latest: latest.get(&conversation) };
        placed.push((place, &entry.written.incoming));
    }
    // A message that is told several times in one batch: the first makes the row, the others complete it.
    let mut seen = HashSet::new();
    let (first, mut again): (Vec<_>, Vec<_>) =
        placed.into_iter().partition(|(place, incoming)| seen.insert((place.conversation, incoming.id.clone())));

    let mut changed = Changed::default();
    for (fresh, known) in fresh::insert(conn, &first).await?.into_iter().zip(first) {
        match fresh {
            Some(fresh) => changed.add_fresh(fresh),
            None => again.push(known),
        }
    }
    for (place, incoming) in again {
        if record::message(conn, place, incoming).await?
            && let Some(latest) = place.latest
        {
            changed.add(latest.handoff);
        }
    }
    for learned in kept.values().filter(|kept| kept.learned) {
        if let Some(latest) = latest.get(&learned.id) {
            changes::append(conn, latest.handoff, What::Handoff).await?;
            changed.add(latest.handoff);
        }
    }
    Ok(changed.0)
}

/// Handoffs in the order in which they were first mentioned.
#[derive(Default)]
struct Changed(Vec<(HandoffId, Vec<Numbered>)>);

impl Changed {
    fn add(&mut self, handoff: HandoffId) -> &mut Vec<Numbered> {
        let at = self.0.iter().position(|(known, _)| *known == handoff).unwrap_or_else(|| {
            self.0.push((handoff, Vec::new()));
            self.0.len() - 1
        });
        &mut self.0[at].1
    }

    fn add_fresh(&mut self, fresh: Fresh) {
        if let Some((handoff, number)) = fresh.change {
            let change = Change::Message { message: Box::new(fresh.message) };
            self.add(handoff).push(Numbered { handoff, number, change });
        }
    }
}
