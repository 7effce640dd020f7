//! Handoffs and deliveries played at random against the real store: two agents, two workers that die and stall, an Ada that refuses, answers
//! wrongly or not at all, ends from every side, and a new handoff of the same conversation. After every step what must always hold is looked
//! at; [`super::delivery`] says why it should.

mod ada;
mod check;
mod play;

use proptest::prelude::*;
use proptest::sample::Index;

use super::runner;
use play::{Play, World};

/// What Ada answers to a reply.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answer {
    Taken,
    /// Surely not; it is tried again.
    NotNow,
    /// Surely not, and the agent decides.
    Never,
    /// The answer is lost after the effect.
    LostAfter,
    LostBefore,
}

/// Who says that it is over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ender {
    Agent,
    HandoffEvent,
    Customer,
}

#[derive(Clone, Debug)]
pub enum Step {
    Trigger,
    /// Both agents in the same instant.
    BothAccept,
    /// Texts repeat: equal replies on purpose stay as many as they are.
    Reply {
        text: u8,
    },
    /// A worker makes the call that is next, from claim to outcome.
    Deliver {
        answer: Answer,
    },
    /// A worker claims, and has not sent yet.
    Begin {
        worker: usize,
    },
    /// The same worker sends, and writes what came of it.
    Finish {
        worker: usize,
        answer: Answer,
    },
    /// A worker dies, its call under way; its lease runs out.
    Die {
        arrived: bool,
    },
    /// A worker has its answer and does not get to write it until its lease has run out.
    Stall {
        worker: usize,
        answer: Answer,
    },
    /// What came back too late is written now.
    WakeUp {
        worker: usize,
    },
    /// A reply in doubt is looked for, and the conversation cannot be read.
    CannotLook,
    Echo {
        which: Index,
    },
    ReadBack,
    Customer,
    End {
        by: Ender,
    },
    Retry {
        which: Index,
    },
    Discard {
        which: Index,
    },
}

fn answer() -> impl Strategy<Value = Answer> + Clone {
    prop_oneof![
        4 => Just(Answer::Taken),
        1 => Just(Answer::NotNow),
        1 => Just(Answer::Never),
        2 => Just(Answer::LostAfter),
        2 => Just(Answer::LostBefore),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Trigger),
        2 => Just(Step::BothAccept),
        6 => (0..3u8).prop_map(|text| Step::Reply { text }),
        5 => answer().prop_map(|answer| Step::Deliver { answer }),
        2 => (0..2usize).prop_map(|worker| Step::Begin { worker }),
        2 => (0..2usize, answer()).prop_map(|(worker, answer)| Step::Finish { worker, answer }),
        2 => any::<bool>().prop_map(|arrived| Step::Die { arrived }),
        2 => (0..2usize, answer()).prop_map(|(worker, answer)| Step::Stall { worker, answer }),
        2 => (0..2usize).prop_map(|worker| Step::WakeUp { worker }),
        1 => Just(Step::CannotLook),
        2 => any::<Index>().prop_map(|which| Step::Echo { which }),
        1 => Just(Step::ReadBack),
        1 => Just(Step::Customer),
        1 => prop::sample::select(vec![Ender::Agent, Ender::HandoffEvent, Ender::Customer]).prop_map(|by| Step::End { by }),
        2 => any::<Index>().prop_map(|which| Step::Retry { which }),
        1 => any::<Index>().prop_map(|which| Step::Discard { which }),
    ]
}

#[test]
fn whatever_happens_what_must_hold_holds() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let world = runtime.block_on(World::new());
    let steps = prop::collection::vec(step(), 1..30);
    runner(32)
        .run(&steps, |steps| {
            runtime.block_on(async {
                let mut play = Play::begin(&world).await;
                // Somebody is at work: most of what can go wrong needs that.
                for step in [Step::Trigger, Step::BothAccept].into_iter().chain(steps) {
                    play.take(&step).await;
                    play.check(&step).await;
                }
                play.settle().await;
            });
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
}
