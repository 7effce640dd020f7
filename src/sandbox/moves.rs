//! What can happen to a conversation, whoever makes it happen: the API, the customer or the AI agent.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::conversation::{AI_AGENT, Author, Channel, Content, Conversation, END_USER, HUMAN_AGENT, Message, Queue, SYSTEM, State};
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
        let conversation = Conversation::new(start.channel, end_user_id, start.topic, start.metadata, self.now());
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

    /// Gives the conversation back to the AI agent, which then speaks again. `by` is an `ended_by` role.
    ///
    /// # Errors
    /// 404; 422 outside a handoff.
    pub fn leave_handoff(self: &Arc<Self>, id: &str, by: &'static str) -> Result<(), ApiError> {
        let met_a_person = self.change(id, |conversation, events| {
            let handoff = conversation.leave_handoff(by, self.now()).ok_or_else(ApiError::not_in_handoff)?;
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
            // The API's call during a handoff is a person's.
            let by = by.unwrap_or(if conversation.handoff().is_some() { HUMAN_AGENT } else { SYSTEM });
            if conversation.leave_handoff(by, self.now()).is_some() {
                events.push(self.handoff_ended(conversation));
            }
            conversation.end(self.now());
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

    /// Adds a message of the customer that already carries the label, while the desk has not yet heard of the handoff.
    pub fn say_early(&self, id: &str, author: Author, content: Content) -> Result<Option<String>, ApiError> {
        self.change(id, |conversation, _| {
            let message = conversation.add(author, content, Some(&self.config.integration), self.now());
            Ok(self.deliveries.send(Event::message(conversation, &message, &self.files, &self.config.domain)))
        })
    }

    fn add(&self, conversation: &mut Conversation, author: Author, content: Content, events: &mut Vec<Event>) -> Message {
        debug_assert!([AI_AGENT, END_USER, HUMAN_AGENT].contains(&author.role));
        let faults = self.faults.settings();
        let dice = self.faults.dice("message", Some(&conversation.id));
        let message = self.add_one(conversation, author, content, events, dice.hits(faults.webhooks.same_instant, "same_instant"));
        // Part of the conversation, so that transcript, ledger and events agree on them.
        if dice.hits(faults.webhooks.unknown_content, "unknown_content") {
            let content = json!({ "type": "carousel", "cards": [{ "title": "A lamp", "price": 49 }] });
            self.add_one(conversation, Author::ai(), Content::Json(content), events, false);
        }
        if dice.hits(faults.webhooks.presence, "presence") {
            let content = json!({ "type": "presence", "body": "Somebody is looking at this chat" });
            self.add_one(conversation, Author::ai(), Content::Json(content), events, false);
        }
        message
    }

    fn add_one(
        &self,
        conversation: &mut Conversation,
        author: Author,
        content: Content,
        events: &mut Vec<Event>,
        same_instant: bool,
    ) -> Message {
        let now = self.now();
        let at = if same_instant { conversation.messages.last().map_or(now, |last| last.at) } else { now };
        let label = conversation.handoff().map(|_| self.config.integration.as_str());
        let message = conversation.add(author, content, label, at);
        events.push(Event::message(conversation, &message, &self.files, &self.config.domain));
        message
    }

    fn handoff_ended(&self, conversation: &Conversation) -> Event {
        Event::handoff_ended(conversation, &self.config.integration, &self.config.domain)
    }
}
