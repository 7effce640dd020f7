//! Wake-ups between servers, over Postgres and over NATS: what they save, and that losing them loses nothing.

use babbage::bus::{self, Wake};
use babbage::model::ids::HandoffId;
use babbage::model::person::Role;
use serde_json::json;

use super::support::{Nats, PATIENCE, TestDesk, event, eventually};

async fn readiness(desk: &TestDesk) -> (u16, String) {
    let answer = desk.http.get(desk.url("/readyz")).send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("a text"))
}

/// Waits until wake-ups of other servers arrive there, or do not.
async fn until_connected(desk: &TestDesk, connected: bool) {
    eventually("the bus", async || (desk.state.bus.is_connected() == connected).then_some(())).await;
}

/// A trigger at one server, and its wake-up at the other one.
async fn hand_off_and_hear(desk: &TestDesk, elsewhere: &TestDesk, conversation: &str) -> HandoffId {
    let mut wakes = elsewhere.state.bus.listen();
    let handoff = desk.hand_off(conversation).await;
    let heard = async { while bus::next(&mut wakes).await != Some(Wake::Handoff(handoff)) {} };
    tokio::time::timeout(PATIENCE, heard).await.expect("the other server is woken");
    handoff
}

#[tokio::test]
async fn servers_wake_each_other_over_postgres() {
    let desk = TestDesk::start().await;
    let elsewhere = desk.another_server().await;
    until_connected(&elsewhere, true).await;
    hand_off_and_hear(&desk, &elsewhere, "c1").await;
    assert_eq!(readiness(&elsewhere).await, (200, "ready\n".to_owned()));
    // What a server says to itself when it connects is no reason for others to look at everything.
    let mut wakes = desk.state.bus.listen();
    let third = desk.another_server().await;
    until_connected(&third, true).await;
    let mut heard = Vec::new();
    let handoff = third.hand_off("c2").await;
    while heard.last() != Some(&Wake::Handoff(handoff)) {
        heard.extend(tokio::time::timeout(PATIENCE, bus::next(&mut wakes)).await.expect("a wake-up"));
    }
    assert!(!heard.contains(&Wake::Everything), "{heard:?}");
}

#[tokio::test]
async fn servers_wake_each_other_over_nats_and_not_over_postgres() {
    let nats = Nats::start();
    let desk = TestDesk::setup().set("BUS_URL", &nats.url()).start().await;
    let elsewhere = desk.another_server().await;
    until_connected(&desk, true).await;
    until_connected(&elsewhere, true).await;
    hand_off_and_hear(&desk, &elsewhere, "c1").await;
    hand_off_and_hear(&elsewhere, &desk, "c2").await;
    let listening: i64 =
        sqlx::query_scalar("select count(*) from pg_stat_activity where datname = current_database() and query ilike 'listen %'")
            .fetch_one(&desk.pool)
            .await
            .expect("counted");
    assert_eq!(listening, 0);
}

#[tokio::test]
async fn a_command_wakes_the_servers_over_nats() {
    let nats = Nats::start();
    let desk = TestDesk::setup().set("BUS_URL", &nats.url()).start().await;
    until_connected(&desk, true).await;
    let ana = desk.agent("Ana").await;
    let socket = ana.open_socket().await;
    let id = babbage::store::people::disable(&desk.pool, &ana.me.email).await.expect("disabled");
    bus::wake_once(&desk.pool, Some(&nats.url().parse().expect("an address")), Wake::Person(id)).await;
    socket.until("it closes", |page| page.closed).await;
}

#[tokio::test]
async fn a_desk_without_its_bus_serves_and_says_so() {
    let mut nats = Nats::away();
    let desk = TestDesk::setup().set("BUS_URL", &nats.url()).start().await;
    let elsewhere = desk.another_server().await;
    let ana = desk.person("Ana", Role::Agent).await;
    let ana = elsewhere.browser_of(ana).await;
    let socket = ana.open_socket().await;
    let (status, words) = readiness(&desk).await;
    assert!(status == 200 && words.contains("bus: not connected"), "{status} {words}");
    // Other servers look for themselves.
    let handoff = desk.hand_off_with(json!({ "conversation_id": "c1", "issue_category": "billing" })).await;
    socket.until("it is listed", |page| page.listed(handoff).is_some()).await;
    socket.watch(&ana, handoff).await;
    desk.tell(&event::message("c1", "m1", "before there is a bus")).await;
    socket.until("the message", |page| page.texts() == ["before there is a bus"]).await;
    nats.begin();
    until_connected(&desk, true).await;
    until_connected(&elsewhere, true).await;
    assert_eq!(readiness(&desk).await, (200, "ready\n".to_owned()));
    hand_off_and_hear(&desk, &elsewhere, "c2").await;
}

#[tokio::test]
async fn a_bus_that_goes_and_comes_costs_time_and_never_a_change() {
    let mut nats = Nats::start();
    let desk = TestDesk::setup().set("BUS_URL", &nats.url()).start().await;
    let elsewhere = desk.another_server().await;
    let ana = desk.person("Ana", Role::Agent).await;
    let ana = elsewhere.browser_of(ana).await;
    let socket = ana.open_socket().await;
    let handoff = desk.hand_off("c1").await;
    socket.watch(&ana, handoff).await;
    let mut texts = Vec::new();
    for round in 0..3 {
        until_connected(&desk, true).await;
        until_connected(&elsewhere, true).await;
        let mut tell = async |text: String| {
            desk.tell(&event::message("c1", &format!("m{}", texts.len()), &text)).await;
            texts.push(text);
        };
        tell(format!("{round}: with the bus")).await;
        nats.kill();
        tell(format!("{round}: while it goes")).await;
        until_connected(&elsewhere, false).await;
        tell(format!("{round}: without it")).await;
        socket.until("all of it", |page| page.texts() == texts).await;
        nats.begin();
    }
    until_connected(&desk, true).await;
    until_connected(&elsewhere, true).await;
    // What could not leave while there was no bus left when it came back; from now on all is as before.
    hand_off_and_hear(&desk, &elsewhere, "c2").await;
    socket.must_equal_fresh(&ana, handoff).await;
}
