//! What an event of Ada's says. Read leniently: every field but the ids is optional, unknown fields are ignored, and an event of an
//! unknown type is no fault.

use serde_json::Value;
use thiserror::Error;

use crate::ada::wire;
use crate::model::handoff::EndCause;
use crate::model::ids::{AdaConversationId, EndUserId};
use crate::model::metadata::Metadata;
use crate::model::stamp::Stamp;
use crate::store::conversations::Profile;
use crate::store::record::Incoming;

/// The longest identifier, in bytes: Ada's have a few dozen, and an index takes some thousand.
pub(super) const LONGEST_ID: usize = 512;

/// An event, as far as this version knows it.
#[derive(Clone, Debug)]
pub struct Event {
    /// Ada's word for its type.
    pub name: String,
    /// Which AI agent it is about; absent in some events.
    pub domain: Option<String>,
    /// When Ada made it.
    pub at: Option<Stamp>,
    pub says: Says,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Says {
    /// Something was written.
    Message(Box<Written>),
    HandoffEnded {
        conversation: AdaConversationId,
        integration: Option<String>,
    },
    ConversationEnded {
        conversation: AdaConversationId,
        cause: EndCause,
    },
    ConversationCreated {
        conversation: AdaConversationId,
        end_user: Option<EndUserId>,
        metadata: Option<Metadata>,
    },
    EndUser {
        end_user: EndUserId,
        profile: Profile,
    },
    /// A type that the desk has no use for, or does not know.
    Other,
}

/// A message in a conversation.
#[derive(Clone, Debug)]
pub struct Written {
    pub conversation: AdaConversationId,
    pub end_user: Option<EndUserId>,
    /// `None` is addressed to the AI agent.
    pub integration: Option<String>,
    pub channel: Option<String>,
    pub incoming: Incoming,
}

/// An event that cannot be read, with the reason for an operator. Says nothing of its content.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct Unreadable {
    pub reason: String,
}

impl Event {
    /// The conversation that it is about.
    pub fn conversation(&self) -> Option<&str> {
        match &self.says {
            Says::Message(written) => Some(written.conversation.as_str()),
            Says::HandoffEnded { conversation, .. }
            | Says::ConversationEnded { conversation, .. }
            | Says::ConversationCreated { conversation, .. } => Some(conversation.as_str()),
            Says::EndUser { .. } | Says::Other => None,
        }
    }
}

/// Reads an event from the bytes that were signed.
pub fn read(body: &[u8]) -> Result<Event, Unreadable> {
    let json: Value = serde_json::from_slice(body).map_err(|error| unreadable(&format!("not JSON: {}", place(&error))))?;
    let name = json["type"].as_str().ok_or_else(|| unreadable("type: missing or not text"))?;
    let data = &json["data"];
    let at = wire::stamp(&json["timestamp"]);
    let says = match name {
        "v1.conversation.message" => Says::Message(Box::new(written(data, at)?)),
        "v1.conversation.handoff.ended" => Says::HandoffEnded { conversation: conversation(data)?, integration: label(data) },
        "v1.conversation.ended" => Says::ConversationEnded { conversation: conversation(data)?, cause: ended_by(data) },
        "v1.conversation.created" => Says::ConversationCreated {
            conversation: conversation(data)?,
            end_user: end_user(data),
            metadata: data["metadata"].is_object().then(|| wire::metadata(&data["metadata"])),
        },
        "v1.end_user.created" | "v1.end_user.updated" => Says::EndUser {
            end_user: end_user(data).ok_or_else(|| unreadable("data.end_user_id: missing, not text or too long"))?,
            profile: profile(&data["profile"]),
        },
        _ => Says::Other,
    };
    Ok(Event { name: wire::clean(name), domain: wire::text(&data["ai_agent_domain"]), at, says })
}

fn written(data: &Value, at: Option<Stamp>) -> Result<Written, Unreadable> {
    let message = wire::message(data).ok_or_else(|| unreadable("data.message_id: missing or not text"))?;
    within(message.id.0.clone(), "data.message_id")?;
    Ok(Written {
        conversation: conversation(data)?,
        end_user: end_user(data).or_else(|| message.end_user.filter(|id| id.as_str().len() <= LONGEST_ID)),
        integration: label(data),
        channel: wire::text(&data["channel"]["name"]),
        incoming: Incoming {
            id: message.id,
            author: message.author,
            content: message.content,
            created_at: message.created_at,
            event_at: at,
            listed_at: None,
        },
    })
}

fn conversation(data: &Value) -> Result<AdaConversationId, Unreadable> {
    let id = wire::id(&data["conversation_id"]).ok_or_else(|| unreadable("data.conversation_id: missing or not text"))?;
    Ok(AdaConversationId(within(id, "data.conversation_id")?))
}

/// What is longer than any id of Ada's cannot be kept as one.
fn within(id: String, name: &str) -> Result<String, Unreadable> {
    if id.len() > LONGEST_ID { Err(unreadable(&format!("{name}: longer than {LONGEST_ID} bytes"))) } else { Ok(id) }
}

fn end_user(data: &Value) -> Option<EndUserId> {
    wire::id(&data["end_user_id"]).filter(|id| id.len() <= LONGEST_ID).map(EndUserId)
}

fn label(data: &Value) -> Option<String> {
    data["handoff_integration"].as_str().map(str::to_owned)
}

fn ended_by(data: &Value) -> EndCause {
    match data["ended_by"]["role"].as_str() {
        Some("end_user") => EndCause::EndUser,
        Some("human_agent") => EndCause::HumanAgentElsewhere,
        Some(_) => EndCause::AdaSystem,
        None => EndCause::EndedAtAda,
    }
}

/// What an end user's profile says, as the panes show it.
pub fn profile(profile: &Value) -> Profile {
    let said = |name: &str| wire::text(&profile[name]).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let full = [said("first_name"), said("last_name")].into_iter().flatten().collect::<Vec<_>>().join(" ");
    Profile {
        name: said("display_name").or_else(|| Some(full).filter(|name| !name.is_empty())),
        email: said("email"),
        language: said("language"),
        metavariables: crate::model::context::entries(&profile["metadata"])
            .into_iter()
            .map(|entry| crate::model::context::ContextEntry { name: wire::clean(&entry.name), value: wire::clean(&entry.value) })
            .collect(),
    }
}

fn unreadable(reason: &str) -> Unreadable {
    Unreadable { reason: reason.to_owned() }
}

/// Where JSON breaks off, without quoting it.
fn place(error: &serde_json::Error) -> String {
    format!("line {}, column {}", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_needs_its_ids_and_nothing_else() {
        let event = read(br#"{"type":"v1.conversation.message","data":{"message_id":"m","conversation_id":"c"}}"#).expect("readable");
        assert!(matches!(event.says, Says::Message(written) if written.integration.is_none() && written.incoming.event_at.is_none()));
        for (body, field) in [
            (r#"{"type":"v1.conversation.message","data":{"conversation_id":"c"}}"#, "message_id"),
            (r#"{"type":"v1.conversation.message","data":{"message_id":"m","conversation_id":[7]}}"#, "conversation_id"),
            (r#"{"type":"v1.conversation.handoff.ended"}"#, "conversation_id"),
            (r#"{"data":{}}"#, "type"),
            ("[", "JSON"),
        ] {
            let fault = read(body.as_bytes()).expect_err(body);
            assert!(fault.reason.contains(field), "{body}: {fault}");
        }
    }

    #[test]
    fn an_unknown_type_is_no_fault() {
        let event = read(br#"{"type":"v9.something.new","data":[1,2]}"#).expect("readable");
        assert!(matches!(event.says, Says::Other));
    }

    #[test]
    fn deep_nesting_is_unreadable_and_not_a_crash() {
        let body = format!(r#"{{"type":"v1.conversation.message","data":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert!(read(body.as_bytes()).is_err());
    }
}
