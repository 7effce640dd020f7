//! Events about the end of a handoff, in every order in which they can arrive.

use babbage::model::handoff::{EndCause, HandoffState};
use babbage::model::ids::HandoffId;
use babbage::model::person::Role;
use futures::stream::{self, StreamExt};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::reading_back::still;
use super::support::{Browser, TestDesk, answer, event, texts};

/// What happens at Ada, in this order: a handoff, the customer writes, it ends; another one, the customer writes, and all is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Step {
    First,
    Written,
    HandoffEnded,
    Second,
    WrittenAgain,
    ConversationEnded,
}

const STEPS: [Step; 6] = [Step::First, Step::Written, Step::HandoffEnded, Step::Second, Step::WrittenAgain, Step::ConversationEnded];

/// What should have come of an order of arrival: the cause of each handoff's end. Told once more and apart from the desk: a trigger while
/// a handoff is open continues it; the event about the first handoff ends what began before it and nothing else; the conversation's end
/// ends what is open; and what is handed off after it is asked for at Ada.
fn expected(arrival: &[Step]) -> Vec<EndCause> {
    let mut handoffs: Vec<Option<EndCause>> = Vec::new();
    let (mut known, mut over, mut again) = (false, None, false);
    for step in arrival {
        match step {
            Step::First | Step::Second => {
                known = true;
                match (handoffs.last(), over) {
                    (Some(None), _) => again = true,
                    (_, Some(cause)) => handoffs.push(Some(cause)),
                    (_, None) => handoffs.push(None),
                }
            }
            Step::Written | Step::WrittenAgain => known = true,
            Step::HandoffEnded if again => {}
            Step::HandoffEnded => {
                // Of two the first is meant; and it ended long before the conversation did.
                if let Some(first) = handoffs.first_mut() {
                    *first = Some(EndCause::EndedAtAda);
                }
            }
            Step::ConversationEnded => {
                over = Some(if known { EndCause::EndUser } else { EndCause::FoundOver });
                if let Some(open @ None) = handoffs.last_mut() {
                    *open = Some(EndCause::EndUser);
                }
            }
        }
    }
    handoffs.into_iter().map(|cause| cause.expect("every order ends with nothing open")).collect()
}

struct Play<'a> {
    desk: &'a TestDesk,
    ana: &'a Browser,
    name: String,
    began: OffsetDateTime,
    handoffs: Vec<HandoffId>,
    over: bool,
}

impl Play<'_> {
    async fn step(&mut self, step: Step) {
        let at = |seconds: i64| event::stamp(self.began + Duration::seconds(seconds));
        let name = self.name.clone();
        match step {
            Step::First => self.trigger(true).await,
            Step::Second => self.trigger(false).await,
            Step::Written => self.desk.tell(&event::message_at(&name, &format!("{name}-1"), "one", &at(-50), &at(-50))).await,
            Step::WrittenAgain => self.desk.tell(&event::message_at(&name, &format!("{name}-2"), "two", &at(10), &at(10))).await,
            Step::HandoffEnded => self.desk.tell(&event::handoff_ended(&name, self.began - Duration::seconds(30))).await,
            Step::ConversationEnded => {
                self.desk.ada.change(&name, |conversation| conversation.ended = true);
                let mut ended = event::conversation_ended(&name, "end_user");
                ended["timestamp"] = json!(at(30));
                self.desk.tell(&ended).await;
                self.over = true;
            }
        }
    }

    async fn trigger(&mut self, long_ago: bool) {
        let (status, body): (u16, Value) = answer(self.desk.trigger(&json!({ "conversation_id": self.name })).await).await;
        assert_eq!(status, 200, "{body}");
        let handoff = body["handoff_id"].as_str().and_then(|id| id.parse().ok()).expect("a handoff's id");
        if !self.handoffs.contains(&handoff) {
            self.handoffs.push(handoff);
        }
        if self.over {
            let state = |state| move |loaded: &babbage::model::change::HandoffSnapshot| loaded.detail.summary.state == state;
            self.ana.until("Ada says that it is over", handoff, state(HandoffState::Ended)).await;
        } else if long_ago {
            self.desk.pass_time(handoff, std::time::Duration::from_secs(60)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_order_of_arrival_ends_every_handoff_once_for_the_right_reason() {
    let desk = TestDesk::setup().pace(still()).set("ADA_RATE_LIMITS", "1000/s 20000/min 1000000/day").start().await;
    let ana = desk.browser_of(desk.person("Ana", Role::Supervisor).await).await;
    let mut orders = permutations(&STEPS);
    orders.retain(|order| position(order, Step::First) < position(order, Step::Second));
    assert_eq!(orders.len(), 360);
    stream::iter(orders.iter().enumerate())
        .for_each_concurrent(4, async |(number, order)| {
            let name = format!("c{number}");
            desk.ada.hands_off(&name);
            let mut play = Play { desk: &desk, ana: &ana, name, began: OffsetDateTime::now_utc(), handoffs: Vec::new(), over: false };
            for step in order {
                play.step(*step).await;
            }
            let mut causes = Vec::new();
            for handoff in &play.handoffs {
                let loaded = ana.load(*handoff).await.expect("readable");
                assert_eq!(texts(&loaded.messages), ["one", "two"], "{order:?}");
                causes.extend(loaded.detail.summary.ended.map(|end| end.cause));
                assert_eq!(loaded.detail.summary.state, HandoffState::Ended, "{order:?}");
            }
            assert_eq!(causes, expected(order), "{order:?}");
        })
        .await;
}

fn permutations(steps: &[Step]) -> Vec<Vec<Step>> {
    if steps.is_empty() {
        return vec![Vec::new()];
    }
    let mut orders = Vec::new();
    for (at, first) in steps.iter().enumerate() {
        let rest: Vec<_> = steps.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, step)| *step).collect();
        orders.extend(permutations(&rest).into_iter().map(|order| std::iter::once(*first).chain(order).collect()));
    }
    orders
}

fn position(order: &[Step], step: Step) -> Option<usize> {
    order.iter().position(|one| *one == step)
}

#[tokio::test]
async fn a_late_end_of_before_does_not_end_what_was_handed_off_again_meanwhile() {
    let desk = TestDesk::setup().pace(still()).set("ADA_RATE_LIMITS", "1000/s 20000/min 1000000/day").start().await;
    let ana = desk.agent("Ana").await;
    let first = desk.hand_off("c1").await;
    ana.accept(first).await.expect("accepted");
    desk.pass_time(first, std::time::Duration::from_secs(60)).await;
    // It ended at Ada half a minute ago; the event is late, and the next trigger is faster.
    let ended_at = OffsetDateTime::now_utc() - Duration::seconds(30);
    assert_eq!(desk.hand_off("c1").await, first, "its owner goes on with it");
    desk.tell(&event::handoff_ended("c1", ended_at)).await;
    assert_eq!(ana.load(first).await.expect("readable").detail.summary.state, HandoffState::Active);
    desk.tell(&event::handoff_ended("c1", OffsetDateTime::now_utc())).await;
    assert_eq!(ana.load(first).await.expect("readable").detail.summary.state, HandoffState::Ended);
}

#[tokio::test]
async fn a_message_from_before_the_end_lands_in_its_place_and_opens_nothing() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    ana.accept(handoff).await.expect("accepted");
    desk.tell(&event::message("c1", "m2", "bye")).await;
    desk.tell(&event::handoff_ended("c1", OffsetDateTime::now_utc())).await;
    let before = event::stamp(OffsetDateTime::now_utc() - Duration::seconds(20));
    desk.tell(&event::message_at("c1", "m1", "thank you", &before, &before)).await;
    let loaded = ana.load(handoff).await.expect("readable");
    assert_eq!((texts(&loaded.messages), loaded.detail.summary.state), (vec!["thank you", "bye"], HandoffState::Ended));
}

#[tokio::test]
async fn an_old_end_of_the_conversation_is_asked_for_at_ada() {
    let desk = TestDesk::setup().pace(still()).set("ADA_RATE_LIMITS", "1000/s 20000/min 1000000/day").start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    let mut ended = event::conversation_ended("c1", "end_user");
    ended["timestamp"] = json!(event::stamp(OffsetDateTime::now_utc() - Duration::hours(1)));
    desk.tell(&ended).await;
    desk.ada.until_called("GET", "/c1", 1).await;
    // It goes on there: Ada handed it off after that end.
    ana.accept(handoff).await.expect("accepted");
}
