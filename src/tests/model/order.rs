//! One order everywhere, through the public door: conversations made at random, told by webhooks and reads of Ada's list in whatever split,
//! order and form. The store, a page that followed every change, a page that is loaded anew, an export and the list agree with what was
//! written.

use babbage::live::frames::FromBrowser;
use babbage::model::change::OpenHandoff;
use babbage::model::ids::HandoffId;
use babbage::model::message::{Message, MessageState};
use babbage::model::timeline::Timeline;
use babbage::store;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use serde_json::{Value, json};
use time::macros::{datetime, format_description};
use time::{Duration, OffsetDateTime};

use super::runner;
use crate::support::{Browser, BrowserSocket, TestDesk, event, row, texts};

/// How Ada writes a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    Fine,
    NoOffset,
    Cut,
}

impl Form {
    fn of(self, at: OffsetDateTime) -> Value {
        let text = at.format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]")).expect("a time");
        let milli = at.millisecond();
        json!(match self {
            Self::Fine => format!("{text}.{milli:03}+00:00"),
            Self::NoOffset => format!("{text}.{milli:03}"),
            Self::Cut => format!("{text}+00:00"),
        })
    }
}

#[derive(Clone, Debug)]
struct Written {
    id: String,
    at: OffsetDateTime,
    created: Form,
    listed: Form,
    timestamp: Form,
    /// Seconds between writing and webhook: it leaves the second.
    delay: i64,
    /// When its webhook comes: before the first read, between the two, or after both. And whether it does.
    comes: usize,
    told: bool,
    twice: bool,
}

impl Written {
    fn is_exact(&self) -> bool {
        self.created != Form::Cut || (self.timestamp != Form::Cut && self.delay == 0)
    }
}

#[derive(Clone, Debug)]
struct Case {
    written: Vec<Written>,
    /// How many of them the first and the second read have.
    reads: [usize; 2],
    shuffle: Vec<Index>,
    reply: bool,
}

fn case() -> impl Strategy<Value = Case> {
    let start = prop_oneof![
        3 => Just(datetime!(2026-10-20 09:00:00 UTC)),
        1 => Just(datetime!(1970-01-01 00:00:00 UTC)),
        1 => Just(datetime!(9999-12-31 23:59:50 UTC)),
    ];
    let form = || prop::sample::select(vec![Form::Fine, Form::NoOffset, Form::Cut, Form::Cut]);
    let odd = prop::sample::select(vec!["9", "10", "Z", "a", "ä", "a\u{308}", "中", "🙂", "-1", "~"]);
    let one = (odd, 1..600i64, form(), form(), form(), prop_oneof![3 => Just(0i64), 1 => Just(2)], 0..3usize, any::<bool>(), any::<bool>());
    (start, prop::collection::vec(one, 2..9), any::<Index>(), any::<Index>(), prop::collection::vec(any::<Index>(), 24), any::<bool>())
        .prop_map(|(start, all, first, second, shuffle, reply)| {
            let mut at = start;
            let written: Vec<_> = all
                .into_iter()
                .enumerate()
                .map(|(number, (id, gap, created, listed, timestamp, delay, comes, told, twice))| {
                    at += Duration::milliseconds(gap);
                    Written { id: format!("{id}{number}"), at, created, listed, timestamp, delay, comes, told, twice }
                })
                .collect();
            let mut reads = [first.index(written.len() + 1), second.index(written.len() + 1)];
            reads.sort_unstable();
            // In the last year there is, what is written now would not come last.
            let reply = reply && start.year() < 9999;
            Case { written, reads, shuffle, reply }
        })
}

#[tokio::test]
async fn any_arrival_gives_one_transcript_in_the_store_in_pages_and_in_exports() {
    let desk = TestDesk::setup().set("ADA_RATE_LIMITS", "1000/s 20000/min 1000000/day").start().await;
    let ana = desk.agent("Ana").await;
    let socket = ana.open_socket().await;
    let mut runner = runner(24);
    for number in 0..runner.config().cases {
        let case = case().new_tree(&mut runner).expect("a case").current();
        play(&desk, &ana, &socket, &format!("c{number}"), &case).await;
    }
}

async fn play(desk: &TestDesk, ana: &Browser, socket: &BrowserSocket, conversation: &str, case: &Case) {
    let handoff = desk.hand_off(conversation).await;
    socket.watch(ana, handoff).await;
    for phase in 0..3 {
        tell(desk, conversation, case, phase).await;
        if let Some(upto) = case.reads.get(phase) {
            read(desk, ana, conversation, handoff, case, *upto).await;
        }
    }
    let mut expected: Vec<String> =
        case.written.iter().enumerate().filter(|(at, _)| is_known(case, *at)).map(|(at, _)| at.to_string()).collect();
    if case.reply {
        let reply = ana.reply(handoff, "from Ana").await;
        ana.until_reply(handoff, reply, "it is sent", |reply| reply.state == MessageState::Sent).await;
        let id = desk.ada.conversation(conversation).messages.last().expect("the reply")["message_id"].clone();
        desk.tell(&event::echo(conversation, id.as_str().expect("an id"), "Ana", "from Ana")).await;
        expected.push("from Ana".to_owned());
    }
    compare(desk, ana, socket, handoff, &expected, case).await;
}

/// Whether it is told at all, and so that its place is known.
fn is_known(case: &Case, at: usize) -> bool {
    at < case.reads[1] || (case.written[at].told && case.written[at].is_exact())
}

/// The webhooks of a phase, shuffled, some twice.
async fn tell(desk: &TestDesk, conversation: &str, case: &Case, phase: usize) {
    let mut now: Vec<usize> = Vec::new();
    for (at, written) in case.written.iter().enumerate() {
        if written.told && written.comes == phase && is_known(case, at) {
            now.push(at);
            now.extend(written.twice.then_some(at));
        }
    }
    for (at, index) in case.shuffle.iter().enumerate().take(now.len()) {
        let other = index.index(now.len());
        now.swap(at, other);
    }
    for at in now {
        let written = &case.written[at];
        let mut event = event::message(conversation, &written.id, &at.to_string());
        event["data"]["created_at"] = written.created.of(written.at);
        event["timestamp"] = written.timestamp.of(written.at.checked_add(Duration::seconds(written.delay)).unwrap_or(written.at));
        desk.tell(&event).await;
    }
}

/// The list as it is by now, read from Ada: by the accept, then because the agent asks for it.
async fn read(desk: &TestDesk, ana: &Browser, conversation: &str, handoff: HandoffId, case: &Case, upto: usize) {
    desk.ada.change(conversation, |listed| {
        listed.messages.clear();
        for (at, written) in case.written.iter().enumerate().take(upto) {
            let mut message = row(&written.id, "end_user", &at.to_string(), written.at);
            message["created_at"] = written.listed.of(written.at);
            listed.messages.push(message);
        }
    });
    if ana.load(handoff).await.expect("readable").detail.summary.owner.is_none() {
        ana.accept(handoff).await.expect("accepted");
    } else {
        ana.with_handoff("read_again", handoff).await.expect("asked");
    }
    ana.until_read(handoff).await;
}

async fn compare(desk: &TestDesk, ana: &Browser, socket: &BrowserSocket, handoff: HandoffId, expected: &[String], case: &Case) {
    let exported = store::snapshot::handoff(&desk.pool, handoff).await.expect("an export");
    assert_eq!(texts(&exported.messages), expected, "as an export has it: {case:#?}\n{:#?}", places(&exported.messages));
    let loaded = OpenHandoff::from(ana.load(handoff).await.expect("readable"));
    assert_eq!(loaded.timeline.messages(), exported.messages, "as a page that is loaded now shows it: {case:#?}");
    socket.until("all of it", |page| page.open.as_ref().is_some_and(|open| open.number == exported.number)).await;
    assert_eq!(socket.look(|page| page.texts().join(" ")), expected.join(" "), "as a page that followed shows it: {case:#?}");
    let turned: Vec<Message> = exported.messages.iter().rev().cloned().collect();
    assert_eq!(Timeline::new(turned).messages(), exported.messages, "{case:#?}");
    let last = exported.detail.summary.last.map(|last| last.text);
    assert_eq!(last.as_ref(), expected.last(), "as the list shows its last line: {case:#?}\n{:#?}", places(&exported.messages));
    socket.say(&FromBrowser::Unwatch);
}

/// What each message stands by.
fn places(messages: &[Message]) -> Vec<String> {
    let place =
        |message: &Message| format!("{:?}: {:?} {:?} {:?}", message.ada_id, message.created_at, message.event_at, message.listed_at);
    messages.iter().map(place).collect()
}
