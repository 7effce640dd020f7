//! A page that comes back: it gets exactly what it lacks, or the word to load anew. Never a hole.

use std::time::Duration;

use babbage::live::frames::FromBrowser;
use babbage::model::change::OpenHandoff;
use babbage::model::handoff::{EndWay, HandoffState};
use babbage::model::ids::HandoffId;
use babbage::store::changes::{self, What};
use time::OffsetDateTime;

use super::support::{Browser, BrowserSocket, TestDesk, event};

const WEEK: Duration = Duration::from_secs(7 * 24 * 3_600);

/// A handoff with some messages, over since more than a week; and a page from the middle of it.
async fn long_over(desk: &TestDesk, ana: &Browser) -> (HandoffId, OpenHandoff) {
    let handoff = desk.hand_off("c1").await;
    ana.accept(handoff).await.expect("accepted");
    ana.until_read(handoff).await;
    desk.tell(&event::message("c1", "m1", "one")).await;
    let old = OpenHandoff::from(ana.load(handoff).await.expect("readable"));
    desk.tell(&event::message("c1", "m2", "two")).await;
    ana.end(handoff, EndWay::ReturnToAi, "solved", "").await.expect("asked");
    ana.until("it ended", handoff, |loaded| loaded.detail.summary.state == HandoffState::Ended).await;
    desk.tell(&event::handoff_ended("c1", OffsetDateTime::now_utc())).await;
    (handoff, old)
}

async fn kept(desk: &TestDesk, handoff: HandoffId) -> usize {
    changes::after(&desk.pool, handoff, 0, 1_000).await.expect("readable").len()
}

#[tokio::test]
async fn a_page_older_than_what_is_kept_loads_anew() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let (handoff, old) = long_over(&desk, &ana).await;
    desk.pass_time(handoff, Duration::from_secs(6 * 24 * 3_600)).await;
    assert_eq!(changes::prune(&desk.pool, 100).await.expect("pruned"), 0, "within the week");
    assert!(kept(&desk, handoff).await > 0);
    desk.pass_time(handoff, WEEK).await;
    assert_eq!(changes::prune(&desk.pool, 100).await.expect("pruned"), 1);
    assert_eq!(changes::prune(&desk.pool, 100).await.expect("pruned"), 0, "once");
    assert_eq!(kept(&desk, handoff).await, 0);

    let socket = ana.open_socket().await;
    socket.show(old.clone());
    socket.until("resync", |page| page.resyncs == [handoff]).await;
    assert!(socket.look(|page| page.told.is_empty() && page.watching.is_none()));
    // Loaded anew it goes on, with the next numbers.
    socket.watch(&ana, handoff).await;
    socket.until("up to date", |page| page.watching.is_some()).await;
    desk.tell(&event::message("c1", "m3", "long after the end")).await;
    socket.until("what is new", |page| page.texts().len() == 3).await;
    assert_eq!(socket.look(|page| page.gaps), 0);
    // There is a change again, but not the one that follows on the old page.
    let socket = ana.open_socket().await;
    socket.show(old);
    socket.until("resync", |page| page.resyncs == [handoff]).await;
    assert!(socket.look(|page| page.told.is_empty()));
}

#[tokio::test]
async fn what_is_open_or_ended_lately_keeps_its_changes() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let open = desk.hand_off("c2").await;
    let (ended, old) = long_over(&desk, &ana).await;
    desk.pass_time(open, WEEK * 10).await;
    assert_eq!(changes::prune(&desk.pool, 100).await.expect("pruned"), 0);
    let socket = ana.open_socket().await;
    let missing = ana.load(ended).await.expect("readable").number - old.number;
    socket.show(old);
    socket.until("what it lacks", |page| i64::try_from(page.told.len()).is_ok_and(|told| told == missing)).await;
    assert!(socket.look(|page| page.resyncs.is_empty()));
}

/// The order in which transactions end is not that in which they begin, and nobody has to say that one ended.
#[tokio::test]
async fn a_transaction_that_ends_late_and_in_silence_is_found() {
    let desk = TestDesk::start().await;
    let elsewhere = desk.another_server().await;
    let ana = desk.agent("Ana").await;
    let (slow, quick) = (desk.hand_off("c1").await, desk.hand_off("c2").await);
    let mut held = desk.pool.begin().await.expect("a transaction");
    let number = changes::append(&mut held, slow, What::Handoff).await.expect("numbered");
    let mut pages = Vec::new();
    for base in [desk.url(""), elsewhere.url("")] {
        let browser = ana.at(base);
        let socket = browser.open_socket().await;
        socket.watch(&browser, slow).await;
        socket.until("watching", |page| page.watching.is_some()).await;
        pages.push((browser, socket));
    }
    for number in 0..5 {
        desk.tell(&event::message("c2", &format!("m{number}"), "meanwhile")).await;
    }
    let meanwhile = |page: &super::support::Page| page.listed(quick).is_some_and(|entry| entry.last.is_some());
    for (_, socket) in &pages {
        socket.until("the others go on", meanwhile).await;
        assert!(socket.look(|page| page.told.is_empty()));
    }
    held.commit().await.expect("committed");
    for (browser, socket) in &pages {
        socket.until("the change", |page| page.told.last().is_some_and(|told| told.number == number)).await;
        socket.until("the list", |page| page.listed(slow).is_some_and(|entry| entry.number == number)).await;
        socket.must_equal_fresh(browser, slow).await;
    }
}

#[tokio::test]
async fn a_page_that_was_away_for_long_gets_a_thousand_changes_in_order() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    desk.tell(&event::message("c1", "m0", "before")).await;
    let old = OpenHandoff::from(ana.load(handoff).await.expect("readable"));
    let mut transaction = desk.pool.begin().await.expect("a transaction");
    for _ in 0..1_200 {
        changes::append(&mut transaction, handoff, What::Handoff).await.expect("numbered");
    }
    transaction.commit().await.expect("committed");
    let socket = ana.open_socket().await;
    socket.show(old.clone());
    socket.until("all of it", |page| page.watching == Some((handoff, old.number + 1_200))).await;
    socket.look(|page| {
        assert_eq!((page.gaps, page.told.len()), (0, 1_200));
        assert!(page.told.iter().zip(old.number + 1..).all(|(told, number)| told.number == number));
    });
    // Too far behind, a fresh snapshot is cheaper.
    let mut transaction = desk.pool.begin().await.expect("a transaction");
    for _ in 0..4_000 {
        changes::append(&mut transaction, handoff, What::Handoff).await.expect("numbered");
    }
    transaction.commit().await.expect("committed");
    let socket: BrowserSocket = ana.open_socket().await;
    socket.say(&FromBrowser::Watch { handoff, after: old.number });
    socket.until("resync", |page| page.resyncs == [handoff]).await;
}
