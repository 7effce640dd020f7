//! The rate budget at Ada: never exceeded as Ada counts, shared by all servers, replies first.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use babbage::model::ids::HandoffId;
use babbage::model::message::MessageState;
use babbage::model::pace::{Class, Grant, RateLimits};
use babbage::store::budget;
use serde_json::json;

use super::replies::{at_work, sent};
use super::support::{Browser, FakeAda, Fault, TestDesk, When, eventually};

/// A desk whose tenant may make this many calls.
async fn limited(limits: &str) -> (TestDesk, Browser) {
    let desk = TestDesk::setup().set("ADA_RATE_LIMITS", limits).start().await;
    let ana = desk.agent("Ana").await;
    (desk, ana)
}

async fn accepted(desk: &TestDesk, ana: &Browser, conversation: &str) -> HandoffId {
    let handoff = desk.hand_off(conversation).await;
    ana.accept(handoff).await.expect("accepted");
    handoff
}

/// The most calls that any window of this length has seen.
fn most_within(window: Duration, times: &[Instant]) -> usize {
    let mut times = times.to_vec();
    times.sort();
    (0..times.len()).map(|from| times[from..].iter().take_while(|at| at.duration_since(times[from]) < window).count()).max().unwrap_or(0)
}

fn arrivals(ada: &FakeAda) -> Vec<Instant> {
    ada.seen().iter().map(|seen| seen.at).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_second_holds_too_many_with_two_servers() {
    let (desk, ana) = limited("10/s 5000/min").await;
    let elsewhere = desk.another_server().await;
    let ben = elsewhere.agent("Ben").await;
    let mut last = Vec::new();
    for number in 0..12 {
        let agent = if number % 2 == 0 { &ana } else { &ben };
        let handoff = accepted(&desk, agent, &format!("c{number}")).await;
        for reply in 0..3 {
            let id = agent.reply(handoff, &format!("reply {reply}")).await;
            if reply == 2 {
                last.push((agent, handoff, id));
            }
        }
    }
    for (agent, handoff, id) in last {
        sent(agent, handoff, id).await;
    }
    for number in 0..12 {
        assert_eq!(desk.ada.replies(&format!("c{number}")), ["reply 0", "reply 1", "reply 2"]);
    }
    let most = most_within(Duration::from_secs(1), &arrivals(&desk.ada));
    assert!(most <= 10, "{most} calls within a second");
    assert!(most >= 8, "only {most} calls within a second");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_window_holds_too_many_whenever_ada_counts_a_call() {
    const LIMIT: u32 = 20;
    let (desk, _ana) = limited(&format!("{LIMIT}/s 5000/min")).await;
    let (ai_agent, arrivals) = (desk.state.tenants.all()[0].id, Arc::new(Mutex::new(Vec::new())));
    let until = Instant::now() + Duration::from_secs(4);
    let mut callers = Vec::new();
    // Four servers with connections of their own; Ada counts a call at any moment between its grant and its answer.
    for server in 0..4_u64 {
        let pool = desk.database.pool().await;
        for caller in 0..6_u64 {
            let (pool, arrivals) = (pool.clone(), arrivals.clone());
            callers.push(tokio::spawn(async move {
                while Instant::now() < until {
                    match budget::grant(&pool, ai_agent, Class::Talk, Duration::from_secs(30)).await.expect("decided") {
                        Grant::Granted(call) => {
                            tokio::time::sleep(Duration::from_millis((server * 7 + caller * 11) % 40)).await;
                            arrivals.lock().expect("no panic").push(Instant::now());
                            tokio::time::sleep(Duration::from_millis((caller * 13) % 30)).await;
                            budget::over(&pool, call).await.expect("noted");
                        }
                        Grant::Wait { wait, .. } => tokio::time::sleep(wait).await,
                    }
                }
            }));
        }
    }
    for caller in callers {
        caller.await.expect("no panic");
    }
    let arrivals = arrivals.lock().expect("no panic").clone();
    let most = most_within(Duration::from_secs(1), &arrivals);
    assert!(most <= LIMIT as usize, "{most} of {} calls within a second", arrivals.len());
    assert!(arrivals.len() >= 3 * LIMIT as usize, "only {} calls", arrivals.len());
}

#[tokio::test]
async fn a_call_whose_server_died_holds_its_place_until_it_must_be_over() {
    let (desk, _ana) = limited("1/s").await;
    let ai_agent = desk.state.tenants.all()[0].id;
    let asked = Instant::now();
    let first = budget::grant(&desk.pool, ai_agent, Class::Talk, Duration::from_secs(2)).await.expect("decided");
    assert!(matches!(first, Grant::Granted(_)), "{first:?}");
    eventually("the place is free again", async || {
        let grant = budget::grant(&desk.pool, ai_agent, Class::Talk, Duration::from_secs(2)).await.expect("decided");
        matches!(grant, Grant::Granted(_)).then_some(())
    })
    .await;
    assert!(asked.elapsed() >= Duration::from_secs(3), "after {:?}", asked.elapsed());
}

#[tokio::test]
async fn replies_go_before_transcripts_when_the_minute_is_nearly_used_up() {
    let (desk, ana) = limited("1000/s 20/min").await;
    // Three calls each, of which reads may use 18.
    let mut handoffs = Vec::new();
    for number in 0..9 {
        handoffs.push(accepted(&desk, &ana, &format!("c{number}")).await);
    }
    eventually("reads have used up their share", async || (desk.ada.seen().len() >= 18).then_some(())).await;
    let begun = Instant::now();
    let reply = ana.reply(handoffs[0], "at once").await;
    sent(&ana, handoffs[0], reply).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "after {:?}", begun.elapsed());
    let next = ana.reply(handoffs[1], "at once too").await;
    sent(&ana, handoffs[1], next).await;
    // Now the minute is full for everybody, and the agent is told so.
    let waits = ana.reply(handoffs[2], "later").await;
    let told = ana.until_reply(handoffs[2], waits, "the agent is told why", |reply| reply.problem.is_some()).await;
    assert_eq!(told.state, MessageState::Queued);
    let words = told.problem.unwrap_or_default();
    assert!(words.contains("a minute") && words.contains("goes on by itself"), "{words}");
    assert_eq!(desk.ada.seen().len(), 20);
    let used = budget::remaining(&desk.pool, desk.state.tenants.all()[0].id).await.expect("known");
    assert_eq!((used.used.minute, used.used.day, used.limits.per_minute), (20, 20, 20));
}

#[tokio::test]
async fn a_used_up_day_is_told_with_its_time_and_goes_on_by_itself() {
    let (desk, ana) = limited("1000/s 1000/min 6/day").await;
    let handoff = accepted(&desk, &ana, "c1").await;
    ana.until_read(handoff).await;
    eventually("the context is read too", async || (desk.ada.seen().len() >= 3).then_some(())).await;
    let mut last = None;
    for number in 0..4 {
        last = Some(ana.reply(handoff, &format!("reply {number}")).await);
    }
    let last = last.expect("a reply");
    let told = ana.until_reply(handoff, last, "the agent is told why", |reply| reply.problem.is_some()).await;
    let words = told.problem.unwrap_or_default();
    assert!(words.contains("24 hours") && words.contains("UTC"), "{words}");
    assert_eq!((told.state, desk.ada.seen().len()), (MessageState::Queued, 6));
    let ai_agent = desk.state.tenants.all()[0].id;
    let remaining = budget::remaining(&desk.pool, ai_agent).await.expect("known");
    assert!(remaining.next_of_day.is_some(), "{remaining:?}");
    // An administrator raises the limits: it goes on without anybody's doing.
    let _ = TestDesk::setup().set("ADA_RATE_LIMITS", "1000/s 1000/min 100/day").on(&desk.database).with_ada(desk.ada.clone()).start().await;
    let sent = sent(&ana, handoff, last).await;
    assert_eq!(sent.problem, None);
    assert_eq!(desk.ada.replies("c1"), ["reply 0", "reply 1", "reply 2", "reply 3"]);
}

#[tokio::test]
async fn slow_reads_hold_up_no_reply() {
    let (desk, ana) = limited("1000/s 5000/min").await;
    let gates: Vec<_> = (0..8).map(|number| desk.ada.holds("GET", &format!("/c{number}/messages"), When::Before)).collect();
    let mut handoffs = Vec::new();
    for number in 0..8 {
        handoffs.push(accepted(&desk, &ana, &format!("c{number}")).await);
    }
    // As many as are read at once.
    gates[0].reached().await;
    let reply = ana.reply(handoffs[7], "not held up").await;
    sent(&ana, handoffs[7], reply).await;
    for gate in gates {
        gate.open();
    }
    ana.until_read(handoffs[7]).await;
}

#[tokio::test]
async fn when_ada_asks_to_slow_down_every_server_waits_and_nobody_longer_than_asked() {
    let (desk, ana, handoff) = at_work().await;
    ana.until_read(handoff).await;
    let elsewhere = desk.another_server().await;
    let ben = elsewhere.agent("Ben").await;
    let other = accepted(&elsewhere, &ben, "c2").await;
    ben.until_read(other).await;
    for as_date in [false, true] {
        let (header, date) = if as_date { in_http(4) } else { ("2".to_owned(), Instant::now()) };
        let before = desk.ada.calls("POST", "/c1/messages").len();
        let body = json!({ "errors": [{ "type": "too_many_requests", "message": "Slow down" }] });
        desk.ada.next("POST", "/c1/messages", When::Before, Fault::Answer { status: 429, headers: vec![("retry-after", header)], body });
        let id = ana.reply(handoff, "hello").await;
        ana.until_reply(handoff, id, "the agent sees why it waits", |reply| reply.problem.is_some()).await;
        let calls = desk.ada.seen().len();
        let not_yet = ben.reply(other, "meanwhile").await;
        sent(&ana, handoff, id).await;
        sent(&ben, other, not_yet).await;
        let posts = desk.ada.calls("POST", "/c1/messages");
        let asked = if as_date { date } else { posts[before].at + Duration::from_secs(2) };
        let (back, first) = (posts[before + 1].at, desk.ada.seen()[calls].at);
        assert!(back >= asked, "came back {:?} too early", asked.duration_since(back));
        assert!(first >= asked, "somebody called {:?} too early", asked.duration_since(first));
        // A date has whole seconds; the rest is room for a machine that is busy with other tests.
        let late = back.duration_since(asked);
        assert!(late < Duration::from_secs(if as_date { 4 } else { 2 }), "came back {late:?} late");
    }
}

/// A moment so many seconds from now, as HTTP writes it.
fn in_http(seconds: i64) -> (String, Instant) {
    let form = time::macros::format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    let (now, clock) = (time::OffsetDateTime::now_utc(), Instant::now());
    let date = (now + time::Duration::seconds(seconds)).replace_nanosecond(0).expect("a date");
    (date.format(form).expect("a date"), clock + (date - now).unsigned_abs())
}

#[tokio::test]
async fn a_refused_key_is_known_until_ada_takes_it_again() {
    let (desk, ana, handoff) = at_work().await;
    ana.until_read(handoff).await;
    let ai_agent = desk.state.tenants.all()[0].id;
    let refused = async || budget::remaining(&desk.pool, ai_agent).await.expect("known").key_refused_at.is_some();
    assert!(!refused().await);
    desk.ada.refuses("POST", "/messages", 401, "Invalid API key");
    let id = ana.reply(handoff, "hello").await;
    ana.until_reply(handoff, id, "it failed", |reply| reply.state == MessageState::Failed).await;
    eventually("it is known", async || refused().await.then_some(())).await;
    let next = ana.reply(handoff, "next").await;
    sent(&ana, handoff, next).await;
    eventually("it is over", async || (!refused().await).then_some(())).await;
}

#[tokio::test]
async fn what_no_window_can_hold_any_more_is_forgotten() {
    let (desk, ana, handoff) = at_work().await;
    ana.until_read(handoff).await;
    assert_eq!(budget::sweep(&desk.pool, 100).await.expect("swept"), 0);
    assert_eq!(babbage::store::deliveries::sweep(&desk.pool, 30, 100).await.expect("swept"), 0, "not old enough");
    assert_eq!(babbage::store::deliveries::sweep(&desk.pool, 0, 1).await.expect("swept"), 1, "a little at a time");
    let remaining = budget::remaining(&desk.pool, desk.state.tenants.all()[0].id).await.expect("known");
    assert_eq!(remaining.limits, RateLimits::default());
    assert!(remaining.used.day >= 1 && remaining.paused_until.is_none() && remaining.next_of_day.is_none(), "{remaining:?}");
}
