//! What can happen to a conversation, whoever makes it happen: the API, the customer or the AI agent.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::conversation::{AI_AGENT, Author, Channel, Content, Conversation, END_USER, HUMAN_AGENT, Message, Queue, State};
use super::end_user::EndUser;
use super::error::ApiError;
use super::events::Event;
use super::room::Sandbox;

/// A conversation to start.
pub struct Start {
    pub channel: &'static Channel,
    pub end_user: Who,
    pub topic: String,
    pub metadata: Map<String, Value>,
}

/// With whom.
pub enum Who {
    New(EndUser),
    Known(String),
}

impl Sandbox {
    /// Starts a conversation; the AI agent greets soon after. Answers with the conversation as the API shows it.
    ///
    /// # Errors
    /// 404 when the end user is not known.
    pub fn start(self: &Arc<Self>, start: Start) -> Result<Value, ApiError> {
        let mut world = self.world();
        let end_user_id = match start.end_user {
            Who::New(end_user) => {
                let id = end_user.id.clone();
                world.insert_end_user(end_user);
                id
            }
            Who::Known(id) => world.end_user(&id)?.id.clone(),
        };
        let conversation = Conversation::new(start.channel, end_user_id, start.topic, start.metadata);
        let id = conversation.id.clone();
        let shown = conversation.to_json();
        self.deliveries.send(Event::created(&conversation, &self.config.domain));
        world.insert(conversation);
        drop(world);
        self.tell();
        self.greet(id);
        Ok(shown)
    }

    /// Adds a message of the customer or of a person. The AI agent hears what customers say to it.
    ///
    /// # Errors
    /// 404; 400 once the conversation has ended; 422 for a person outside a handoff.
    pub fn post(self: &Arc<Self>, id: &str, author: Author, content: Content) -> Result<Message, ApiError> {
        self.change(id, |conversation, events| {
            if conversation.is_ended() {
                return Err(ApiError::expired());
            }
            if author.role == HUMAN_AGENT && conversation.handoff().is_none() {
                return Err(ApiError::not_in_handoff());
            }
            let from_customer = author.role == END_USER;
            let message = self.add(conversation, author, content, events);
            if from_customer && matches!(conversation.state, State::Ai) {
                self.hear(conversation, &message.content);
            }
            Ok(message)
        })
    }

    /// Adds a message that the AI agent does not answer by itself.
    ///
    /// # Errors
    /// 404; 400 once the conversation has ended.
    pub fn post_unheard(&self, id: &str, author: Author, content: Content) -> Result<Message, ApiError> {
        self.change(id, |conversation, events| {
            if conversation.is_ended() {
                return Err(ApiError::expired());
            }
            Ok(self.add(conversation, author, content, events))
        })
    }

    /// Adds a message of the AI agent, unless the conversation has meanwhile left it.
    pub fn say(&self, id: &str, content: Content) {
        let said = self.change(id, |conversation, events| {
            if matches!(conversation.state, State::Ai | State::Asking) {
                self.add(conversation, Author::ai(), content, events);
            }
            Ok(())
        });
        debug_assert!(said.is_ok(), "the AI agent only speaks in conversations that exist");
    }

    /// Gives the conversation back to the AI agent, which then speaks again.
    ///
    /// # Errors
    /// 404; 422 outside a handoff.
    pub fn leave_handoff(self: &Arc<Self>, id: &str) -> Result<(), ApiError> {
        let met_a_person = self.change(id, |conversation, events| {
            let handoff = conversation.leave_handoff().ok_or_else(ApiError::not_in_handoff)?;
            events.push(self.handoff_ended(conversation));
            Ok(handoff.joined.is_some())
        })?;
        self.come_back(id.to_owned(), met_a_person);
        Ok(())
    }

    /// Ends the conversation, and its handoff first. `by` is an `ended_by` role; none means that the API did it.
    ///
    /// # Errors
    /// 404; 400 when it had ended before.
    pub fn end(&self, id: &str, by: Option<&'static str>) -> Result<(), ApiError> {
        self.change(id, |conversation, events| {
            if conversation.is_ended() {
                return Err(ApiError::expired());
            }
            let mut by = by.unwrap_or("system");
            if conversation.leave_handoff().is_some() {
                events.push(self.handoff_ended(conversation));
                if by == "system" {
                    by = HUMAN_AGENT;
                }
            }
            conversation.end();
            events.push(Event::ended(conversation, by, &self.config.domain));
            Ok(())
        })
    }

    /// Shows the waiting banner.
    ///
    /// # Errors
    /// 404; 422 outside a handoff, once a person has joined, and where there is no chat widget.
    pub fn show_queue(&self, id: &str, queue: Queue) -> Result<(), ApiError> {
        self.change(id, |conversation, _| {
            let chat = conversation.channel.is_chat();
            let State::Handoff(handoff) = &mut conversation.state else {
                return Err(ApiError::not_in_handoff());
            };
            if !chat {
                return Err(ApiError::no_banner("This channel does not show a handoff queue"));
            }
            if handoff.joined.is_some() {
                return Err(ApiError::no_banner("A human agent has already joined"));
            }
            handoff.queue = Some(queue);
            Ok(())
        })
    }

    fn add(&self, conversation: &mut Conversation, author: Author, content: Content, events: &mut Vec<Event>) -> Message {
        debug_assert!([AI_AGENT, END_USER, HUMAN_AGENT].contains(&author.role));
        let message = conversation.add(author, content, &self.config.integration);
        events.push(Event::message(conversation, &message, &self.files, &self.config.domain));
        message
    }

    fn handoff_ended(&self, conversation: &Conversation) -> Event {
        Event::handoff_ended(conversation, &self.config.integration, &self.config.domain)
    }
}
