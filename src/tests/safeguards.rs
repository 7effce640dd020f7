//! Tests of safeguards whose removal nothing else notices: `make safeguards` takes each away and wants its test to fail.

use std::time::Duration;

use babbage::model::ids::MessageId;
use babbage::store::deliveries::{self, Outcome};
use babbage::store::replies;
use time::OffsetDateTime;

use super::replies::at_work;
use super::support::{SECRET, TestDesk, event, texts};

/// A server stalls with an answer in hand, its lease runs out, another one takes over: only that one may say what comes next.
#[tokio::test]
async fn an_outcome_that_comes_after_its_lease_ran_out_is_not_written() {
    let (desk, ana, handoff) = at_work().await;
    ana.until_read(handoff).await;
    let (database, me) = (desk.database.clone(), ana.me.clone());
    desk.kill().await;
    let (pool, id) = (database.pool().await, MessageId::new());
    replies::queue(&pool, handoff, id, "hello", &me).await.expect("stored");
    let claim = async |lease| {
        let claimed = deliveries::claim(&pool, lease, 10).await.expect("claimed");
        claimed.into_iter().find(|claimed| claimed.message == Some(id)).expect("the reply")
    };
    let stalled = claim(Duration::ZERO).await;
    let current = claim(Duration::from_secs(3_600)).await;
    let mut conn = pool.acquire().await.expect("a connection");
    let later = Outcome::Later { wait: Duration::ZERO, words: "not now".to_owned(), unclear: false };
    assert!(!deliveries::finish(&mut conn, &stalled, &later).await.expect("looked at"), "the lease was somebody else's");
    assert!(deliveries::claim(&pool, Duration::ZERO, 10).await.expect("looked").iter().all(|claimed| claimed.message != Some(id)));
    assert!(deliveries::finish(&mut conn, &current, &Outcome::Done).await.expect("written"));
}

/// The page subscribes before what it lacks is read: what commits in between is told by one or the other.
#[tokio::test]
async fn what_commits_while_a_page_begins_to_watch_reaches_it() {
    let (desk, ana, handoff) = at_work().await;
    ana.until_read(handoff).await;
    let socket = ana.open_socket().await;
    for round in 0..12_u64 {
        let text = format!("message {round}");
        let snapshot = ana.load(handoff).await.expect("readable");
        desk.tell(&event::message("c1", &format!("before-{round}"), "so that there is something to read")).await;
        socket.show(snapshot.into());
        // At another moment of the beginning each time.
        tokio::time::sleep(Duration::from_millis(round * 3)).await;
        desk.tell(&event::message("c1", &format!("during-{round}"), &text)).await;
        socket.until(&text, |page| page.texts().contains(&text.as_str())).await;
    }
}

/// A signature is on bytes. The same JSON written otherwise is something else.
#[tokio::test]
async fn the_bytes_that_were_signed_count_and_not_what_they_mean() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    let event = event::message("c1", "m1", "hello");
    let spread = serde_json::to_string_pretty(&event).expect("JSON");
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let headers = event::signed(&[SECRET], "one", now, spread.as_bytes());
    assert_eq!(desk.webhook(&headers, event.to_string()).await.status(), 400);
    assert_eq!(desk.webhook(&headers, spread).await.status(), 200);
    assert_eq!(texts(&ana.load(handoff).await.expect("readable").messages), ["hello"]);
}
