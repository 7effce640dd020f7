//! What a wake-up says: what may have changed, and nothing of what it is.

use crate::model::ids::{HandoffId, PersonId};

/// Something may have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wake {
    /// A handoff has new changes.
    Handoff(HandoffId),
    /// Somebody's sessions or rights may have ended.
    Person(PersonId),
    /// An AI agent was added or removed.
    AiAgents,
    /// Wake-ups may have been lost: look at everything.
    Everything,
}

impl Wake {
    /// As one word of a notification.
    pub fn encode(self) -> String {
        match self {
            Self::Handoff(id) => format!("h{}", id.0.simple()),
            Self::Person(id) => format!("p{}", id.0.simple()),
            Self::AiAgents => "a".to_owned(),
            Self::Everything => "e".to_owned(),
        }
    }

    /// From one word of a notification. What another version says and this one does not know means everything.
    pub fn decode(word: &str) -> Self {
        let id = || word.get(1..).and_then(|text| text.parse().ok());
        match word.chars().next() {
            Some('h') => id().map_or(Self::Everything, |id| Self::Handoff(HandoffId(id))),
            Some('p') => id().map_or(Self::Everything, |id| Self::Person(PersonId(id))),
            Some('a') => Self::AiAgents,
            _ => Self::Everything,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_as_they_went() {
        for wake in [Wake::Handoff(HandoffId::new()), Wake::Person(PersonId::new()), Wake::AiAgents, Wake::Everything] {
            assert_eq!(Wake::decode(&wake.encode()), wake);
        }
        assert_eq!(Wake::decode("h-not-an-id"), Wake::Everything);
        assert_eq!(Wake::decode(""), Wake::Everything);
    }
}
