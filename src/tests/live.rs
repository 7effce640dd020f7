//! The live channel: what agents see without reloading.

use babbage::live::frames::{Bye, FromBrowser};
use babbage::model::change::Change;
use babbage::model::handoff::HandoffState;
use babbage::model::ids::HandoffId;
use babbage::model::person::Role;
use babbage::model::problem::Problem;
use futures::future::{join, join_all};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message as Frame;

use super::support::{TRIGGER_KEY, TestDesk, answer, event, eventually};

#[tokio::test]
async fn a_trigger_is_in_the_queue_of_an_open_page_at_once() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let socket = ana.open_socket().await;
    let handoff = desk.hand_off_with(json!({ "conversation_id": "c1", "issue_category": "billing" })).await;
    socket.until("the handoff is listed", |page| page.listed(handoff).is_some()).await;
    assert_eq!(socket.look(|page| page.listed(handoff).and_then(|entry| entry.topic.clone())).as_deref(), Some("billing"));
}

#[tokio::test]
async fn who_accepts_has_it_and_the_others_do_not() {
    let desk = TestDesk::start().await;
    let (ana, ben) = (desk.agent("Ana").await, desk.agent("Ben").await);
    let (of_ana, of_ben) = (ana.open_socket().await, ben.open_socket().await);
    let handoff = desk.hand_off("c1").await;
    desk.tell(&event::message("c1", "m0", "while it waits")).await;
    of_ben.until("Ben sees it wait", |page| page.listed(handoff).is_some_and(|entry| entry.last.is_some())).await;
    ana.accept(handoff).await.expect("accepted");
    of_ana.until("Ana has it", |page| page.listed(handoff).is_some_and(|entry| entry.state == HandoffState::Active)).await;
    of_ben.until("it is out of Ben's queue", |page| page.listed(handoff).is_none()).await;
    assert!(of_ben.look(|page| page.left.iter().all(|entry| entry.id == handoff && entry.last.is_none()) && page.left.len() == 1));
    // Told once that it is gone, and not what was said; what happens in it then is not Ben's business.
    desk.tell(&event::message("c1", "m1", "for Ana's eyes")).await;
    of_ana.until("Ana sees the preview", |page| page.listed(handoff).is_some_and(|entry| entry.last.is_some())).await;
    let waiting = desk.hand_off("c2").await;
    of_ben.until("Ben sees the next one", |page| page.listed(waiting).is_some()).await;
    assert!(of_ben.look(|page| page.listed(handoff).is_none()));
    // Accepting one's own again is no fault; somebody else's tells whose it is.
    ana.accept(handoff).await.expect("still hers");
    let problem = ben.accept(handoff).await.expect_err("taken");
    assert!(matches!(&problem, Problem::Taken { owner } if owner.id == ana.me.id && owner.name == "Ana"), "{problem:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_who_accept_at_once_exactly_one_wins() {
    let desk = TestDesk::start().await;
    let (ana, ben) = (desk.agent("Ana").await, desk.agent("Ben").await);
    let handoffs = join_all((0..30).map(|number| {
        let desk = &desk;
        async move { desk.hand_off(&format!("c{number}")).await }
    }))
    .await;
    // At two servers, where nothing but the database can decide.
    let elsewhere = desk.another_server().await;
    let ben = elsewhere.browser_of(ben.me).await;
    let outcomes = join_all(handoffs.iter().map(|handoff| join(ana.accept(*handoff), ben.accept(*handoff)))).await;
    for (handoff, outcome) in handoffs.iter().zip(outcomes) {
        let (winner, loser, problem) = match outcome {
            (Ok(()), Err(problem)) => (&ana, &ben, problem),
            (Err(problem), Ok(())) => (&ben, &ana, problem),
            other => panic!("not exactly one: {other:?}"),
        };
        assert!(matches!(&problem, Problem::Taken { owner } if owner.id == winner.me.id && owner.name == winner.me.name), "{problem:?}");
        assert_eq!(winner.load(*handoff).await.expect("its owner reads it").detail.summary.owner.map(|owner| owner.id), Some(winner.me.id));
        assert_eq!(loser.load(*handoff).await, Err(Problem::NotFound));
    }
}

#[tokio::test]
async fn watching_from_a_number_brings_exactly_what_is_missing() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    desk.tell(&event::message("c1", "m1", "one")).await;
    let old = ana.load(handoff).await.expect("readable");
    for number in 2..6 {
        desk.tell(&event::message("c1", &format!("m{number}"), &number.to_string())).await;
    }
    let new = ana.load(handoff).await.expect("readable");
    // For the first socket the changes come from the database, for the second from those at hand.
    for _ in 0..2 {
        let socket = ana.open_socket().await;
        socket.show(old.clone().into());
        socket.until("everything that is missing", |page| page.watching == Some((handoff, new.number))).await;
        socket.look(|page| {
            let numbers: Vec<_> = page.told.iter().map(|told| told.number).collect();
            assert_eq!(numbers, (old.number + 1..=new.number).collect::<Vec<_>>());
            assert!(page.told.iter().all(|told| told.handoff == handoff));
            assert_eq!(page.texts(), ["one", "2", "3", "4", "5"]);
            assert_eq!(page.gaps, 0);
        });
    }
    // Who lacks nothing is told nothing, and then the next change.
    let socket = ana.open_socket().await;
    socket.watch(&ana, handoff).await;
    socket.until("up to date", |page| page.watching == Some((handoff, new.number))).await;
    assert!(socket.look(|page| page.told.is_empty()));
    desk.tell(&event::message("c1", "m9", "nine")).await;
    socket.until("the next change", |page| page.texts().last() == Some(&"nine")).await;
    assert_eq!(socket.look(|page| page.told[0].number), new.number + 1);
    assert!(socket.look(|page| matches!(page.told[0].change, Change::Message { .. })));
}

#[tokio::test]
async fn a_page_that_is_ahead_or_of_nothing_is_told_to_load_anew() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    let socket = ana.open_socket().await;
    socket.say(&FromBrowser::Watch { handoff, after: 1_000_000 });
    socket.until("resync", |page| page.resyncs == [handoff]).await;
    let nowhere = HandoffId::new();
    socket.say(&FromBrowser::Watch { handoff: nowhere, after: 0 });
    socket.until("resync", |page| page.resyncs == [handoff, nowhere]).await;
    socket.say(&FromBrowser::Watch { handoff, after: i64::MIN });
    socket.until("an answer", |page| page.resyncs.len() == 3 || page.watching.is_some()).await;
}

#[tokio::test]
async fn only_the_handoff_that_is_open_is_told_of() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let (first, second) = (desk.hand_off("c1").await, desk.hand_off("c2").await);
    let socket = ana.open_socket().await;
    socket.watch(&ana, first).await;
    socket.until("watching", |page| page.watching.is_some()).await;
    socket.watch(&ana, second).await;
    socket.until("watching the other", |page| page.watching.is_some_and(|(handoff, _)| handoff == second)).await;
    desk.tell(&event::message("c1", "m1", "not open")).await;
    desk.tell(&event::message("c2", "m1", "open")).await;
    socket.until("the change", |page| page.texts() == ["open"]).await;
    assert!(socket.look(|page| page.told.iter().all(|told| told.handoff == second)));
    socket.say(&FromBrowser::Unwatch);
    desk.tell(&event::message("c2", "m2", "closed")).await;
    // The lists go on; when they show the second message, no change can be on its way any more.
    let shown =
        |page: &super::support::Page| page.listed(second).and_then(|entry| entry.last.as_ref()).is_some_and(|last| last.text == "closed");
    socket.until("the list shows it", shown).await;
    assert_eq!(socket.look(|page| page.texts().join(" ")), "open");
}

#[tokio::test]
async fn a_person_without_the_right_is_told_nothing() {
    let desk = TestDesk::start().await;
    let (ana, ben) = (desk.agent("Ana").await, desk.agent("Ben").await);
    let handoff = desk.hand_off("c1").await;
    ana.accept(handoff).await.expect("accepted");
    let socket = ben.open_socket().await;
    socket.say(&FromBrowser::Watch { handoff, after: 0 });
    socket.until("resync", |page| page.resyncs == [handoff]).await;
    desk.tell(&event::message("c1", "m1", "a secret")).await;
    let waiting = desk.hand_off("c2").await;
    socket.until("a later thing", |page| page.listed(waiting).is_some()).await;
    assert!(socket.look(|page| page.told.is_empty() && page.listed(handoff).is_none()));
    // A supervisor may look.
    let sam = desk.person("Sam", Role::Supervisor).await;
    let sam = desk.browser_of(sam).await;
    let socket = sam.open_socket().await;
    socket.watch(&sam, handoff).await;
    socket.until("the transcript", |page| page.texts() == ["a secret"]).await;
}

#[tokio::test]
async fn who_watched_it_wait_sees_nothing_more_once_somebody_else_has_it() {
    let desk = TestDesk::start().await;
    let (ana, ben) = (desk.agent("Ana").await, desk.agent("Ben").await);
    let handoff = desk.hand_off("c1").await;
    let socket = ben.open_socket().await;
    socket.watch(&ben, handoff).await;
    socket.until("watching", |page| page.watching.is_some()).await;
    ana.accept(handoff).await.expect("accepted");
    socket.until("it left the queue", |page| page.listed(handoff).is_none()).await;
    let of_ana = ana.open_socket().await;
    of_ana.watch(&ana, handoff).await;
    desk.tell(&event::message("c1", "m1", "only for Ana")).await;
    of_ana.until("Ana sees it", |page| page.texts() == ["only for Ana"]).await;
    // What was on its way to Ben is there when his channel has answered some questions asked after it.
    for desks in 2..6 {
        socket.say(&FromBrowser::Desk);
        socket.until("an answer", |page| page.desks == desks).await;
    }
    assert!(socket.look(|page| page.texts().is_empty()), "Ben reads on: {:?}", socket.look(|page| page.told.clone()));
    assert_eq!(socket.look(|page| page.resyncs.clone()), [handoff], "his page is told to load anew, and finds that it may not");
}

#[tokio::test]
async fn what_no_browser_says_closes_that_channel_and_nothing_else() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    let good = ana.open_socket().await;
    good.watch(&ana, handoff).await;
    for frame in [
        Frame::text("not JSON"),
        Frame::text(r#"{"type":"from_the_future"}"#),
        Frame::text(r#"{"type":"watch","handoff":"x","after":"y"}"#),
        Frame::text(""),
        Frame::text("[".repeat(10_000)),
        Frame::text("x".repeat(64 * 1024)),
        Frame::binary(vec![0; 64 * 1024]),
    ] {
        let odd = ana.open_socket().await;
        odd.send(frame);
        odd.until("it is closed", |page| page.closed).await;
    }
    desk.tell(&event::message("c1", "m1", "still here")).await;
    good.until("the other channel lives", |page| page.texts() == ["still here"]).await;
}

#[tokio::test]
async fn a_server_that_stops_says_so() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let socket = ana.open_socket().await;
    desk.stop().await;
    socket.until("goodbye", |page| page.closed).await;
    assert_eq!(socket.look(|page| page.bye), Some(Bye::Restarting));
}

#[tokio::test]
async fn ada_is_told_who_is_there() {
    let desk = TestDesk::start().await;
    let availability = async || {
        let request = desk.http.get(desk.url("/availability")).bearer_auth(TRIGGER_KEY);
        answer(request.send().await.expect("an answer")).await
    };
    let nobody = json!({ "open": true, "agents_available": 0, "waiting": 0, "estimated_wait_seconds": null });
    assert_eq!(availability().await, (200, nobody));
    let (ana, ben) = (desk.agent("Ana").await, desk.agent("Ben").await);
    let _sockets = (ana.open_socket().await, ana.open_socket().await, ben.open_socket().await);
    let handoff = desk.hand_off("c1").await;
    desk.hand_off("c2").await;
    ana.accept(handoff).await.expect("accepted");
    eventually("two people and one who waits", async || {
        let (_, said) = availability().await;
        (said["agents_available"] == 2 && said["waiting"] == 1 && said["estimated_wait_seconds"].is_i64()).then_some(())
    })
    .await;
    let bare = desk.http.get(desk.url("/availability")).send().await.expect("an answer");
    assert_eq!(bare.status(), 401);
}
