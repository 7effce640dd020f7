//! What this server hears from webhooks, kept in memory and written down every few seconds: one update for each webhook would cost more
//! than the webhook.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde_json::Value;
use time::OffsetDateTime;

use crate::intake::event::{Event, Says};
use crate::model::ids::{AdaConversationId, AiAgentId};
use crate::model::message::AuthorRole;
use crate::server::tenants::{AiAgent, Tenants};
use crate::store::hearing::{Notes, OtherLabel};

/// How many messages with another label are kept to be looked at.
const LABELS: usize = 8;
/// What `babbage doctor` sends shows that the desk works, and nothing about Ada.
const DOCTOR: &str = "babbage.doctor";

/// Shared by all requests of a server.
#[derive(Clone, Debug, Default)]
pub struct Hearing(Arc<Mutex<HashMap<AiAgentId, Heard>>>);

#[derive(Debug, Default)]
struct Heard {
    heard: Option<Instant>,
    brought: Option<Instant>,
    refused_since: Option<Instant>,
    refused_last: Option<Instant>,
    refused: i32,
    other_labels: Vec<OtherLabel>,
}

impl Hearing {
    /// A rightly signed event came.
    pub fn heard(&self, agent: &AiAgent, event: &Event) {
        let (label, other) = match &event.says {
            Says::Other => return,
            Says::Message(written) => {
                let right = written.integration.as_deref() == Some(agent.integration.as_str());
                let by_customer = written.incoming.author.role == AuthorRole::EndUser;
                (right, (!right && by_customer).then(|| other_label(written)))
            }
            _ => (false, None),
        };
        let now = Instant::now();
        self.change(agent.id, |heard| {
            heard.heard = Some(now);
            (heard.refused_since, heard.refused_last, heard.refused) = (None, None, 0);
            if label {
                heard.brought = Some(now);
            }
            if let Some(other) = other
                && heard.other_labels.len() < LABELS
            {
                heard.other_labels.push(other);
            }
        });
    }

    /// Something came whose signature no secret made. It is counted for the AI agent that it names, or for the only one there is:
    /// anybody can send such a thing, so it proves nothing by itself.
    pub fn refused(&self, tenants: &Tenants, body: &[u8]) {
        let Ok(json) = serde_json::from_slice::<Value>(body) else { return };
        if json["type"].as_str().is_none_or(|name| name == DOCTOR) {
            return;
        }
        let agents = tenants.all();
        let domain = json["data"]["ai_agent_domain"].as_str();
        let named = agents.iter().find(|agent| domain.is_some_and(|domain| domain.eq_ignore_ascii_case(&agent.domain)));
        let Some(agent) = named.or_else(|| if domain.is_none() && agents.len() == 1 { agents.first() } else { None }) else { return };
        let now = Instant::now();
        self.change(agent.id, |heard| {
            heard.refused_since.get_or_insert(now);
            heard.refused_last = Some(now);
            heard.refused = heard.refused.saturating_add(1);
        });
    }

    /// What has been heard since this was last asked.
    pub fn take(&self) -> Vec<(AiAgentId, Notes)> {
        let taken = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let age = |at: Option<Instant>| at.map(|at| at.elapsed());
        taken
            .into_iter()
            .map(|(agent, heard)| {
                let notes = Notes {
                    heard: age(heard.heard),
                    brought: age(heard.brought),
                    refused_since: age(heard.refused_since),
                    refused_last: age(heard.refused_last),
                    refused: heard.refused,
                    other_labels: heard.other_labels,
                };
                (agent, notes)
            })
            .collect()
    }

    fn change(&self, agent: AiAgentId, change: impl FnOnce(&mut Heard)) {
        change(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(agent).or_default());
    }
}

fn other_label(written: &crate::intake::event::Written) -> OtherLabel {
    let at = written.incoming.created_at.or(written.incoming.event_at);
    OtherLabel {
        label: written.integration.clone(),
        conversation: AdaConversationId::clone(&written.conversation),
        at: at.map_or_else(OffsetDateTime::now_utc, |stamp| stamp.at),
    }
}
