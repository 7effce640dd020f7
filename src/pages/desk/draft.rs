//! What the reply box holds, and what of it is on its way to the server. Pure.
//!
//! The rule: text leaves the box only once the server has stored it. So the box may hold, from its start, texts that were
//! sent and are not confirmed yet, and after them what the agent is writing now.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::model::ids::MessageId;
use crate::model::reply::{ReplyError, checked};

/// A text that was sent and is not confirmed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pending {
    id: MessageId,
    /// What the customer will read.
    body: String,
    /// How much of the box it takes, in bytes.
    takes: usize,
}

/// Where sending stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    #[default]
    Writing,
    Sending,
    /// The last try was not stored, or nobody knows; with the reason in words.
    Failed(String),
}

/// The reply box of one handoff.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    text: String,
    pending: VecDeque<Pending>,
    phase: Phase,
    /// Texts that were tried and not confirmed, with their ids: the same text sent again keeps its id and cannot arrive twice.
    tried: Vec<(MessageId, String)>,
}

/// What of a draft outlives a reload.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    text: String,
    tried: Vec<(MessageId, String)>,
}

impl Draft {
    /// What the box shows.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// How many texts are on their way to the server.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Whether there is something that Send would send.
    pub fn can_send(&self) -> bool {
        match self.phase {
            Phase::Writing | Phase::Sending => !self.fresh().trim().is_empty(),
            Phase::Failed(_) => true,
        }
    }

    /// The box was edited. What is on its way stays as it is: an edit of it is undone.
    pub fn edit(&mut self, value: &str) {
        match self.phase {
            Phase::Writing => value.clone_into(&mut self.text),
            Phase::Failed(_) if value == self.text => {}
            Phase::Failed(_) => {
                let given_up = self.pending.drain(..).map(|pending| (pending.id, pending.body));
                self.tried.extend(given_up);
                self.phase = Phase::Writing;
                value.clone_into(&mut self.text);
            }
            Phase::Sending => self.edit_behind_pending(value),
        }
    }

    fn edit_behind_pending(&mut self, value: &str) {
        let going = self.going();
        let Some(rest) = value.strip_prefix(&self.text[..going]) else {
            return;
        };
        // The next text starts on a line of its own, not in the middle of the last one.
        let joined = !rest.is_empty() && !rest.starts_with('\n') && !self.text[..going].ends_with('\n');
        if joined {
            if let Some(last) = self.pending.back_mut() {
                last.takes += 1;
            }
            self.text = format!("{}\n{rest}", &self.text[..going]);
        } else {
            value.clone_into(&mut self.text);
        }
    }

    /// Sends what is in the box, or tries again what failed. Says whether somebody must now start to work off [`Draft::next`].
    pub fn send(&mut self) -> Result<bool, ReplyError> {
        let fresh = self.fresh();
        let nothing_new = fresh.trim().is_empty();
        match self.phase {
            Phase::Failed(_) if nothing_new && !self.pending.is_empty() => {}
            Phase::Sending if nothing_new => return Ok(false),
            _ => {
                let body = checked(fresh)?.to_owned();
                let takes = fresh.len();
                let id = self.tried.iter().find(|(_, tried)| *tried == body).map_or_else(MessageId::new, |(id, _)| *id);
                self.pending.push_back(Pending { id, body, takes });
            }
        }
        let idle = self.phase != Phase::Sending;
        self.phase = Phase::Sending;
        Ok(idle)
    }

    /// The next text for the server.
    pub fn next(&self) -> Option<(MessageId, String)> {
        self.pending.front().map(|pending| (pending.id, pending.body.clone()))
    }

    /// The server has stored a text: it leaves the box, and with it every older try.
    pub fn stored(&mut self, id: MessageId) {
        self.tried.clear();
        if self.pending.front().is_none_or(|pending| pending.id != id) {
            return;
        }
        if let Some(stored) = self.pending.pop_front() {
            self.text.drain(..stored.takes.min(self.text.len()));
        }
        if self.pending.is_empty() {
            self.phase = Phase::Writing;
        }
    }

    /// The texts of which nobody knows yet whether they were stored.
    pub fn unsure(&self) -> Vec<MessageId> {
        let failed = self.pending.front().filter(|_| self.phase != Phase::Sending);
        failed.map(|pending| pending.id).into_iter().chain(self.tried.iter().map(|(id, _)| *id)).collect()
    }

    /// The transcript shows a text of which nobody knew whether it was stored: it need not stay in the box.
    pub fn seen(&mut self, id: MessageId) {
        if self.phase != Phase::Sending && self.pending.front().is_some_and(|pending| pending.id == id) {
            return self.stored(id);
        }
        if let Some(at) = self.tried.iter().position(|(tried, _)| *tried == id) {
            let (_, body) = self.tried.remove(at);
            if self.phase == Phase::Writing && checked(&self.text) == Ok(body.as_str()) {
                self.text.clear();
            }
        }
    }

    /// A text was not stored, or nobody knows. Everything stays in the box.
    pub fn failed(&mut self, reason: String) {
        self.phase = Phase::Failed(reason);
    }

    /// What a reload must not lose; nothing if there is nothing.
    pub fn to_keep(&self) -> Option<String> {
        if self.text.is_empty() && self.tried.is_empty() {
            return None;
        }
        let pending = self.pending.iter().map(|pending| (pending.id, pending.body.clone()));
        let kept = Kept { text: self.text.clone(), tried: self.tried.iter().cloned().chain(pending).collect() };
        serde_json::to_string(&kept).ok()
    }

    /// What a reload left.
    pub fn from_kept(kept: &str) -> Self {
        let kept: Kept = serde_json::from_str(kept).unwrap_or_default();
        Self { text: kept.text, tried: kept.tried, ..Self::default() }
    }

    /// How much of the box is on its way, in bytes.
    fn going(&self) -> usize {
        self.pending.iter().map(|pending| pending.takes).sum::<usize>().min(self.text.len())
    }

    fn fresh(&self) -> &str {
        &self.text[self.going()..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writing(text: &str) -> Draft {
        let mut draft = Draft::default();
        draft.edit(text);
        draft
    }

    fn first(draft: &Draft) -> (MessageId, String) {
        draft.next().expect("something to send")
    }

    #[test]
    fn text_stays_until_it_is_stored() {
        let mut draft = writing(" Hello\n");
        assert_eq!(draft.send(), Ok(true));
        assert_eq!(draft.text(), " Hello\n");
        let (id, body) = first(&draft);
        assert_eq!(body, "Hello");
        draft.stored(id);
        assert_eq!((draft.text(), draft.phase()), ("", &Phase::Writing));
    }

    #[test]
    fn several_sent_quickly_keep_their_order_and_their_own_ids() {
        let mut draft = writing("one");
        assert_eq!(draft.send(), Ok(true));
        draft.edit("onet");
        assert_eq!(draft.text(), "one\nt", "the next one gets a line of its own");
        draft.edit("one\ntwo");
        assert_eq!(draft.send(), Ok(false), "one request at a time");
        draft.edit("one\ntwo\nthr");
        let (one, body) = first(&draft);
        assert_eq!(body, "one");
        draft.stored(one);
        assert_eq!(draft.text(), "two\nthr");
        let (two, body) = first(&draft);
        assert_eq!(body, "two");
        assert_ne!(one, two);
        draft.stored(two);
        assert_eq!((draft.text().trim(), draft.phase()), ("thr", &Phase::Writing));
    }

    #[test]
    fn what_is_on_its_way_cannot_be_edited() {
        let mut draft = writing("one");
        assert_eq!(draft.send(), Ok(true));
        draft.edit("on");
        assert_eq!(draft.text(), "one");
        assert_eq!(draft.send(), Ok(false), "a second Enter sends nothing");
        assert_eq!(draft.pending(), 1);
    }

    #[test]
    fn a_failed_text_stays_and_is_tried_again_under_its_id() {
        let mut draft = writing("Hello");
        assert_eq!(draft.send(), Ok(true));
        let (id, _) = first(&draft);
        draft.failed("no network".to_owned());
        assert_eq!(draft.text(), "Hello");
        assert_eq!(draft.send(), Ok(true));
        assert_eq!(first(&draft), (id, "Hello".to_owned()));
    }

    #[test]
    fn an_edited_text_is_a_new_one_and_the_old_text_keeps_its_id() {
        let mut draft = writing("Hello");
        assert_eq!(draft.send(), Ok(true));
        let (id, _) = first(&draft);
        draft.failed("no network".to_owned());
        draft.edit("Hello!");
        assert_eq!(draft.phase(), &Phase::Writing);
        draft.edit("Hello");
        let mut reloaded = Draft::from_kept(&draft.to_keep().expect("a draft"));
        for draft in [&mut draft, &mut reloaded] {
            assert_eq!(draft.send(), Ok(true));
            assert_eq!(first(draft).0, id);
            draft.stored(id);
            draft.edit("Hello");
            assert_eq!(draft.send(), Ok(true));
            assert_ne!(first(draft).0, id, "the same words once more, on purpose");
        }
    }

    #[test]
    fn a_text_seen_in_the_transcript_leaves_the_box() {
        let mut draft = writing("Hello");
        assert_eq!(draft.send(), Ok(true));
        let (id, _) = first(&draft);
        draft.failed("the answer did not come back".to_owned());
        let mut reloaded = Draft::from_kept(&draft.to_keep().expect("a draft"));
        for draft in [&mut draft, &mut reloaded] {
            assert_eq!(draft.unsure(), [id]);
            draft.seen(id);
            assert_eq!((draft.text(), draft.phase()), ("", &Phase::Writing));
        }
    }

    #[test]
    fn blank_text_is_not_sent() {
        let mut draft = writing(" \n ");
        assert!(!draft.can_send());
        assert_eq!(draft.send(), Err(ReplyError::Empty));
        assert_eq!(draft.phase(), &Phase::Writing);
    }
}
