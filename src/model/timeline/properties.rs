//! The order under attack: conversations made at random, told in pieces, in any order, more than once.
//!
//! `PROPTEST_CASES=100000 cargo test --release --lib timeline` is the long form.

use proptest::prelude::*;
use proptest::sample::Index;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::tests::undated;
use super::*;
use crate::model::ids::AdaMessageId;
use crate::model::stamp::Stamp;

/// Enough for every run of the tests; `PROPTEST_CASES` asks for another number.
fn cases(usual: u32) -> ProptestConfig {
    let config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_some() { config } else { ProptestConfig { cases: usual, ..config } }
}

/// How Ada writes a moment.
#[derive(Clone, Copy, Debug)]
enum Form {
    Fine,
    NoOffset,
    Cut,
    CutElsewhere,
}

impl Form {
    fn stamp(self, at: OffsetDateTime) -> Stamp {
        let form = time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
        let text = at.format(form).expect("a time");
        let milli = at.millisecond();
        let text = match self {
            Self::Fine => format!("{text}.{milli:03}+00:00"),
            Self::NoOffset => format!("{text}.{milli:03}"),
            Self::Cut => format!("{text}+00:00"),
            Self::CutElsewhere => format!("{}-01:00", (at - Duration::hours(1)).format(form).expect("a time")),
        };
        Stamp::parse(&text).unwrap_or_else(|| panic!("{text} is a timestamp"))
    }
}

fn form() -> impl Strategy<Value = Form> + Clone {
    prop::sample::select(vec![Form::Fine, Form::NoOffset, Form::Cut, Form::CutElsewhere])
}

/// What one delivery says of a message.
#[derive(Clone, Debug)]
struct Report {
    message: usize,
    created_at: Option<Stamp>,
    event_at: Option<Stamp>,
    listed_at: Option<i32>,
}

/// A message as it was written, and how Ada's webhook tells of it.
#[derive(Clone, Debug)]
struct Written {
    id: String,
    at: OffsetDateTime,
    created: Form,
    listed: Form,
    timestamp: Form,
    /// How long after writing the webhook was made.
    delay: Duration,
    own: bool,
}

impl Written {
    fn webhook(&self, message: usize) -> Report {
        // Not beyond what the calendar holds.
        let made = self.at.checked_add(self.delay).unwrap_or(self.at);
        Report { message, created_at: Some(self.created.stamp(self.at)), event_at: Some(self.timestamp.stamp(made)), listed_at: None }
    }

    /// Whether the webhook alone says to the millisecond when it was written.
    fn is_exact(&self) -> bool {
        let fine = |form| matches!(form, Form::Fine | Form::NoOffset);
        fine(self.created) || (fine(self.timestamp) && self.delay.is_zero())
    }
}

/// Ids that compare oddly: numbers as text, other alphabets, what looks alike.
fn odd_id() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["9", "10", "Z", "a", "ä", "a\u{308}", "ß", "中", "🙂", "-1", "00", "~", "é", "\u{200b}"])
        .prop_map(str::to_owned)
}

fn start() -> impl Strategy<Value = OffsetDateTime> + Clone {
    prop_oneof![
        4 => Just(datetime!(2026-10-20 09:00:00 UTC)),
        1 => Just(datetime!(1970-01-01 00:00:00 UTC)),
        1 => Just(datetime!(1969-12-31 23:59:58 UTC)),
        1 => Just(datetime!(9999-12-31 23:59:30 UTC)),
    ]
}

/// Messages in the order of writing; `least` milliseconds lie between two, and a webhook that is late is late by `least_delay` at least.
fn conversation(least: i64, least_delay: i64) -> impl Strategy<Value = Vec<Written>> {
    let delay = prop_oneof![3 => Just(0i64), 1 => least_delay..5_000i64, 1 => Just(36_000_000)];
    let one = (odd_id(), least..700i64, form(), form(), form(), delay, any::<bool>());
    (start(), prop::collection::vec(one, 1..14)).prop_map(|(start, all)| {
        let mut at = start;
        all.into_iter()
            .enumerate()
            .map(|(number, (id, gap, created, listed, timestamp, delay, own))| {
                at += Duration::milliseconds(gap);
                let delay = Duration::milliseconds(delay);
                Written { id: format!("{id}{number}"), at, created, listed, timestamp, delay, own }
            })
            .collect()
    })
}

/// One read of Ada's list: these messages, in their places.
fn read(written: &[Written], listed: impl Iterator<Item = usize>) -> Vec<Report> {
    (0..)
        .zip(listed)
        .map(|(place, message)| Report {
            message,
            created_at: Some(written[message].listed.stamp(written[message].at)),
            event_at: None,
            listed_at: Some(place),
        })
        .collect()
}

/// Takes the reports in, one by one, as the desk does; a page follows along.
fn told(written: &[Written], reports: &[Report]) -> Timeline {
    let mut rows: Vec<Option<Message>> = written
        .iter()
        .enumerate()
        .map(|(number, written)| {
            // A reply of ours stands there before Ada says anything.
            written.own.then(|| Message { ada_id: None, ..undated(number as u128) })
        })
        .collect();
    let mut page = Timeline::new(rows.iter().flatten().cloned().collect());
    for report in reports {
        let known = rows[report.message].take();
        let row = known.unwrap_or_else(|| Message { revision: 0, ..undated(report.message as u128) });
        let (created_at, event_at) = merge_facts((row.created_at, row.event_at), (report.created_at, report.event_at));
        let row = Message {
            ada_id: Some(AdaMessageId(written[report.message].id.clone())),
            created_at,
            event_at,
            listed_at: merge_places(row.listed_at, report.listed_at),
            revision: row.revision + 1,
            ..row
        };
        page.upsert(row.clone());
        rows[report.message] = Some(row);
    }
    let mut snapshot = Timeline::new(rows.into_iter().flatten().collect());
    assert_eq!(page, snapshot, "what a page built from changes is what a page that is loaded now shows");
    // How many reports there were is not shown.
    for message in &mut snapshot.messages {
        message.revision = 1;
    }
    snapshot
}

fn order(timeline: &Timeline) -> Vec<u128> {
    timeline.messages().iter().map(|message| message.id.0.as_u128()).collect()
}

/// Every report at least once, some twice, in any order.
fn shuffled(reports: &[Report], order: &[Index]) -> Vec<Report> {
    let repeats: Vec<_> = order.iter().take(reports.len() / 2).map(|index| index.get(reports).clone()).collect();
    let mut all: Vec<_> = reports.iter().cloned().chain(repeats).collect();
    for (at, index) in order.iter().enumerate().take(all.len()) {
        let other = index.index(all.len());
        all.swap(at, other);
    }
    all
}

fn picks() -> impl Strategy<Value = Vec<Index>> {
    prop::collection::vec(any::<Index>(), 60)
}

fn facts() -> impl Strategy<Value = (Option<Stamp>, Option<Stamp>)> {
    let one = (start(), 0..5_000i64, form()).prop_map(|(start, milli, form)| form.stamp(start + Duration::milliseconds(milli)));
    (prop::option::of(one.clone()), prop::option::of(one))
}

/// Messages with facts that no Ada would tell together.
fn wild() -> impl Strategy<Value = Vec<Message>> {
    let one = (facts(), prop::option::of(0..4i32), odd_id(), any::<bool>(), 0..3i64);
    prop::collection::vec(one, 1..16).prop_map(|all| {
        all.into_iter()
            .enumerate()
            .map(|(number, ((created_at, event_at), listed_at, id, known, recorded))| Message {
                created_at,
                event_at,
                listed_at,
                ada_id: known.then_some(AdaMessageId(id)),
                recorded_at: datetime!(2026-10-20 09:00:00 UTC) + Duration::milliseconds(recorded * 600),
                ..undated(number as u128)
            })
            .collect()
    })
}

proptest! {
    #![proptest_config(cases(2_000))]

    /// Any order of arrival, any repeats, any mix of forms, webhooks and reads: one timeline.
    #[test]
    fn any_arrival_gives_the_same_timeline(
        written in conversation(0, 1),
        by_webhook in picks(),
        reads in prop::collection::vec(any::<Index>(), 0..3),
        one in picks(),
        other in picks(),
    ) {
        let webhooks = (0..written.len()).filter(|at| by_webhook[*at].index(3) > 0).map(|at| written[at].webhook(at));
        let lists = reads.iter().flat_map(|upto| read(&written, 0..=upto.index(written.len())));
        let reports: Vec<_> = webhooks.chain(lists).collect();
        prop_assert_eq!(told(&written, &shuffled(&reports, &one)), told(&written, &shuffled(&reports, &other)));
    }

    /// Wherever webhooks and lists together tell enough, the timeline is the order of writing, however the two share the messages.
    #[test]
    fn any_split_between_webhooks_and_reads_gives_the_order_of_writing(
        written in conversation(1, 1_000),
        upto in any::<Index>(),
        earlier in picks(),
        both in picks(),
        order_of_arrival in picks(),
    ) {
        // The last read knows all up to here; the one before it, when some had not reached the list yet, a part of them.
        let listed = upto.index(written.len() + 1);
        let before = read(&written, (0..listed).filter(|at| earlier[*at].index(2) == 0));
        let webhooks = (0..written.len())
            .filter(|at| (*at >= listed || both[*at].index(2) == 0) && (*at < listed || written[*at].is_exact()))
            .map(|at| written[at].webhook(at));
        let reports: Vec<_> = read(&written, 0..listed).into_iter().chain(before).chain(webhooks).collect();
        prop_assume!(!reports.is_empty());
        let timeline = told(&written, &shuffled(&reports, &order_of_arrival));
        let shown: Vec<_> = order(&timeline).into_iter().filter(|number| reports.iter().any(|report| report.message as u128 == *number)).collect();
        prop_assert!(shown.is_sorted(), "shown as {:?}", shown);
    }

    /// Whatever the facts, and however one got there: one by one in any order, or one too many and taken out again.
    #[test]
    fn the_order_is_total_and_depends_on_the_messages_alone(messages in wild(), picks in picks(), removed in any::<Index>()) {
        let whole = Timeline::new(messages.clone());
        prop_assert_eq!(whole.messages().len(), messages.len());
        let mut other = messages.clone();
        for (at, index) in picks.iter().enumerate().take(other.len()) {
            other.swap(at, index.index(messages.len()));
        }
        prop_assert_eq!(&Timeline::new(other.clone()), &whole);
        let mut grown = Timeline::default();
        for message in other {
            grown.upsert(message);
        }
        prop_assert_eq!(&grown, &whole);
        let gone = removed.get(&messages).id;
        grown.remove(gone);
        prop_assert_eq!(&grown, &Timeline::new(messages.iter().filter(|message| message.id != gone).cloned().collect()));
    }

    /// Whatever lists say, Ada's times are never turned round, and two fine times stand the same whoever else is there.
    #[test]
    fn no_time_is_turned_round(messages in wild()) {
        let timeline = Timeline::new(messages);
        let dated = |message: &Message| ada_time(message.created_at, message.event_at);
        for pair in timeline.messages().windows(2) {
            if let (Some(first), Some(second)) = (dated(&pair[0]), dated(&pair[1])) {
                prop_assert!(facts::second(first) <= facts::second(second));
                if first.nanosecond() > 0 && second.nanosecond() > 0 {
                    prop_assert!(first <= second);
                }
            }
        }
        for pair in timeline.messages().iter().zip(timeline.messages().iter().skip(1)) {
            let alone = Timeline::new(vec![pair.1.clone(), pair.0.clone()]);
            let fine = [pair.0, pair.1].iter().all(|message| dated(message).is_some_and(|at| at.nanosecond() > 0));
            prop_assert!(!fine || order(&alone) == [pair.0.id.0.as_u128(), pair.1.id.0.as_u128()]);
        }
    }

    #[test]
    fn facts_merge_the_same_in_any_order(a in facts(), b in facts(), c in facts()) {
        prop_assert_eq!(merge_facts(a, b), merge_facts(b, a));
        prop_assert_eq!(merge_facts(merge_facts(a, b), c), merge_facts(a, merge_facts(b, c)));
        prop_assert_eq!(merge_facts(a, a), a);
    }
}
