//! Servers that go and come, in processes of their own: what is in flight is answered or refused, pages come back elsewhere, and
//! everybody at once is no stampede.

use std::time::{Duration, Instant};

use babbage::live::frames::{Bye, FromBrowser};
use babbage::model::change::OpenHandoff;
use futures::future::join_all;
use futures::{SinkExt, StreamExt};
use serde_json::json;
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message as Frame;

use super::support::{BrowserSocket, PATIENCE, Process, SECRET, TestDesk, connect, event, eventually};

/// What the operators are promised.
const LEAVES_WITHIN: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_page_goes_on_elsewhere_with_exactly_what_it_lacks() {
    let desk = TestDesk::start().await;
    let mut leaving = Process::start(&desk).await;
    let here = desk.agent("Ana").await;
    let there = here.at(leaving.base.clone());
    let handoff = desk.hand_off("c1").await;
    let socket = there.open_socket().await;
    socket.watch(&there, handoff).await;
    desk.tell(&event::message("c1", "m1", "before")).await;
    socket.until("the message", |page| page.texts() == ["before"]).await;

    let asked = Instant::now();
    leaving.ask_to_stop();
    socket.until("goodbye", |page| page.closed).await;
    assert_eq!(socket.look(|page| page.bye), Some(Bye::Restarting));
    let within = socket.look(|page| page.back_within).expect("when to be back");
    assert!((500..=4_000).contains(&within), "{within}");
    // While it leaves it says so, and takes no pages.
    if let Ok(answer) = desk.http.get(format!("{}/readyz", leaving.base)).send().await {
        assert_eq!(answer.status(), 503);
    }
    desk.tell(&event::message("c1", "m2", "meanwhile")).await;

    let old: OpenHandoff = socket.look(|page| page.open.clone()).expect("an open handoff");
    let number = old.number;
    let back = here.open_socket().await;
    back.show(old);
    back.until("what it lacks", |page| page.texts() == ["before", "meanwhile"]).await;
    back.look(|page| {
        assert_eq!(page.told.iter().map(|told| told.number).collect::<Vec<_>>(), [number + 1]);
        assert!(page.gaps == 0 && page.resyncs.is_empty());
    });
    let status = leaving.ended(LEAVES_WITHIN).await;
    assert!(status.success(), "{status}");
    assert!(asked.elapsed() < LEAVES_WITHIN, "{:?}", asked.elapsed());
}

#[tokio::test]
async fn a_webhook_in_flight_is_stored_and_answered_or_refused() {
    let desk = TestDesk::start().await;
    let mut leaving = Process::start(&desk).await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    let (mut stored, mut open) = (0, Vec::new());
    // Their bodies arrive half before and half after the server is asked to stop.
    for number in 0..8 {
        let body = event::message("c1", &format!("m{number}"), &format!("message {number}")).to_string();
        let headers = event::signed(&[SECRET], &format!("msg_{number}"), OffsetDateTime::now_utc().unix_timestamp(), body.as_bytes());
        let address = leaving.base.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).await.expect("it connects");
        let mut request = format!(
            "POST /webhooks/message HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
            body.len()
        );
        request.extend(headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")));
        request.push_str("\r\n");
        let (first, second) = body.split_at(body.len() / 2);
        stream.write_all((request + first).as_bytes()).await.expect("written");
        open.push((stream, second.to_owned()));
    }
    leaving.ask_to_stop();
    eventually("it leaves", async || {
        let answer = desk.http.get(format!("{}/readyz", leaving.base)).send().await;
        answer.map_or(true, |answer| answer.status() == 503).then_some(())
    })
    .await;
    for (mut stream, rest) in open {
        let _ = stream.write_all(rest.as_bytes()).await;
        let mut answer = vec![0; 12];
        let read = tokio::time::timeout(PATIENCE, stream.read_exact(&mut answer)).await.expect("an answer, or an end");
        if read.is_ok() {
            assert!(answer == b"HTTP/1.1 200" || answer == b"HTTP/1.1 503", "{}", String::from_utf8_lossy(&answer));
            stored += usize::from(answer == b"HTTP/1.1 200");
        }
    }
    let status = leaving.ended(LEAVES_WITHIN).await;
    assert!(status.success(), "{status}");
    // Everything that was answered is there. In this order of things, that is all of them.
    let loaded = ana.load(handoff).await.expect("readable");
    assert!(loaded.messages.len() >= stored);
    assert_eq!(stored, 8, "the requests were there before the stop");
}

#[tokio::test]
async fn a_call_to_ada_that_is_under_way_is_finished_first() {
    let desk = TestDesk::start().await;
    let mut leaving = Process::start(&desk).await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    ana.accept(handoff).await.expect("accepted");
    ana.until_read(handoff).await;
    // Either server may make the call; both are asked to stop while it waits.
    let gate = desk.ada.holds("POST", "/messages", super::support::When::After);
    let reply = ana.reply(handoff, "under way").await;
    gate.reached().await;
    leaving.ask_to_stop();
    desk.state.stopping.cancel();
    tokio::time::sleep(Duration::from_millis(300)).await;
    gate.open();
    let again = TestDesk::setup().on(&desk.database).with_ada(desk.ada.clone()).start().await;
    let ana = again.browser_of(ana.me).await;
    ana.until_reply(handoff, reply, "it is sent", |reply| reply.state == babbage::model::message::MessageState::Sent).await;
    assert_eq!(desk.ada.replies("c1"), ["under way"]);
    assert!(leaving.ended(LEAVES_WITHIN).await.success());
}

/// Many agents lose their server at once, and it comes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn five_hundred_pages_are_back_before_anybody_complains() {
    const PAGES: usize = 500;
    let desk = TestDesk::start().await;
    let mut process = Process::start(&desk).await;
    // As many people as a small team, each with several pages: signing in is slow on purpose.
    let mut people = Vec::new();
    for number in 0..10 {
        people.push(desk.agent(&format!("Agent{number}")).await.at(process.base.clone()));
    }
    let mut waiting = Vec::new();
    for number in 0..100 {
        waiting.push(desk.hand_off(&format!("c{number}")).await);
    }
    let watched = waiting[0];
    let page = async |number: usize| {
        let browser = &people[number % people.len()];
        let socket = browser.open_socket().await;
        socket.watch(browser, watched).await;
        socket
    };
    let pages: Vec<BrowserSocket> = futures::stream::iter(0..PAGES).map(page).buffered(50).collect().await;
    process.kill();
    join_all(pages.iter().map(|socket| socket.until("it is cut off", |page| page.closed))).await;
    desk.tell(&event::message("c0", "m1", "while nobody heard")).await;
    process.begin();
    let started = Instant::now();
    let took = join_all(pages.into_iter().enumerate().map(|(number, socket)| {
        let browser = &people[number % people.len()];
        async move {
            let old = socket.look(|page| page.open.clone()).expect("an open handoff");
            let back = BrowserSocket::open_with_patience(browser).await;
            back.show(old);
            back.until("everything", |page| page.list.len() == 100 && page.texts() == ["while nobody heard"]).await;
            assert_eq!(back.look(|page| (page.gaps, page.resyncs.len())), (0, 0));
            started.elapsed()
        }
    }))
    .await;
    let slowest = took.iter().max().copied().unwrap_or_default();
    println!("{PAGES} pages were back {slowest:?} after the server was started again");
    // Five seconds on a machine of its own; the tests share one.
    assert!(slowest < Duration::from_secs(15), "{slowest:?}");
}

/// What a page costs that only waits. The bar for a release build is 10 kB; this one is not optimised.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_page_that_waits_costs_little() {
    let pages = std::env::var("PAGES").ok().and_then(|pages| pages.parse().ok()).unwrap_or(600);
    let desk = TestDesk::start().await;
    let process = Process::start(&desk).await;
    let ana = desk.agent("Ana").await.at(process.base.clone());
    // Lists of some length: what it takes to write them once must not stay.
    for number in 0..100 {
        desk.hand_off_with(json!({ "conversation_id": format!("c{number}"), "issue_category": "a long story ".repeat(20) })).await;
    }
    let open = async |_| {
        let mut socket = connect(&ana.base, ana.cookie().as_deref(), Some(&ana.origin)).await.expect("the live channel opens");
        socket.send(Frame::text(serde_json::to_string(&FromBrowser::Desk).expect("a frame"))).await.expect("said");
        let lists = socket.next().await.expect("a frame").expect("a good frame");
        assert!(lists.len() > 50_000, "{}", lists.len());
        socket
    };
    // What is set up once is not counted.
    let _first: Vec<_> = futures::stream::iter(0..100).map(open).buffered(20).collect().await;
    let before = process.resident();
    let all: Vec<_> = futures::stream::iter(0..pages).map(open).buffered(20).collect().await;
    let each = process.resident().saturating_sub(before) / all.len();
    println!("{each} bytes for each of {pages} pages");
    assert!(each < 24_000, "{each} bytes for each page");
}
