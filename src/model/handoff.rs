//! A handoff: its states and moves, and what lists and panes show of it.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use time::OffsetDateTime;

use super::context::ContextEntry;
use super::ids::{AdaConversationId, AiAgentId, EndUserId, HandoffId};
use super::message::AuthorRole;
use super::metadata::Metadata;
use super::person::PersonRef;

/// Where a handoff stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ssr", derive(sqlx::Type))]
#[cfg_attr(feature = "ssr", sqlx(type_name = "text", rename_all = "snake_case"))]
pub enum HandoffState {
    /// In the queue.
    Waiting,
    /// With its owner.
    Active,
    /// The owner asked for the end; Ada has not confirmed it yet.
    Ending,
    /// Over, for good. The same conversation handed off again is a new handoff.
    Ended,
}

/// What can happen to a handoff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// Somebody takes it from the queue.
    Accept,
    /// The owner asks for the end.
    AskEnd,
    /// It is over, whoever said so.
    End,
}

/// A move that the state does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a handoff that is {from:?} cannot {wanted:?}")]
pub struct NotAllowed {
    pub from: HandoffState,
    pub wanted: Move,
}

impl HandoffState {
    /// The word used in SQL and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Active => "active",
            Self::Ending => "ending",
            Self::Ended => "ended",
        }
    }

    /// Where a move leads.
    pub fn after(self, wanted: Move) -> Result<Self, NotAllowed> {
        match (self, wanted) {
            (Self::Waiting, Move::Accept) => Ok(Self::Active),
            (Self::Active, Move::AskEnd) => Ok(Self::Ending),
            (Self::Waiting | Self::Active | Self::Ending, Move::End) => Ok(Self::Ended),
            (from, wanted) => Err(NotAllowed { from, wanted }),
        }
    }

    /// Whether it is not over.
    pub fn is_open(self) -> bool {
        self != Self::Ended
    }

    /// Whether its owner may write to the customer.
    pub fn takes_replies(self) -> bool {
        self == Self::Active
    }
}

/// Why a handoff is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ssr", derive(sqlx::Type))]
#[cfg_attr(feature = "ssr", sqlx(type_name = "text", rename_all = "snake_case"))]
pub enum EndCause {
    /// Its owner gave control back to the AI agent.
    ReturnedToAi,
    /// Its owner ended the whole conversation.
    ConversationEnded,
    /// Ada says that the customer ended the conversation.
    EndUser,
    /// Ada says that its system ended the conversation, by a time-out for example.
    AdaSystem,
    /// Ada says that a person ended it, but nobody of this desk did.
    HumanAgentElsewhere,
    /// Ada says that the handoff ended, and not who ended it: the customer, or Ada by itself.
    EndedAtAda,
    /// Ada refused a call because the handoff was over already.
    FoundOver,
}

impl EndCause {
    /// The word used in SQL and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReturnedToAi => "returned_to_ai",
            Self::ConversationEnded => "conversation_ended",
            Self::EndUser => "end_user",
            Self::AdaSystem => "ada_system",
            Self::HumanAgentElsewhere => "human_agent_elsewhere",
            Self::EndedAtAda => "ended_at_ada",
            Self::FoundOver => "found_over",
        }
    }
}

/// How the owner wants a handoff to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ssr", derive(sqlx::Type))]
#[cfg_attr(feature = "ssr", sqlx(type_name = "text", rename_all = "snake_case"))]
pub enum EndWay {
    /// Ends the handoff; the AI agent goes on with the customer.
    ReturnToAi,
    /// Ends the whole conversation.
    EndConversation,
}

impl EndWay {
    /// The cause that this leads to once Ada has confirmed it.
    pub fn cause(self) -> EndCause {
        match self {
            Self::ReturnToAi => EndCause::ReturnedToAi,
            Self::EndConversation => EndCause::ConversationEnded,
        }
    }
}

/// The end of a handoff: when, why and by whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    pub cause: EndCause,
    /// Who of this desk ended it.
    pub by: Option<PersonRef>,
    /// Ada's own words, if it gave any.
    pub detail: Option<String>,
}

/// Where a read from Ada stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ReadState {
    NotAsked,
    Loading,
    Complete,
    /// With the reason in words for the agent.
    Failed {
        reason: String,
    },
}

/// The last thing said in a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    pub author: AuthorRole,
    pub text: String,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// A handoff as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandoffSummary {
    pub id: HandoffId,
    /// The number of its last change: of two summaries of one handoff the one with the higher number is right.
    pub number: i64,
    pub state: HandoffState,
    /// The customer's name as far as it is known.
    pub customer: Option<String>,
    /// Why it was handed off, if the trigger says so.
    pub topic: Option<String>,
    /// The customer's language, if the trigger or Ada says so.
    pub language: Option<String>,
    /// The AI agent that handed it off.
    pub ai_agent: String,
    /// When the trigger came.
    #[serde(with = "time::serde::rfc3339")]
    pub handed_off_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub accepted_at: Option<OffsetDateTime>,
    pub owner: Option<PersonRef>,
    pub last: Option<Preview>,
    /// Since when the customer has waited for an answer; absent when the last word was ours.
    #[serde(with = "time::serde::rfc3339::option")]
    pub customer_waits_since: Option<OffsetDateTime>,
    /// How many replies have not left yet or failed.
    pub unsent: i32,
    pub ended: Option<Ended>,
    /// Its owner has put it out of their list.
    pub put_away: bool,
}

impl HandoffSummary {
    /// Whether it belongs in the queue.
    pub fn in_queue(&self) -> bool {
        self.state == HandoffState::Waiting
    }

    /// Whether it belongs in somebody's own list.
    pub fn in_list_of(&self, person: super::ids::PersonId) -> bool {
        self.owner.as_ref().is_some_and(|owner| owner.id == person) && !self.put_away
    }
}

/// What is known of the customer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndUser {
    pub id: Option<EndUserId>,
    pub name: Option<String>,
    pub email: Option<String>,
    pub language: Option<String>,
    /// Ada's metavariables. The customer's browser can set them: unverified.
    pub metavariables: Vec<ContextEntry>,
}

/// A handoff as its panes show it: everything but the messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandoffDetail {
    pub summary: HandoffSummary,
    pub ai_agent_id: AiAgentId,
    pub ai_agent_domain: String,
    pub conversation: AdaConversationId,
    /// The channel's name, such as "Chat", once a message told it.
    pub channel: Option<String>,
    pub end_user: EndUser,
    pub end_user_read: ReadState,
    /// What the trigger sent.
    pub context: Vec<ContextEntry>,
    /// The conversation's metadata at Ada.
    pub metadata: Metadata,
    pub metadata_read: ReadState,
    /// Why the last change of metadata did not reach Ada.
    pub metadata_problem: Option<String>,
    /// Whether a change of metadata is on its way to Ada.
    pub metadata_saving: bool,
    pub transcript_read: ReadState,
    pub outcome: Option<String>,
    pub note: Option<String>,
    /// Why the asked end has not happened yet, or what went wrong on the way to it.
    pub end_problem: Option<String>,
    /// How many handoffs this conversation had before this one.
    pub earlier_handoffs: i32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_is_over() {
        for wanted in [Move::Accept, Move::AskEnd, Move::End] {
            assert!(HandoffState::Ended.after(wanted).is_err(), "{wanted:?}");
        }
    }

    #[test]
    fn every_open_state_can_end_and_only_waiting_can_be_accepted() {
        for state in [HandoffState::Waiting, HandoffState::Active, HandoffState::Ending] {
            assert_eq!(state.after(Move::End), Ok(HandoffState::Ended));
            assert_eq!(state.after(Move::Accept).is_ok(), state == HandoffState::Waiting);
        }
    }
}
