//! The slow lane: messages of conversations that somebody held locked for longer than a batch waits. They are stored conversation by
//! conversation, so that those which nobody holds go on, and whatever comes for them meanwhile queues up here as well.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::store::conversations::Named;

/// How many messages may wait here.
const WAITING: usize = 1_024;

/// What waits, conversation by conversation, oldest first.
#[derive(Debug)]
pub struct Lane<T> {
    waiting: Mutex<Waiting<T>>,
    more: Notify,
}

#[derive(Debug)]
struct Waiting<T> {
    groups: VecDeque<(Named, Vec<T>)>,
    /// The conversation that is being tried.
    current: Option<Named>,
}

impl<T> Default for Lane<T> {
    fn default() -> Self {
        Self { waiting: Mutex::new(Waiting { groups: VecDeque::new(), current: None }), more: Notify::new() }
    }
}

impl<T> Lane<T> {
    /// Whether messages of this conversation belong here.
    pub fn holds(&self, conversation: &Named) -> bool {
        let waiting = self.lock();
        waiting.current.as_ref() == Some(conversation) || waiting.groups.iter().any(|(known, _)| known == conversation)
    }

    /// Puts a message behind the others of its conversation. Gives it back when too many wait here already.
    pub fn push(&self, conversation: Named, message: T) -> Result<(), T> {
        let mut waiting = self.lock();
        if waiting.groups.iter().map(|(_, messages)| messages.len()).sum::<usize>() >= WAITING {
            return Err(message);
        }
        match waiting.groups.iter_mut().find(|(known, _)| *known == conversation) {
            Some((_, messages)) => messages.push(message),
            None => waiting.groups.push_back((conversation, vec![message])),
        }
        drop(waiting);
        self.more.notify_one();
        Ok(())
    }

    /// The messages of the next conversation. Until the next call its conversation counts as being tried.
    pub async fn next(&self) -> Vec<T> {
        self.lock().current = None;
        loop {
            if let Some(messages) = self.pop() {
                return messages;
            }
            self.more.notified().await;
        }
    }

    fn pop(&self) -> Option<Vec<T>> {
        let mut waiting = self.lock();
        let (conversation, messages) = waiting.groups.pop_front()?;
        waiting.current = Some(conversation);
        Some(messages)
    }

    /// Plain data, also after a panic of its holder.
    fn lock(&self) -> MutexGuard<'_, Waiting<T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::{AdaConversationId, AiAgentId};

    #[tokio::test]
    async fn each_conversation_waits_for_itself_alone() {
        let agent = AiAgentId::new();
        let named = |name: &str| (agent, AdaConversationId(name.to_owned()));
        let lane = Lane::default();
        for (conversation, message) in [("a", 1), ("b", 2), ("a", 3)] {
            lane.push(named(conversation), message).expect("there is room");
        }
        assert_eq!(lane.next().await, [1, 3]);
        lane.push(named("a"), 4).expect("there is room");
        assert!(lane.holds(&named("a")) && lane.holds(&named("b")) && !lane.holds(&named("c")));
        assert_eq!(lane.next().await, [2]);
        assert_eq!(lane.next().await, [4]);
        assert!(lane.holds(&named("a")));
        assert!(!lane.holds(&named("b")));
    }
}
