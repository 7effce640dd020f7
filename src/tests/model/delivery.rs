//! The protocol of the outbox, looked through state by state: two replies of one conversation, two workers that may die or stall at any
//! point, leases that run out, answers that are lost before and after their effect, an agent who decides about what nobody knows.
//!
//! The model says what must hold and why each safeguard is there: without it, the checker finds a way in which a customer gets a reply
//! twice, or in the wrong order. That the store does what the model says is for the tests with a real Postgres (`outbox.rs`).

use stateright::{Checker, HasDiscoveries, Model, Property};

/// What keeps replies from leaving twice. All of it, or all but one.
#[derive(Clone, Copy, Debug)]
struct Outbox {
    /// A claim is marked as begun before the first byte leaves.
    begun_before_sent: bool,
    /// What may have arrived is looked for before it is sent again.
    looks_before_sending_again: bool,
    /// Only who holds the lease writes what came of an attempt.
    lease_checked_at_the_end: bool,
    /// A lease holds longer than a call can take.
    lease_outlasts_call: bool,
    /// A call whose answer was not waited for has no effect any more when Ada is looked at.
    settled_when_looked_at: bool,
    /// One after the other within a conversation.
    in_turn: bool,
}

const WHOLE: Outbox = Outbox {
    begun_before_sent: true,
    looks_before_sending_again: true,
    lease_checked_at_the_end: true,
    lease_outlasts_call: true,
    settled_when_looked_at: true,
    in_turn: true,
};

const REPLIES: usize = 2;
const WORKERS: usize = 2;
/// How many times the agent asks for a reply again of which nobody knows whether it arrived.
const DECISIONS: u8 = 1;
/// How many copies of a reply are looked at: more say nothing new.
const COPIES: u8 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Row {
    Owed,
    Attempting,
    Unclear,
    Done,
    /// Not sent, and not tried again by itself: Ada refused, or nobody could tell.
    Given,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Delivery {
    row: Row,
    /// Which worker's lease stands in the row.
    lease: Option<usize>,
    /// How many copies the customer has.
    at_ada: u8,
    decisions: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Worker {
    Idle,
    /// Has claimed; `before` is how far the last attempt had got.
    Claimed {
        reply: usize,
        before: Row,
    },
    /// Its call is on the way.
    Sending {
        reply: usize,
    },
    /// Knows what the answer says, and has not written it yet.
    Answered {
        reply: usize,
        outcome: Outcome,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Outcome {
    Sent,
    /// Surely not: refused, or never connected.
    NotSent,
    Unclear,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Desk {
    deliveries: [Delivery; REPLIES],
    workers: [Worker; WORKERS],
    /// Calls that nobody waits for any more, and that Ada may still carry out: of whom, and what. As long as a lease outlasts its call it
    /// makes no difference when such a call lands, and it lands at once.
    adrift: Vec<(usize, usize)>,
    /// The second reply reached the customer while the first one was still to come.
    overtaken: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Step {
    Claim {
        worker: usize,
        reply: usize,
    },
    /// Reads the conversation back: the reply is there, or it is not.
    Look {
        worker: usize,
    },
    /// The conversation cannot be read back, for too long.
    CannotTell {
        worker: usize,
    },
    Send {
        worker: usize,
    },
    Answer {
        worker: usize,
        effect: bool,
        outcome: Outcome,
    },
    Write {
        worker: usize,
    },
    Die {
        worker: usize,
        effect: bool,
    },
    /// A call that nobody waits for comes to its end.
    Land {
        call: usize,
        effect: bool,
    },
    LeaseRunsOut {
        reply: usize,
    },
    /// The agent sends once more what is unknown.
    Decide {
        reply: usize,
    },
}

impl Desk {
    fn arrives(&mut self, reply: usize) {
        let first_to_come = self.deliveries[..reply].iter().any(|before| !matches!(before.row, Row::Done | Row::Given));
        self.overtaken |= first_to_come;
        let delivery = &mut self.deliveries[reply];
        delivery.at_ada = (delivery.at_ada + 1).min(COPIES + DECISIONS);
    }

    /// A call goes on without anybody who waits for it. A few at a time are enough.
    fn drifts(&mut self, worker: usize, reply: usize) -> Option<()> {
        if self.adrift.len() < WORKERS {
            self.adrift.push((worker, reply));
            self.adrift.sort_unstable();
            return Some(());
        }
        None
    }

    /// Whether a worker or a call that it left behind may still bring this reply to Ada under its lease.
    fn may_still_send(&self, owner: usize, reply: usize) -> bool {
        let busy = match self.workers[owner] {
            Worker::Claimed { reply: held, .. } | Worker::Sending { reply: held } => held == reply,
            Worker::Idle | Worker::Answered { .. } => false,
        };
        busy || self.adrift.contains(&(owner, reply))
    }

    fn write(&mut self, worker: usize, reply: usize, row: Row, lease_checked: bool) {
        let delivery = &mut self.deliveries[reply];
        let open = !matches!(delivery.row, Row::Done | Row::Given);
        if open && (delivery.lease == Some(worker) || !lease_checked) {
            delivery.row = row;
            delivery.lease = None;
        }
        self.workers[worker] = Worker::Idle;
    }
}

impl Model for Outbox {
    type State = Desk;
    type Action = Step;

    fn init_states(&self) -> Vec<Desk> {
        let owed = Delivery { row: Row::Owed, lease: None, at_ada: 0, decisions: 0 };
        vec![Desk { deliveries: [owed; REPLIES], workers: [Worker::Idle; WORKERS], adrift: Vec::new(), overtaken: false }]
    }

    fn actions(&self, desk: &Desk, steps: &mut Vec<Step>) {
        for worker in 0..WORKERS {
            match desk.workers[worker] {
                Worker::Idle => {
                    // A worker whose call is adrift has died; the server that came in its place is another one.
                    steps.extend((0..REPLIES).filter(|reply| self.is_due(desk, *reply)).map(|reply| Step::Claim { worker, reply }));
                    continue;
                }
                Worker::Claimed { before, .. } => {
                    let doubtful = self.looks_before_sending_again && matches!(before, Row::Attempting | Row::Unclear);
                    if doubtful {
                        steps.extend([Step::Look { worker }, Step::CannotTell { worker }]);
                    } else {
                        steps.push(Step::Send { worker });
                    }
                }
                Worker::Sending { .. } => {
                    for (effect, outcome) in
                        [(true, Outcome::Sent), (false, Outcome::NotSent), (true, Outcome::Unclear), (false, Outcome::Unclear)]
                    {
                        steps.push(Step::Answer { worker, effect, outcome });
                    }
                }
                Worker::Answered { .. } => steps.push(Step::Write { worker }),
            }
            steps.push(Step::Die { worker, effect: false });
            if matches!(desk.workers[worker], Worker::Sending { .. }) {
                steps.push(Step::Die { worker, effect: true });
            }
        }
        for call in 0..desk.adrift.len() {
            steps.extend([true, false].map(|effect| Step::Land { call, effect }));
        }
        for (reply, delivery) in desk.deliveries.iter().enumerate() {
            if let Some(owner) = delivery.lease
                && !(self.lease_outlasts_call && desk.may_still_send(owner, reply))
            {
                steps.push(Step::LeaseRunsOut { reply });
            }
            if delivery.row == Row::Given && desk.deliveries.iter().map(|delivery| delivery.decisions).sum::<u8>() < DECISIONS {
                steps.push(Step::Decide { reply });
            }
        }
    }

    fn next_state(&self, last: &Desk, step: Step) -> Option<Desk> {
        let mut desk = last.clone();
        match step {
            Step::Claim { worker, reply } => {
                let delivery = &mut desk.deliveries[reply];
                desk.workers[worker] = Worker::Claimed { reply, before: delivery.row };
                delivery.lease = Some(worker);
                if self.begun_before_sent {
                    delivery.row = Row::Attempting;
                }
            }
            Step::Look { worker } => {
                let Worker::Claimed { reply, .. } = desk.workers[worker] else { return None };
                // Of copies that the agent asked for, one more must be there.
                if desk.deliveries[reply].at_ada > desk.deliveries[reply].decisions {
                    desk.write(worker, reply, Row::Done, true);
                } else {
                    desk.workers[worker] = Worker::Claimed { reply, before: Row::Owed };
                }
            }
            Step::CannotTell { worker } => {
                let Worker::Claimed { reply, .. } = desk.workers[worker] else { return None };
                desk.write(worker, reply, Row::Given, true);
            }
            Step::Send { worker } => {
                let Worker::Claimed { reply, .. } = desk.workers[worker] else { return None };
                desk.workers[worker] = Worker::Sending { reply };
            }
            Step::Answer { worker, effect, outcome } => {
                let Worker::Sending { reply } = desk.workers[worker] else { return None };
                if effect {
                    desk.arrives(reply);
                } else if outcome == Outcome::Unclear && !self.settled_when_looked_at {
                    desk.drifts(worker, reply)?;
                }
                desk.workers[worker] = Worker::Answered { reply, outcome };
            }
            Step::Write { worker } => {
                let Worker::Answered { reply, outcome } = desk.workers[worker] else { return None };
                let row = match outcome {
                    Outcome::Sent => Row::Done,
                    Outcome::NotSent => Row::Owed,
                    Outcome::Unclear => Row::Unclear,
                };
                desk.write(worker, reply, row, self.lease_checked_at_the_end);
            }
            Step::Die { worker, effect } => {
                if let Worker::Sending { reply } = desk.workers[worker] {
                    if effect {
                        desk.arrives(reply);
                    } else if !self.lease_outlasts_call {
                        desk.drifts(worker, reply)?;
                    }
                }
                desk.workers[worker] = Worker::Idle;
            }
            Step::Land { call, effect } => {
                let (_, reply) = desk.adrift.remove(call);
                if effect {
                    desk.arrives(reply);
                }
            }
            Step::LeaseRunsOut { reply } => desk.deliveries[reply].lease = None,
            Step::Decide { reply } => {
                let delivery = &mut desk.deliveries[reply];
                delivery.row = Row::Owed;
                delivery.decisions += 1;
            }
        }
        Some(desk)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(TWICE, |_, desk: &Desk| desk.deliveries.iter().all(|delivery| delivery.at_ada <= 1 + delivery.decisions)),
            Property::always(TURN, |_, desk: &Desk| !desk.overtaken || desk.deliveries.iter().any(|delivery| delivery.decisions > 0)),
            Property::always(LOST, |_, desk: &Desk| {
                desk.deliveries.iter().all(|delivery| delivery.row != Row::Done || delivery.at_ada > 0)
            }),
            Property::always(STUCK, |outbox, desk: &Desk| {
                let mut steps = Vec::new();
                outbox.actions(desk, &mut steps);
                !steps.is_empty() || desk.deliveries.iter().all(|delivery| matches!(delivery.row, Row::Done | Row::Given))
            }),
            Property::sometimes(ALL_SENT, |_, desk: &Desk| {
                desk.deliveries.iter().all(|delivery| delivery.row == Row::Done && delivery.at_ada == 1)
            }),
            Property::sometimes(DECIDED, |_, desk: &Desk| desk.deliveries.iter().any(|delivery| delivery.at_ada == 2)),
        ]
    }
}

impl Outbox {
    fn is_due(self, desk: &Desk, reply: usize) -> bool {
        let open = |delivery: &Delivery| !matches!(delivery.row, Row::Done | Row::Given);
        let delivery = &desk.deliveries[reply];
        let first = !desk.deliveries[..reply].iter().any(open);
        open(delivery) && delivery.lease.is_none() && (first || !self.in_turn)
    }
}

const TWICE: &str = "no reply reaches the customer twice, but for what the agent asked for";
const TURN: &str = "replies arrive in the order in which they were sent";
const LOST: &str = "what is called sent has arrived";
const STUCK: &str = "something can always be done about a reply that is not settled";
const ALL_SENT: &str = "all replies arrive, once";
const DECIDED: &str = "an agent who decides to send again may double a reply";

/// Whether the checker finds a way to break this.
fn breaks(outbox: Outbox, promise: &'static str) -> bool {
    let found = HasDiscoveries::AllOf([promise].into());
    outbox.checker().finish_when(found).spawn_bfs().join().discovery(promise).is_some()
}

#[test]
fn with_all_safeguards_replies_arrive_once_and_in_turn() {
    let checker = WHOLE.checker().spawn_bfs().join();
    assert!(checker.unique_state_count() > 500, "{} states", checker.unique_state_count());
    checker.assert_properties();
}

#[test]
fn a_claim_that_is_not_marked_before_it_is_sent_doubles_a_reply() {
    assert!(breaks(Outbox { begun_before_sent: false, ..WHOLE }, TWICE));
}

#[test]
fn sending_again_without_a_look_doubles_a_reply() {
    assert!(breaks(Outbox { looks_before_sending_again: false, ..WHOLE }, TWICE));
}

#[test]
fn an_outcome_written_without_the_lease_doubles_a_reply() {
    assert!(breaks(Outbox { lease_checked_at_the_end: false, ..WHOLE }, TWICE));
}

#[test]
fn a_lease_shorter_than_a_call_doubles_a_reply() {
    assert!(breaks(Outbox { lease_outlasts_call: false, ..WHOLE }, TWICE));
}

#[test]
fn a_look_while_a_call_may_still_take_effect_doubles_a_reply() {
    assert!(breaks(Outbox { settled_when_looked_at: false, ..WHOLE }, TWICE));
}

#[test]
fn replies_that_do_not_wait_for_each_other_overtake() {
    assert!(breaks(Outbox { in_turn: false, ..WHOLE }, TURN));
}
