//! Agents: they accept what waits, read, reply, try again what failed, and end.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use babbage::model::change::OpenHandoff;
use babbage::model::handoff::{EndWay, HandoffState, HandoffSummary};
use babbage::model::ids::{HandoffId, MessageId};
use babbage::model::message::{AuthorRole, Message, MessageState};
use babbage::model::problem::Problem;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::journal::count;
use super::live::stay_connected;
use super::session::{Session, Trouble};
use super::tab::{Lists, Tab};

/// What everybody is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    Storm,
    /// Everything is up again: agents take what waits, say one last word in each handoff, and end some.
    Finale,
    /// Nobody does anything; pages stay open.
    Over,
}

/// How many handoffs somebody asks for at once.
const HANDS: usize = 3;

/// Somebody at work, with everything that their browser shows.
#[derive(Clone)]
pub struct Agent {
    pub session: Session,
    number: usize,
    colleagues: u32,
    seed: u64,
    phase: watch::Receiver<Phase>,
    stop: CancellationToken,
    pub lists: watch::Sender<Vec<HandoffSummary>>,
    tabs: Arc<Mutex<HashMap<HandoffId, watch::Sender<Option<OpenHandoff>>>>>,
}

impl Agent {
    /// Opens the desk and starts to work.
    pub fn start(
        session: Session,
        number: usize,
        colleagues: u32,
        seed: u64,
        phase: watch::Receiver<Phase>,
        stop: CancellationToken,
    ) -> Self {
        let lists = watch::Sender::new(Vec::new());
        let agent = Self { session, number, colleagues, seed, phase, stop, lists, tabs: Arc::default() };
        let (page, stop) = (Lists { session: agent.session.clone(), shown: agent.lists.clone() }, agent.stop.clone());
        let session = agent.session.clone();
        tokio::spawn(async move { stay_connected(&session, page, &stop).await });
        tokio::spawn(agent.clone().work());
        agent
    }

    /// What the pages show.
    pub fn tabs(&self) -> HashMap<HandoffId, Option<OpenHandoff>> {
        let tabs = self.tabs.lock().unwrap_or_else(PoisonError::into_inner);
        tabs.iter().map(|(handoff, shown)| (*handoff, shown.borrow().clone())).collect()
    }

    async fn work(self) {
        let mut random = StdRng::seed_from_u64(self.seed ^ (0xa6e0 + self.number as u64));
        let mut asking = JoinSet::new();
        let mut asked = HashSet::new();
        while *self.phase.borrow() != Phase::Over {
            while let Some(done) = asking.try_join_next() {
                asked.remove(&done.expect("an accept"));
            }
            let list = self.lists.borrow().clone();
            for entry in list {
                if entry.in_list_of(self.session.me.id) {
                    self.open(entry.id);
                } else if entry.in_queue() && asking.len() < HANDS && random.random_ratio(3.min(self.colleagues), self.colleagues) {
                    // An answer that does not come must not hold up the others.
                    if asked.insert(entry.id) {
                        asking.spawn(self.clone().accept(entry.id));
                    }
                }
            }
            tokio::time::sleep(Duration::from_millis(random.random_range(100..350))).await;
        }
    }

    async fn accept(self, handoff: HandoffId) -> HandoffId {
        match self.session.call::<()>("accept_handoff", &json!({ "handoff": handoff })).await {
            Ok(()) => {
                self.session.journal.accepted(handoff, self.session.me.id);
                self.open(handoff);
            }
            Err(Trouble::Refused(Problem::Taken { .. })) => count(&self.session.journal.counts.too_late),
            Err(_) => {}
        }
        handoff
    }

    /// Opens a handoff in a tab of its own, once.
    fn open(&self, handoff: HandoffId) {
        let mut tabs = self.tabs.lock().unwrap_or_else(PoisonError::into_inner);
        if tabs.contains_key(&handoff) {
            return;
        }
        let shown = watch::Sender::new(None);
        tabs.insert(handoff, shown.clone());
        let tab = Tab { session: self.session.clone(), handoff, shown: shown.clone(), behind: false };
        let (session, stop) = (self.session.clone(), self.stop.clone());
        tokio::spawn(async move { stay_connected(&session, tab, &stop).await });
        let random = StdRng::seed_from_u64(self.seed ^ ((self.number * 1_000 + tabs.len()) as u64));
        let desk = At { session: self.session.clone(), handoff, shown: shown.subscribe(), random, phase: self.phase.clone(), said: 0 };
        tokio::spawn(desk.attend());
    }
}

/// Somebody attending to one handoff.
struct At {
    session: Session,
    handoff: HandoffId,
    shown: watch::Receiver<Option<OpenHandoff>>,
    random: StdRng,
    phase: watch::Receiver<Phase>,
    said: usize,
}

impl At {
    async fn attend(mut self) {
        let mut spoken_last = false;
        loop {
            let think = Duration::from_millis(self.random.random_range(200..1_500));
            let _ = tokio::time::timeout(think, self.phase.changed()).await;
            let Some(open) = self.shown.borrow().clone() else { continue };
            let active = open.detail.summary.state == HandoffState::Active;
            let phase = *self.phase.borrow();
            match phase {
                Phase::Over => return,
                Phase::Storm if active => self.go_on(&open).await,
                Phase::Finale if active && !spoken_last => {
                    spoken_last = true;
                    self.reply("the last word").await;
                    if self.random.random_bool(0.5) {
                        self.end().await;
                    }
                    self.session.journal.has_spoken_last(self.handoff);
                }
                _ => {}
            }
        }
    }

    async fn go_on(&mut self, open: &OpenHandoff) {
        let messages = open.timeline.messages();
        if let Some(failed) = messages.iter().find(|message| message.state == MessageState::Failed && message.sent_by.is_some()) {
            return self.deal_with(failed).await;
        }
        let last = messages.iter().rev().find(|message| matches!(message.author.role, AuthorRole::EndUser | AuthorRole::HumanAgent));
        let asked = last.is_some_and(|message| message.author.role == AuthorRole::EndUser);
        match self.random.random_range(0..100) {
            // Two equal replies sent on purpose are two.
            0..6 if asked => {
                let words = self.words("thank you");
                self.send(&words).await;
                self.send(&words).await;
            }
            6..60 if asked => self.reply("an answer").await,
            60..65 => self.reply("one more thing").await,
            65..67 => self.end().await,
            _ => {}
        }
    }

    async fn deal_with(&mut self, failed: &Message) {
        let (verb, retries) = if self.random.random_bool(0.7) { ("retry_reply", true) } else { ("discard_reply", false) };
        self.session.journal.change(failed.id, |reply| {
            reply.retried |= retries;
            // Whatever the answer: it may have been done.
            reply.discarded |= !retries;
        });
        let _ = self.session.call::<()>(verb, &json!({ "handoff": self.handoff, "id": failed.id })).await;
    }

    async fn reply(&mut self, what: &str) {
        let words = self.words(what);
        self.send(&words).await;
    }

    fn words(&mut self, what: &str) -> String {
        self.said += 1;
        format!("{what} ({} in {})", self.said, self.handoff)
    }

    /// One reply under one id, asked for until it is decided.
    async fn send(&mut self, words: &str) {
        let id = MessageId::new();
        let (journal, phase) = (self.session.journal.clone(), self.phase.clone());
        journal.sends(id, self.handoff, words);
        let arguments = json!({ "handoff": self.handoff, "id": id, "body": words });
        if self.session.insist::<()>("send_reply", &arguments, || *phase.borrow() == Phase::Over).await.is_ok() {
            journal.change(id, |reply| reply.acknowledged = true);
        }
    }

    async fn end(&mut self) {
        let way = if self.random.random_bool(0.7) { EndWay::ReturnToAi } else { EndWay::EndConversation };
        let arguments = json!({ "handoff": self.handoff, "way": way, "outcome": "resolved", "note": "" });
        let phase = self.phase.clone();
        let _ = self.session.insist::<()>("end_handoff", &arguments, || *phase.borrow() == Phase::Over).await;
    }
}
