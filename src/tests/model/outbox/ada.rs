//! Ada's side of one conversation, in memory.

use babbage::model::ids::AdaMessageId;
use babbage::model::message::{Author, AuthorRole, Content};
use babbage::model::stamp::Stamp;
use babbage::store::record::Incoming;
use time::OffsetDateTime;

/// A message that the customer sees.
#[derive(Clone, Debug)]
pub struct Shown {
    pub id: AdaMessageId,
    pub text: String,
    role: AuthorRole,
    at: OffsetDateTime,
}

#[derive(Clone, Debug, Default)]
pub struct Ada {
    pub shown: Vec<Shown>,
    pub with_people: bool,
}

impl Ada {
    /// Somebody's words reach the conversation.
    pub fn takes(&mut self, role: AuthorRole, text: &str) -> Shown {
        let at = OffsetDateTime::now_utc();
        let shown = Shown { id: AdaMessageId(format!("ada-{}", self.shown.len())), text: text.to_owned(), role, at };
        self.shown.push(shown.clone());
        shown
    }

    /// How often the customer got this from people.
    pub fn copies(&self, text: &str) -> usize {
        self.replies().filter(|shown| shown.text == text).count()
    }

    /// What came from people.
    pub fn replies(&self) -> impl Iterator<Item = &Shown> {
        self.shown.iter().filter(|shown| shown.role == AuthorRole::HumanAgent)
    }

    /// The whole list, as a read gives it.
    pub fn list(&self) -> Vec<Incoming> {
        (0..).zip(&self.shown).map(|(place, shown)| Incoming { listed_at: Some(place), event_at: None, ..shown.told() }).collect()
    }
}

impl Shown {
    /// As its webhook tells it.
    pub fn told(&self) -> Incoming {
        Incoming {
            id: self.id.clone(),
            author: Author { role: self.role, name: Some("Ana".to_owned()) },
            content: Content::Text { body: self.text.clone() },
            created_at: self.created_at(),
            event_at: Some(Stamp::exact(self.at)),
            listed_at: None,
        }
    }

    pub fn created_at(&self) -> Option<Stamp> {
        Some(Stamp { at: self.at.replace_nanosecond(0).ok()?, fine: false })
    }
}
