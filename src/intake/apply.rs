//! What an event changes: everything in one transaction, with the note that this delivery has been applied.

use sqlx::{PgConnection, PgPool};

use super::event::{Event, Says, Written};
use super::order::{self, Belongs, Candidates};
use crate::model::handoff::EndCause;
use crate::model::ids::{AdaConversationId, AiAgentId, EndUserId, HandoffId};
use crate::model::message::AuthorRole;
use crate::model::metadata::Metadata;
use crate::model::stamp::Stamp;
use crate::server::tenants::AiAgent;
use crate::store::changes::{self, What};
use crate::store::conversations::{self, Profile, Told};
use crate::store::events::{self, Received};
use crate::store::failure::Result;
use crate::store::handoffs::{self, End};
use crate::store::lock;
use crate::store::read_back;
use crate::store::record::{self, Place};

/// What came of an event.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The handoffs that have new changes.
    pub handoffs: Vec<HandoffId>,
    /// For the count: `applied`, `repeated` or `ignored`.
    pub outcome: &'static str,
}

/// Applies an event once. One for others, or of a type that the desk has no use for, changes nothing.
pub async fn apply(pool: &PgPool, agent: &AiAgent, event: &Event, received: Received<'_>) -> Result<Applied> {
    if !concerns(agent, &event.says) {
        return Ok(Applied { handoffs: Vec::new(), outcome: "ignored" });
    }
    let mut tx = pool.begin().await?;
    if events::begin(&mut tx, &[received]).await? != [true] {
        return Ok(Applied { handoffs: Vec::new(), outcome: "repeated" });
    }
    let handoffs = change(&mut tx, agent, event).await?;
    tx.commit().await?;
    Ok(Applied { handoffs, outcome: "applied" })
}

/// Whether a message can be stored together with others: it is for this desk, and it cannot be the echo of a reply of ours.
pub fn is_plain(agent: &AiAgent, written: &Written) -> bool {
    written.integration.as_deref() == Some(agent.integration.as_str()) && written.incoming.author.role != AuthorRole::HumanAgent
}

/// Whether an event is this desk's business. Labels match exactly; an end without a label is judged by its conversation.
fn concerns(agent: &AiAgent, says: &Says) -> bool {
    match says {
        Says::Message(written) => written.integration.as_deref() == Some(agent.integration.as_str()),
        Says::HandoffEnded { integration, .. } => integration.as_deref().is_none_or(|label| label == agent.integration),
        Says::ConversationEnded { .. } | Says::ConversationCreated { .. } | Says::EndUser { .. } => true,
        Says::Other => false,
    }
}

async fn change(conn: &mut PgConnection, agent: &AiAgent, event: &Event) -> Result<Vec<HandoffId>> {
    match &event.says {
        Says::Message(written) => keep_message(conn, agent, written).await,
        Says::HandoffEnded { conversation, .. } => end_handoff(conn, agent, conversation, event.at).await,
        Says::ConversationEnded { conversation, cause } => end_conversation(conn, agent, conversation, *cause, event.at).await,
        Says::ConversationCreated { conversation, end_user, metadata } => {
            know_conversation(conn, agent, conversation, end_user.as_ref(), metadata.as_ref()).await
        }
        Says::EndUser { end_user, profile } => know_end_user(conn, agent, end_user, profile).await,
        Says::Other => Ok(Vec::new()),
    }
}

/// A message that comes before its trigger makes its conversation known; the handoff finds it there.
async fn keep_message(conn: &mut PgConnection, agent: &AiAgent, written: &Written) -> Result<Vec<HandoffId>> {
    let kept = conversations::lock_or_create(conn, told(agent.id, written)).await?;
    let latest = lock::latest(conn, kept.id).await?;
    let place = Place { ai_agent: agent.id, conversation: kept.id, latest: latest.as_ref() };
    let changed = record::message(conn, place, &written.incoming).await?;
    if kept.learned
        && let Some(latest) = &latest
    {
        changes::append(conn, latest.handoff, What::Handoff).await?;
    }
    Ok(latest.filter(|_| changed || kept.learned).map(|latest| latest.handoff).into_iter().collect())
}

/// What a message tells of its conversation.
pub(super) fn told(ai_agent: AiAgentId, written: &Written) -> Told {
    Told { ai_agent, ada: written.conversation.clone(), end_user: written.end_user.clone(), channel: written.channel.clone() }
}

async fn end_handoff(
    conn: &mut PgConnection,
    agent: &AiAgent,
    conversation: &AdaConversationId,
    at: Option<Stamp>,
) -> Result<Vec<HandoffId>> {
    let Some(conversation) = conversations::lock_known(conn, agent.id, conversation).await? else { return Ok(Vec::new()) };
    let Some(latest) = lock::latest(conn, conversation).await? else { return Ok(Vec::new()) };
    let before = handoffs::before(conn, &latest).await?;
    let candidates = Candidates {
        latest_began: before.map_or(latest.handed_off_at, |before| before.latest_began),
        earlier_has_event: before.map(|before| before.end_event_seen),
    };
    let said_at = at.map(|stamp| stamp.at);
    let end = End { cause: EndCause::EndedAtAda, by: None, detail: None, from_event: true, said_at };
    let meant = match (order::belongs(said_at, candidates), before) {
        (Belongs::Earlier, Some(before)) if before.handoff == latest.handoff => {
            handoffs::note_earlier_end(conn, &latest).await?;
            return Ok(Vec::new());
        }
        (Belongs::Earlier, Some(before)) => lock::handoff(conn, before.handoff).await?,
        _ => latest,
    };
    let changed = handoffs::end(conn, &meant, &end).await?;
    Ok(if changed { vec![meant.handoff] } else { Vec::new() })
}

async fn end_conversation(
    conn: &mut PgConnection,
    agent: &AiAgent,
    conversation: &AdaConversationId,
    cause: EndCause,
    at: Option<Stamp>,
) -> Result<Vec<HandoffId>> {
    let Some(conversation) = conversations::lock_known(conn, agent.id, conversation).await? else { return Ok(Vec::new()) };
    let said_at = at.map(|stamp| stamp.at);
    conversations::mark_ended(conn, conversation, cause, said_at).await?;
    let Some(latest) = lock::latest(conn, conversation).await? else { return Ok(Vec::new()) };
    let began = handoffs::before(conn, &latest).await?.map_or(latest.handed_off_at, |before| before.latest_began);
    if latest.state.is_open() && agent.client.is_some() && said_at.is_some_and(|at| order::is_before(at, began)) {
        // Ada has handed the conversation off since: only Ada can tell whether it is over.
        read_back::want_check(conn, conversation).await?;
        return Ok(Vec::new());
    }
    let end = End { cause, by: None, detail: None, from_event: false, said_at };
    let changed = handoffs::end(conn, &latest, &end).await?;
    Ok(if changed { vec![latest.handoff] } else { Vec::new() })
}

/// New conversations are Ada's business until they are handed off; one that is known already may learn more.
async fn know_conversation(
    conn: &mut PgConnection,
    agent: &AiAgent,
    conversation: &AdaConversationId,
    end_user: Option<&EndUserId>,
    metadata: Option<&Metadata>,
) -> Result<Vec<HandoffId>> {
    let Some(known) = conversations::lock_known(conn, agent.id, conversation).await? else { return Ok(Vec::new()) };
    let told = Told { ai_agent: agent.id, ada: conversation.clone(), end_user: end_user.cloned(), channel: None };
    conversations::lock_or_create(conn, told).await?;
    if let Some(metadata) = metadata {
        conversations::keep_first_metadata(conn, known, metadata).await?;
    }
    tell_latest(conn, known).await
}

async fn know_end_user(conn: &mut PgConnection, agent: &AiAgent, end_user: &EndUserId, profile: &Profile) -> Result<Vec<HandoffId>> {
    let mut told = Vec::new();
    for conversation in conversations::lock_open_of(conn, agent.id, end_user).await? {
        conversations::keep_profile(conn, conversation, profile).await?;
        told.extend(tell_latest(conn, conversation).await?);
    }
    Ok(told)
}

async fn tell_latest(conn: &mut PgConnection, conversation: crate::model::ids::ConversationId) -> Result<Vec<HandoffId>> {
    let Some(latest) = lock::latest(conn, conversation).await? else { return Ok(Vec::new()) };
    changes::append(conn, latest.handoff, What::Handoff).await?;
    Ok(vec![latest.handoff])
}
