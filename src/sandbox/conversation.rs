//! A conversation: who writes, what was said, and the moves between AI agent, handoff and end.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::clock;
use super::files::Files;
use super::script::Mind;

/// One conversation with everything that happened in it.
pub struct Conversation {
    pub id: String,
    pub channel: &'static Channel,
    pub end_user_id: String,
    /// What the customer named as their reason; `issue_category` in the trigger.
    pub topic: String,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
    pub metadata: Map<String, Value>,
    /// In the order in which they were said; `created_at` has whole seconds only, so the order is kept here.
    pub messages: Vec<Message>,
    pub notices: Vec<Notice>,
    pub state: State,
    pub mind: Mind,
    /// Turns that the AI agent is still writing.
    pub typing: u32,
    /// What the last call of the trigger brought.
    pub trigger: Option<Value>,
    pub survey_score: Option<u8>,
    /// Every handoff there was, oldest first.
    pub handoffs: Vec<Episode>,
    /// Grows with every change of this conversation.
    pub version: u64,
}

/// Who has the conversation.
pub enum State {
    /// The AI agent answers.
    Ai,
    /// The trigger is on its way; until its 2xx the conversation is not in a handoff.
    Asking,
    Handoff(Handoff),
    Ended,
}

/// A handoff that was accepted by the desk.
#[derive(Default)]
pub struct Handoff {
    /// The person whom the customer sees; set by their first message.
    pub joined: Option<Author>,
    pub queue: Option<Queue>,
}

/// One handoff, from its trigger's 2xx to its end.
#[derive(Clone)]
pub struct Episode {
    pub started_at: OffsetDateTime,
    pub ended_at: Option<OffsetDateTime>,
    /// `human_agent` (the API), `end_user` or `system`.
    pub ended_by: Option<&'static str>,
}

/// The waiting banner.
#[derive(Clone, Copy)]
pub enum Queue {
    /// People ahead.
    Position(i64),
    /// Seconds.
    Time(i64),
    Unknown,
}

/// One message.
#[derive(Clone)]
pub struct Message {
    pub id: String,
    pub at: OffsetDateTime,
    pub author: Author,
    pub content: Content,
    /// The label during a handoff.
    pub integration: Option<String>,
}

/// Who wrote a message.
#[derive(Clone, PartialEq)]
pub struct Author {
    pub role: &'static str,
    pub id: Option<String>,
    pub avatar: Option<String>,
    pub display_name: Option<String>,
}

/// What a message says.
#[derive(Clone)]
pub enum Content {
    /// As it goes over the wire.
    Json(Value),
    /// A file kept here; its link is signed anew whenever it is read.
    File { id: String, mime_type: String, filename: String },
}

/// A line that only the chat page shows: somebody joined, somebody left.
pub struct Notice {
    /// How many messages stand before it.
    pub after: usize,
    pub at: OffsetDateTime,
    pub text: String,
}

/// A way into the AI agent.
pub struct Channel {
    pub kind: &'static str,
    pub id: &'static str,
    pub name: &'static str,
    pub description: &'static str,
    pub modality: &'static str,
    pub markdown: bool,
}

/// The channels of this AI agent.
pub const CHANNELS: [Channel; 4] = [
    native("chat", "Chat", "Web chat", "messaging"),
    native("email", "Email", "Email", "email"),
    native("voice", "Voice", "Phone calls", "voice"),
    Channel {
        kind: "custom",
        id: "sandbox-custom",
        name: "Sandbox channel",
        description: "A custom channel for tests",
        modality: "messaging",
        markdown: false,
    },
];

const fn native(id: &'static str, name: &'static str, description: &'static str, modality: &'static str) -> Channel {
    Channel { kind: "native", id, name, description, modality, markdown: true }
}

pub const END_USER: &str = "end_user";
pub const AI_AGENT: &str = "ai_agent";
pub const HUMAN_AGENT: &str = "human_agent";
/// Nobody; as who ended something.
pub const SYSTEM: &str = "system";

impl Conversation {
    pub fn new(channel: &'static Channel, end_user_id: String, topic: String, metadata: Map<String, Value>, now: OffsetDateTime) -> Self {
        Self {
            id: clock::object_id(),
            channel,
            end_user_id,
            topic,
            created_at: now,
            updated_at: now,
            metadata,
            messages: Vec::new(),
            notices: Vec::new(),
            state: State::Ai,
            mind: Mind::default(),
            typing: 0,
            trigger: None,
            survey_score: None,
            handoffs: Vec::new(),
            version: 0,
        }
    }

    pub fn is_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// The active handoff.
    pub fn handoff(&self) -> Option<&Handoff> {
        match &self.state {
            State::Handoff(handoff) => Some(handoff),
            _ => None,
        }
    }

    /// Adds a message. A person's first message of a handoff makes them join and clears the banner; so does a
    /// message under another name.
    pub fn add(&mut self, author: Author, content: Content, label: Option<&str>, at: OffsetDateTime) -> Message {
        if author.role == HUMAN_AGENT {
            self.join(&author, at);
        }
        let message = Message { id: clock::object_id(), at, author, content, integration: label.map(str::to_owned) };
        self.updated_at = message.at;
        self.messages.push(message.clone());
        message
    }

    /// Adds a line to the chat page.
    pub fn notice(&mut self, text: impl Into<String>, at: OffsetDateTime) {
        self.notices.push(Notice { after: self.messages.len(), at, text: text.into() });
    }

    /// The desk has taken the handoff on.
    pub fn enter_handoff(&mut self, at: OffsetDateTime) {
        self.state = State::Handoff(Handoff::default());
        self.handoffs.push(Episode { started_at: at, ended_at: None, ended_by: None });
        self.notice("You are in line for a person", at);
    }

    /// Control goes back to the AI agent. `None`: there was no handoff.
    pub fn leave_handoff(&mut self, by: &'static str, at: OffsetDateTime) -> Option<Handoff> {
        self.handoff()?;
        let State::Handoff(handoff) = std::mem::replace(&mut self.state, State::Ai) else {
            return None;
        };
        self.updated_at = at;
        if let Some(episode) = self.handoffs.last_mut() {
            episode.ended_at = Some(at);
            episode.ended_by = Some(by);
        }
        self.mind = Mind::default();
        if let Some(name) = handoff.joined.as_ref().and_then(|person| person.display_name.as_deref()) {
            self.notice(format!("{name} left the chat"), at);
        }
        Some(handoff)
    }

    /// Over for good.
    pub fn end(&mut self, at: OffsetDateTime) {
        self.state = State::Ended;
        self.updated_at = at;
        self.notice("This chat has ended", at);
    }

    /// The object that the API calls a conversation.
    pub fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "channel_id": self.channel.id,
            "end_user_id": self.end_user_id,
            "status": if self.is_ended() { "ended" } else { "active" },
            "created_at": clock::seconds(self.created_at),
            "updated_at": clock::seconds(self.updated_at),
            "metadata": self.metadata,
        })
    }

    fn join(&mut self, person: &Author, at: OffsetDateTime) {
        let State::Handoff(handoff) = &mut self.state else {
            return;
        };
        handoff.queue = None;
        let known = handoff.joined.as_ref().and_then(|joined| joined.display_name.clone());
        handoff.joined = Some(person.clone());
        if known != person.display_name {
            let name = person.display_name.as_deref().unwrap_or("Somebody").to_owned();
            self.notice(format!("{name} joined the chat"), at);
        }
    }
}

impl State {
    /// The name that the sandbox's own API uses.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ai | Self::Asking => "active_ai",
            Self::Handoff(_) => "handoff",
            Self::Ended => "ended",
        }
    }
}

impl Queue {
    /// What the chat page says. Nought, or less, has nothing definite to say.
    pub fn text(self) -> String {
        match self {
            Self::Position(1) => "Waiting for a person: 1 customer is ahead of you".to_owned(),
            Self::Position(n) if n > 0 => {
                format!("Waiting for a person: {n} customers are ahead of you")
            }
            Self::Time(s) if s > 0 => match (s + 59) / 60 {
                1 => "Waiting for a person: about 1 minute".to_owned(),
                minutes => format!("Waiting for a person: about {minutes} minutes"),
            },
            _ => "Waiting for a person".to_owned(),
        }
    }

    pub fn to_json(self) -> Value {
        let (unit, amount) = match self {
            Self::Position(n) => ("position", Some(n)),
            Self::Time(n) => ("time", Some(n)),
            Self::Unknown => ("unknown", None),
        };
        json!({ "unit": unit, "amount": amount, "text": self.text() })
    }
}

impl Author {
    pub fn ai() -> Self {
        Self { role: AI_AGENT, id: None, avatar: None, display_name: None }
    }

    pub fn to_json(&self) -> Value {
        json!({ "id": self.id, "role": self.role, "avatar": self.avatar, "display_name": self.display_name })
    }
}

impl Content {
    pub fn text(body: &str) -> Self {
        Self::Json(json!({ "type": "text", "body": body }))
    }

    pub fn link(url: &str, link_text: &str) -> Self {
        Self::Json(json!({ "type": "link", "url": url, "link_text": link_text }))
    }

    pub fn to_json(&self, files: &Files) -> Value {
        match self {
            Self::Json(content) => content.clone(),
            Self::File { id, mime_type, filename } => {
                json!({ "type": "file", "url": files.link(id, filename), "mime_type": mime_type, "filename": filename })
            }
        }
    }
}

impl Channel {
    /// The channel with this id.
    pub fn find(id: &str) -> Option<&'static Self> {
        const ALL: &[Channel] = &CHANNELS;
        ALL.iter().find(|channel| channel.id == id)
    }

    /// Web chat and its like, which show the waiting banner.
    pub fn is_chat(&self) -> bool {
        self.kind == "native" && self.modality == "messaging"
    }

    pub fn to_json(&self) -> Value {
        let mut channel = json!({
            "type": self.kind,
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "modality": self.modality,
            "capabilities": { "markdown": self.markdown },
        });
        if self.kind == "custom" {
            channel["metadata"] = json!({});
            channel["created_at"] = json!("2026-01-05T09:00:00+00:00");
        }
        channel
    }
}
