//! One conversation, played step by step through the store's own functions.

use std::time::Duration;

use babbage::model::change::OpenHandoff;
use babbage::model::handoff::{EndCause, EndWay};
use babbage::model::ids::{AdaConversationId, AdaMessageId, AiAgentId, HandoffId, MessageId, PersonId};
use babbage::model::message::{AuthorRole, MessageState};
use babbage::model::person::{Person, Role};
use babbage::store::ai_agents::Description;
use babbage::store::deliveries::{Claimed, DeliveryState, Kind};
use babbage::store::handoffs::{End, Trigger};
use babbage::store::{self, StoreError, accept, ai_agents, deliveries, handoffs, lock, people, record, replies, settle, snapshot};
use proptest::sample::Index;
use serde_json::json;
use sqlx::PgPool;

use super::ada::Ada;
use super::{Answer, Ender, Step};
use crate::support::Database;

/// Nobody takes a call over while somebody is at it.
const HELD: Duration = Duration::from_secs(3_600);
/// The time until a lease has run out has passed.
const RAN_OUT: Duration = Duration::ZERO;
const SOON: Duration = Duration::ZERO;

/// What all conversations share.
pub struct World {
    pool: PgPool,
    agent: AiAgentId,
    ana: Person,
    ben: Person,
}

impl World {
    pub async fn new() -> Self {
        let pool = Database::new().await.pool().await;
        let agent = AiAgentId::new();
        let description = Description {
            domain: "model.example",
            name: "Model",
            base_url: "https://model.example/api",
            integration: "custom-handoff",
            rate_limits: babbage::model::pace::RateLimits::default(),
        };
        ai_agents::add(&pool, agent, description, b"sealed").await.expect("an AI agent");
        let [ana, ben] = ["Ana", "Ben"].map(|name| (name.to_owned(), format!("{name}@model.example")));
        let add = async |(name, email): (String, String)| {
            let id = people::add(&pool, &email, &name, Role::Agent, "no password").await.expect("a person");
            Person { id, name, email, role: Role::Agent }
        };
        let (ana, ben) = (add(ana).await, add(ben).await);
        Self { pool, agent, ana, ben }
    }
}

/// A reply as its author remembers it.
pub(super) struct Written {
    pub(super) id: MessageId,
    handoff: HandoffId,
    pub(super) text: String,
    /// Its turn, anew with each retry.
    turn: usize,
    pub(super) discarded: bool,
}

/// A call that a worker has in hand.
struct InHand {
    claimed: Claimed,
    message: MessageId,
    /// What came of it, where the worker did not get to write it.
    came: Option<Came>,
}

enum Came {
    Sent(AdaMessageId, Option<babbage::model::stamp::Stamp>),
    NotNow,
    Never,
    Over,
    Unclear,
}

/// A handoff as everybody should remember it.
pub(super) struct Known {
    pub(super) id: HandoffId,
    pub(super) owner: Option<PersonId>,
    pub(super) ended: bool,
    /// A page that follows it.
    pub(super) page: Option<OpenHandoff>,
}

pub struct Play<'a> {
    world: &'a World,
    pub(super) conversation: AdaConversationId,
    pub(super) ada: Ada,
    pub(super) handoffs: Vec<Known>,
    pub(super) replies: Vec<Written>,
    workers: [Option<InHand>; 2],
    turns: usize,
    /// How often an agent sent once more what was unknown, by text.
    pub(super) decisions: Vec<String>,
    /// The turns of what has reached Ada, as it came.
    pub(super) arrived: Vec<usize>,
}

impl<'a> Play<'a> {
    pub async fn begin(world: &'a World) -> Self {
        let conversation = AdaConversationId(MessageId::new().to_string());
        let (ada, workers) = (Ada::default(), [None, None]);
        Self {
            world,
            conversation,
            ada,
            handoffs: Vec::new(),
            replies: Vec::new(),
            workers,
            turns: 0,
            decisions: Vec::new(),
            arrived: Vec::new(),
        }
    }

    pub(super) fn pool(&self) -> &'a PgPool {
        &self.world.pool
    }

    pub async fn take(&mut self, step: &Step) {
        match step {
            Step::Trigger => self.trigger().await,
            Step::BothAccept => self.both_accept().await,
            Step::Reply { text } => self.reply(["ok", "one moment", "thanks"][usize::from(*text)]).await,
            Step::Deliver { answer } => {
                if let Some(mut in_hand) = self.claim(HELD, true).await {
                    in_hand.came = Some(self.post(in_hand.message, *answer));
                    self.write(in_hand).await;
                }
            }
            Step::Begin { worker } if self.workers[*worker].is_none() => self.workers[*worker] = self.claim(HELD, true).await,
            Step::Finish { worker, answer } if self.workers[*worker].as_ref().is_some_and(|in_hand| in_hand.came.is_none()) => {
                let Some(mut in_hand) = self.workers[*worker].take() else { return };
                in_hand.came = Some(self.post(in_hand.message, *answer));
                self.write(in_hand).await;
            }
            Step::Die { arrived } => {
                if let Some(in_hand) = self.claim(RAN_OUT, true).await {
                    self.post(in_hand.message, if *arrived { Answer::LostAfter } else { Answer::LostBefore });
                }
            }
            Step::Stall { worker, answer } if self.workers[*worker].is_none() => {
                if let Some(mut in_hand) = self.claim(RAN_OUT, true).await {
                    in_hand.came = Some(self.post(in_hand.message, *answer));
                    self.workers[*worker] = Some(in_hand);
                }
            }
            Step::WakeUp { worker } if self.workers[*worker].as_ref().is_some_and(|in_hand| in_hand.came.is_some()) => {
                if let Some(in_hand) = self.workers[*worker].take() {
                    self.write(in_hand).await;
                }
            }
            Step::CannotLook => {
                // One that is in no doubt is not sent either: this worker dies before it does.
                self.claim(RAN_OUT, false).await;
            }
            Step::Echo { which } => self.echo(*which).await,
            Step::ReadBack => self.record(&self.ada.list()).await,
            Step::Customer => {
                let told = self.ada.takes(AuthorRole::EndUser, "hello?").told();
                self.record(&[told]).await;
            }
            Step::End { by } => self.end(*by).await,
            Step::Retry { which } => self.retry(*which).await,
            Step::Discard { which } => self.discard(*which).await,
            // Nobody is there who could.
            Step::Begin { .. } | Step::Finish { .. } | Step::Stall { .. } | Step::WakeUp { .. } => {}
        }
    }

    async fn trigger(&mut self) {
        let trigger = Trigger { ai_agent: self.world.agent, conversation: self.conversation.clone(), end_user: None, context: json!({}) };
        let (id, new) = handoffs::open(self.pool(), &trigger).await.expect("a handoff");
        let open = self.handoffs.last().is_some_and(|last| !last.ended);
        assert_eq!(new, !open, "one open handoff");
        if new {
            self.handoffs.push(Known { id, owner: None, ended: false, page: None });
        }
        self.ada.with_people = true;
        assert_eq!(self.handoffs.last().map(|last| last.id), Some(id));
    }

    async fn both_accept(&mut self) {
        let Some(last) = self.handoffs.last_mut() else { return };
        let (pool, ana, ben) = (&self.world.pool, &self.world.ana, &self.world.ben);
        let (by_ana, by_ben) = tokio::join!(accept::accept(pool, last.id, ana), accept::accept(pool, last.id, ben));
        let who = match (by_ana, by_ben) {
            (Ok(()), Err(StoreError::Taken { owner })) if owner.id == ana.id => Some(ana.id),
            (Err(StoreError::Taken { owner }), Ok(())) if owner.id == ben.id => Some(ben.id),
            (Err(StoreError::TooLate(_)), Err(StoreError::TooLate(_))) if last.ended => None,
            // Its owner again, after the end as well.
            both => panic!("both accepted, or neither: {both:?}"),
        };
        assert!(last.owner.is_none() || last.owner == who, "it changed hands");
        last.owner = who;
    }

    fn owner(&self) -> &'a Person {
        let ana = self.handoffs.last().is_none_or(|last| last.owner != Some(self.world.ben.id));
        if ana { &self.world.ana } else { &self.world.ben }
    }

    async fn reply(&mut self, text: &str) {
        let Some(last) = self.handoffs.last() else { return };
        let id = MessageId::new();
        match replies::queue(self.pool(), last.id, id, text, self.owner()).await {
            Ok(()) => {
                assert!(last.owner.is_some() && !last.ended);
                self.turns += 1;
                self.replies.push(Written { id, handoff: last.id, text: text.to_owned(), turn: self.turns, discarded: false });
            }
            Err(StoreError::TooLate(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }

    /// Takes what is next, as any worker does. A reply that may have left is looked for first; without an answer to that the agent decides.
    async fn claim(&mut self, lease: Duration, can_look: bool) -> Option<InHand> {
        let claimed = deliveries::claim(self.pool(), lease, 100).await.expect("claimed");
        let mut in_hand = None;
        let ours: Vec<_> = claimed.into_iter().filter(|claimed| claimed.ada_conversation == self.conversation).collect();
        for claimed in ours {
            match claimed.kind {
                Kind::Reply => in_hand = self.begin_attempt(claimed, can_look).await,
                Kind::EndHandoff | Kind::EndConversation => {
                    self.ada.with_people = false;
                    settle::ended(self.pool(), &claimed, None).await.expect("ended");
                    self.over(claimed.handoff);
                }
                Kind::ReadTranscript => {
                    settle::transcript_page(self.pool(), &claimed, &self.ada.list(), true).await.expect("read");
                }
                _ => settle::read_failed(self.pool(), &claimed, "not in this play", None).await.expect("noted"),
            }
        }
        in_hand
    }

    async fn begin_attempt(&mut self, claimed: Claimed, can_look: bool) -> Option<InHand> {
        let pool = self.pool();
        let message = claimed.message.expect("a reply");
        let may_go = async || {
            let reply = replies::begin_attempt(pool, claimed.handoff, message).await.expect("begun");
            reply.is_some_and(|reply| !reply.echoed && reply.state == MessageState::Sending)
        };
        let mut goes = may_go().await;
        if goes && matches!(claimed.before, DeliveryState::Attempting | DeliveryState::Unclear) {
            if !can_look {
                settle::reply_failed(pool, &claimed, message, MessageState::Unknown, "nobody knows", false).await.expect("noted");
                return None;
            }
            settle::read_back(pool, &claimed, &self.ada.list()).await.expect("read");
            goes = may_go().await;
        }
        if goes {
            return Some(InHand { claimed, message, came: None });
        }
        settle::reply_settled(pool, &claimed).await.expect("settled");
        None
    }

    /// The call itself.
    fn post(&mut self, message: MessageId, answer: Answer) -> Came {
        let written = self.replies.iter().find(|written| written.id == message).expect("a reply of this play");
        if !self.ada.with_people {
            return Came::Over;
        }
        let effect = matches!(answer, Answer::Taken | Answer::LostAfter);
        let shown = effect.then(|| self.ada.takes(AuthorRole::HumanAgent, &written.text));
        self.arrived.extend(effect.then_some(written.turn));
        match (answer, shown) {
            (Answer::Taken, Some(shown)) => Came::Sent(shown.id.clone(), shown.created_at()),
            (Answer::NotNow, _) => Came::NotNow,
            (Answer::Never, _) => Came::Never,
            _ => Came::Unclear,
        }
    }

    async fn write(&mut self, in_hand: InHand) {
        let InHand { claimed, message, came: Some(came) } = in_hand else { return };
        let pool = self.pool();
        match came {
            Came::Sent(id, created_at) => settle::reply_sent(pool, &claimed, message, &id, created_at).await,
            Came::NotNow => settle::reply_later(pool, &claimed, message, SOON, "later", false).await,
            Came::Never => settle::reply_failed(pool, &claimed, message, MessageState::Failed, "no", false).await,
            Came::Over => {
                self.over(claimed.handoff);
                settle::reply_failed(pool, &claimed, message, MessageState::Failed, "over", true).await
            }
            Came::Unclear => settle::reply_later(pool, &claimed, message, SOON, "unclear", true).await,
        }
        .expect("written");
    }

    async fn record(&self, told: &[record::Incoming]) {
        let Some(last) = self.handoffs.last() else { return };
        let mut tx = self.pool().begin().await.expect("a transaction");
        let locked = lock::handoff(&mut tx, last.id).await.expect("a handoff");
        let place = record::Place { ai_agent: locked.ai_agent, conversation: locked.conversation, latest: Some(&locked) };
        for told in told {
            record::message(&mut tx, place, told).await.expect("recorded");
        }
        tx.commit().await.expect("committed");
    }

    async fn echo(&mut self, which: Index) {
        let told: Vec<_> = self.ada.replies().map(super::ada::Shown::told).collect();
        if !told.is_empty() {
            self.record(&[which.get(&told[..]).clone()]).await;
        }
    }

    async fn end(&mut self, by: Ender) {
        let Some(last) = self.handoffs.last() else { return };
        let id = last.id;
        if by == Ender::Agent {
            match store::end::ask(self.pool(), id, EndWay::ReturnToAi, "solved", "", self.owner()).await {
                Ok(()) | Err(StoreError::TooLate(_)) => return,
                Err(error) => panic!("{error}"),
            }
        }
        self.ada.with_people = false;
        let cause = if by == Ender::Customer { EndCause::EndUser } else { EndCause::EndedAtAda };
        let mut tx = self.pool().begin().await.expect("a transaction");
        let locked = lock::handoff(&mut tx, id).await.expect("a handoff");
        let end = End { cause, by: None, detail: None, from_event: true, said_at: None };
        handoffs::end(&mut tx, &locked, &end).await.expect("ended");
        tx.commit().await.expect("committed");
        self.over(id);
    }

    fn over(&mut self, handoff: HandoffId) {
        self.handoffs.iter_mut().filter(|known| known.id == handoff).for_each(|known| known.ended = true);
    }

    async fn retry(&mut self, which: Index) {
        if self.replies.is_empty() {
            return;
        }
        let at = which.index(self.replies.len());
        let was = self.state(self.replies[at].id).await;
        let written = &mut self.replies[at];
        if replies::retry(&self.world.pool, written.handoff, written.id).await.is_ok() {
            if was == Some(MessageState::Unknown) {
                self.decisions.push(written.text.clone());
            }
            self.turns += 1;
            written.turn = self.turns;
        }
    }

    async fn discard(&mut self, which: Index) {
        if self.replies.is_empty() {
            return;
        }
        let owner = self.owner();
        let at = which.index(self.replies.len());
        let written = &mut self.replies[at];
        if replies::discard(&self.world.pool, written.handoff, written.id, owner).await.is_ok() {
            written.discarded = true;
        }
    }

    async fn state(&self, reply: MessageId) -> Option<MessageState> {
        let last = self.handoffs.last()?;
        let messages = snapshot::handoff(self.pool(), last.id).await.expect("readable").messages;
        messages.into_iter().find(|message| message.id == reply).map(|message| message.state)
    }

    /// With workers that live and an Ada that answers, everything comes to rest: nothing is owed for ever.
    pub async fn settle(&mut self) {
        for worker in 0..2 {
            if let Some(mut in_hand) = self.workers[worker].take() {
                in_hand.came = Some(match in_hand.came.take() {
                    Some(came) => came,
                    None => self.post(in_hand.message, Answer::Taken),
                });
                self.write(in_hand).await;
            }
        }
        for _ in 0..100 {
            self.take(&Step::Deliver { answer: Answer::Taken }).await;
            let owed = sqlx::query_scalar::<_, i64>(
                "select count(*) from deliveries join conversations using (conversation_id) where ada_conversation_id = $1 and finished_at is null",
            );
            if owed.bind(self.conversation.as_str()).fetch_one(self.pool()).await.expect("counted") == 0 {
                return self.check(&Step::ReadBack).await;
            }
        }
        panic!("something is owed for ever");
    }
}
