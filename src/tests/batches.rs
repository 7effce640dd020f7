//! Messages that are stored together: as if each had come alone, and none fails because of another.

use std::time::Duration;

use babbage::intake::apply;
use babbage::intake::batch::{self, Entry};
use babbage::intake::event::{self as intake_event, Event, Says};
use babbage::model::ids::HandoffId;
use babbage::store::events::Received;
use futures::future::join_all;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use sqlx::{Executor, PgPool};

use super::support::{TestDesk, event, texts};

const CONVERSATIONS: [&str; 4] = ["active", "waiting", "ended", "unknown"];

/// A desk with a conversation in each state.
async fn desk() -> TestDesk {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let active = desk.hand_off("active").await;
    ana.accept(active).await.expect("accepted");
    desk.hand_off("waiting").await;
    desk.hand_off("ended").await;
    desk.tell(&event::handoff_ended("ended", time::OffsetDateTime::now_utc())).await;
    desk.ada.until_called("GET", "/messages", 1).await;
    ana.until("the transcript", active, |handoff| handoff.detail.transcript_read == babbage::model::handoff::ReadState::Complete).await;
    desk
}

/// A delivery: which one, and what it brings. Few ids, so that deliveries and messages repeat.
fn delivery() -> impl Strategy<Value = (u8, Value)> {
    let at = prop::option::weighted(0.9, (0..20u8, prop::option::of(0..1000u16)));
    (0..60u8, 0..CONVERSATIONS.len(), 0..25u8, at.clone(), at, any::<bool>(), 0..4u8).prop_map(
        |(delivery, conversation, message, created, sent, by_ai, kind)| {
            let stamp = |at: Option<(u8, Option<u16>)>| match at {
                Some((second, Some(milli))) => json!(format!("2026-10-20T09:00:{second:02}.{milli:03}+00:00")),
                Some((second, None)) => json!(format!("2026-10-20T09:00:{second:02}+00:00")),
                None => json!(null),
            };
            let mut event = event::message(CONVERSATIONS[conversation], &format!("m{message}"), &format!("text {message}"));
            event["timestamp"] = stamp(sent);
            event["data"]["created_at"] = stamp(created);
            if by_ai {
                event["data"]["author"] = json!({ "role": "ai_agent", "display_name": "Ada" });
            }
            match kind {
                0 => event["data"]["content"] = json!({ "type": "file", "url": format!("https://files.example/{message}") }),
                1 => event["data"]["end_user_id"] = json!(null),
                2 => event["data"]["channel"] = json!(null),
                _ => {}
            }
            (delivery, event)
        },
    )
}

fn entry(desk: &TestDesk, delivery: u8, event: &Event) -> Entry {
    let Says::Message(written) = event.says.clone() else { panic!("a message") };
    Entry { ai_agent: desk.state.tenants.all()[0].id, delivery: format!("msg_{delivery}"), event_type: event.name.clone(), written }
}

/// All that was stored, without what differs by nature: ids of our own and times of our own clock.
async fn stored(pool: &PgPool) -> Vec<String> {
    let mut stored: Vec<String> = sqlx::query_scalar(
        "select concat_ws('|', c.ada_conversation_id, m.ada_message_id, h.handoff_id is not null, m.author_role, m.author_name, m.content, m.state,
            m.ada_created_at, m.ada_created_fine, m.event_at, m.event_fine, m.listed_at, m.late, m.revision, m.echoed,
            case when coalesce(m.ada_created_at, m.event_at) is not null then m.sorts_at end, f.source_url,
            (select count(*) from changes n where n.message_id = m.message_id))
         from messages m join conversations c using (conversation_id) left join handoffs h on h.handoff_id = m.handoff_id
         left join files f using (message_id)",
    )
    .fetch_all(pool)
    .await
    .expect("the messages");
    let conversations: Vec<String> =
        sqlx::query_scalar("select concat_ws('|', ada_conversation_id, end_user_id, channel) from conversations")
            .fetch_all(pool)
            .await
            .expect("the conversations");
    let events: Vec<String> = sqlx::query_scalar(
        "select concat_ws('|', delivery, event_type, ada_conversation_id, outcome) from events where delivery ~ 'msg_b?[0-9]+$'",
    )
    .fetch_all(pool)
    .await
    .expect("the events");
    stored.extend(conversations);
    stored.extend(events);
    stored.sort();
    stored
}

/// Each handoff's changes are numbered 1, 2, 3, … up to its head.
async fn must_have_no_holes(pool: &PgPool) {
    let wrong: Vec<HandoffId> = sqlx::query_scalar(
        "select handoff_id from handoffs h
         where (select array_agg(number order by number) from changes c where c.handoff_id = h.handoff_id)
            is distinct from (select array_agg(n) from generate_series(1, h.head) n)",
    )
    .fetch_all(pool)
    .await
    .expect("the handoffs");
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// The order in which a batch counts as applied: of a message that is told several times, the repeats come last.
fn as_applied(batch: &[(u8, Event)]) -> Vec<(u8, Event)> {
    let mut deliveries = std::collections::HashSet::new();
    let mut seen = std::collections::HashSet::new();
    let fresh = batch.iter().filter(|(delivery, _)| deliveries.insert(*delivery)).cloned();
    let (first, again): (Vec<_>, Vec<_>) = fresh.partition(|(_, event)| match &event.says {
        Says::Message(written) => seen.insert((written.conversation.clone(), written.incoming.id.clone())),
        _ => true,
    });
    first.into_iter().chain(again).collect()
}

#[tokio::test]
async fn a_batch_leaves_behind_what_its_messages_would_one_by_one() {
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]));
    for round in 0..4 {
        let (together, alone) = tokio::join!(desk(), desk());
        let deliveries =
            prop::collection::vec(prop::collection::vec(delivery(), 1..40), 1..6).new_tree(&mut runner).expect("deliveries").current();
        let mut applied = 0;
        for batch in deliveries {
            let batch: Vec<_> = batch
                .into_iter()
                .map(|(delivery, event)| (delivery, intake_event::read(event.to_string().as_bytes()).expect("readable")))
                .collect();
            let entries: Vec<_> = batch.iter().map(|(delivery, event)| entry(&together, *delivery, event)).collect();
            let mut conn = together.pool.acquire().await.expect("a connection");
            let done = batch::apply(&mut conn, &entries.iter().collect::<Vec<_>>(), false).await.expect("stored");
            assert_eq!(done.outcomes.len(), batch.len());
            for (delivery, event) in as_applied(&batch) {
                let agent = &alone.state.tenants.all()[0];
                let id = format!("msg_{delivery}");
                let received =
                    Received { ai_agent: agent.id, delivery: &id, event_type: Some(&event.name), conversation: event.conversation() };
                let one = apply::apply(&alone.pool, agent, &event, received).await.expect("stored");
                applied += usize::from(one.outcome == "applied");
            }
            // What is handed to those who watch follows number on number.
            for (handoff, changes) in &done.changed {
                let numbers: Vec<_> = changes.iter().map(|numbered| numbered.number).collect();
                assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{handoff}: {numbers:?}");
            }
            assert_eq!(stored(&together.pool).await, stored(&alone.pool).await, "round {round}");
            must_have_no_holes(&together.pool).await;
        }
        assert!(applied > 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_flood_on_two_servers_is_stored_once_without_holes_and_shown() {
    let desk = TestDesk::start().await;
    let other = desk.another_server().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c0").await;
    ana.accept(handoff).await.expect("accepted");
    let socket = ana.open_socket().await;
    socket.watch(&ana, handoff).await;
    // Three conversations, of which one is hot and two have no trigger; every message in two deliveries, each delivery at both servers.
    let statuses = join_all((0..240).map(|number| {
        let (desk, other) = (&desk, &other);
        async move {
            let conversation = if number % 4 == 0 { format!("c{}", 1 + number % 3) } else { "c0".to_owned() };
            let message = event::message(&conversation, &format!("m{number}"), &number.to_string());
            let (once, again) = (format!("msg_{number}"), format!("msg_again_{number}"));
            let answers = tokio::join!(
                desk.deliver(&once, &message),
                other.deliver(&once, &message),
                desk.deliver(&again, &message),
                other.deliver(&again, &message)
            );
            [answers.0.status(), answers.1.status(), answers.2.status(), answers.3.status()].map(|status| status.as_u16())
        }
    }))
    .await;
    assert!(statuses.iter().flatten().all(|status| *status == 200), "{statuses:?}");
    let (messages, distinct): (i64, i64) =
        sqlx::query_as("select count(*), count(distinct ada_message_id) from messages").fetch_one(&desk.pool).await.expect("a count");
    assert_eq!((messages, distinct), (240, 240));
    must_have_no_holes(&desk.pool).await;
    socket.must_equal_fresh(&ana, handoff).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_cannot_be_stored_fails_alone_and_is_kept() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    // The database refuses these two, whatever the program thinks of them.
    desk.pool
        .execute("alter table messages add constraint test_poison check (ada_message_id not in ('m17', 'm40'))")
        .await
        .expect("a rule");
    let events: Vec<_> = (0..64).map(|number| event::message("c1", &format!("m{number}"), &format!("text {number}"))).collect();
    let statuses = join_all(events.iter().enumerate().map(|(number, event)| {
        let desk = &desk;
        async move { desk.deliver(&format!("msg_{number}"), event).await.status().as_u16() }
    }))
    .await;
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    assert_eq!(ana.load(handoff).await.expect("readable").messages.len(), 62);
    must_have_no_holes(&desk.pool).await;
    let mut kept = desk.kept_events().await;
    kept.sort_by(|a, b| a.delivery.cmp(&b.delivery));
    assert_eq!(kept.iter().map(|event| event.delivery.as_str()).collect::<Vec<_>>(), ["msg_17", "msg_40"]);
    for event in &kept {
        let reason = event.reason.as_deref().unwrap_or_default();
        assert!(reason.contains("test_poison") && !reason.contains("text"), "{reason}");
    }
    // Once the reason is gone they are applied in their place.
    desk.pool.execute("alter table messages drop constraint test_poison").await.expect("no rule");
    for event in &kept {
        babbage::intake::replay::replay_one(&desk.state, event.id).await.expect("applied");
    }
    let loaded = ana.load(handoff).await.expect("readable");
    assert_eq!(loaded.messages.len(), 64);
    assert!(texts(&loaded.messages).contains(&"text 17"));
    assert!(desk.kept_events().await.is_empty());
    must_have_no_holes(&desk.pool).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_conversation_that_somebody_holds_does_not_hold_up_the_others() {
    let desk = TestDesk::start().await;
    for conversation in ["held", "c1", "c2"] {
        desk.hand_off(conversation).await;
    }
    let mut holder = desk.pool.begin().await.expect("a transaction");
    holder.execute("select 1 from conversations where ada_conversation_id = 'held' for update").await.expect("held");
    let deliver = async |conversation: &str, number: usize| {
        let event = event::message(conversation, &format!("m{number}"), "hello");
        desk.deliver(&format!("msg_{conversation}_{number}"), &event).await.status().as_u16()
    };
    let (held, others) = tokio::join!(
        join_all((0..10).map(|number| deliver("held", number))),
        join_all((0..40).map(|number| deliver(["c1", "c2"][number % 2], number)))
    );
    assert!(held.iter().all(|status| *status == 503), "{held:?}");
    assert!(others.iter().all(|status| *status == 200), "{others:?}");
    holder.rollback().await.expect("let go");
    assert_eq!(deliver("held", 0).await, 200);
    let stored: i64 = sqlx::query_scalar("select count(*) from messages").fetch_one(&desk.pool).await.expect("a count");
    assert_eq!(stored, 41);
    must_have_no_holes(&desk.pool).await;
}

#[tokio::test]
async fn a_connection_that_postgres_closed_is_nobodys_concern() {
    let desk = TestDesk::start().await;
    desk.tell(&event::message("c1", "m1", "hello")).await;
    desk.pool
        .execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
        .await
        .expect("closed");
    desk.tell(&event::message("c1", "m2", "hello again")).await;
    let stored: i64 = sqlx::query_scalar("select count(*) from messages").fetch_one(&desk.pool).await.expect("a count");
    assert_eq!(stored, 2);
    tokio::time::timeout(Duration::from_secs(10), desk.stop()).await.expect("it stops");
}
