//! For each kind of action: what a page had, and the changes that it was told, are what a page that loads now would show.

use babbage::model::change::HandoffSnapshot;
use babbage::model::handoff::{EndWay, HandoffState};
use babbage::model::ids::HandoffId;
use babbage::model::message::MessageState;
use babbage::model::person::Role;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::support::{Browser, BrowserSocket, TestDesk, When, event, eventually};

/// Ana works on a handoff; Sam, a supervisor, looks on; Ben has his lists open.
struct Watched {
    desk: TestDesk,
    handoff: HandoffId,
    ana: Browser,
    pages: Vec<(Browser, BrowserSocket)>,
}

impl Watched {
    async fn start() -> Self {
        let desk = TestDesk::start().await;
        let ana = desk.agent("Ana").await;
        let sam = desk.person("Sam", Role::Supervisor).await;
        let handoff = desk.hand_off("c1").await;
        let mut pages = Vec::new();
        for browser in [desk.browser_of(ana.me.clone()).await, desk.browser_of(sam).await] {
            let socket = browser.open_socket().await;
            socket.watch(&browser, handoff).await;
            pages.push((browser, socket));
        }
        Self { desk, handoff, ana, pages }
    }

    /// The same, and Ana has accepted it and read all.
    async fn accepted() -> Self {
        let watched = Self::start().await;
        watched.ana.accept(watched.handoff).await.expect("accepted");
        watched.ana.until_read(watched.handoff).await;
        watched
    }

    async fn tell(&self, event: &Value) {
        self.desk.tell(event).await;
        self.same().await;
    }

    async fn same(&self) {
        for (browser, socket) in &self.pages {
            socket.must_equal_fresh(browser, self.handoff).await;
        }
    }
}

#[tokio::test]
async fn accepting_and_reading() {
    let watched = Watched::start().await;
    watched.same().await;
    watched.desk.ada.pages_of(2);
    watched.desk.ada.knows_end_user("user-1", &json!({ "display_name": "Jane", "language": "fr" }));
    watched.desk.ada.change("c1", |conversation| {
        conversation.metadata.insert("order".to_owned(), json!(7));
        let now = OffsetDateTime::now_utc();
        conversation.messages = (0..5).map(|number| super::support::row(&format!("m{number}"), "end_user", "text", now)).collect();
    });
    watched.ana.accept(watched.handoff).await.expect("accepted");
    watched.same().await;
    watched.ana.until("the transcript", watched.handoff, |loaded| loaded.messages.len() == 5).await;
    watched.same().await;
    watched.ana.with_handoff("read_again", watched.handoff).await.expect("asked");
    watched.same().await;
}

#[tokio::test]
async fn what_the_customer_and_the_ai_agent_say() {
    let watched = Watched::start().await;
    watched.tell(&event::message("c1", "m1", "before anybody accepts")).await;
    watched.ana.accept(watched.handoff).await.expect("accepted");
    watched.tell(&event::message("c1", "m2", "and after")).await;
    watched.tell(&event::message("c1", "m2", "the same again")).await;
    let mut more = event::message("c1", "m3", "");
    for content in [
        json!({ "type": "file", "url": "https://x.example/f", "filename": "f.pdf" }),
        json!({ "type": "link", "url": "https://x.example" }),
        json!({ "type": "presence", "body": "left" }),
        json!({ "type": "new kind" }),
    ] {
        more["data"]["message_id"] = json!(format!("m-{content}"));
        more["data"]["content"] = content;
        watched.tell(&more).await;
    }
    let mut by_ai = event::message("c1", "m4", "from the AI agent");
    by_ai["data"]["author"] = json!({ "role": "ai_agent" });
    watched.tell(&by_ai).await;
    watched.tell(&event::echo("c1", "m5", "Somebody", "from another system")).await;
    watched.tell(&event::message_at("c1", "m0", "late", "2026-10-20T09:00:00+00:00", "2026-10-20T09:00:00.5+00:00")).await;
    // Known already, and dated more finely now.
    let mut finer = event::message_at("c1", "m0", "late", "2026-10-20T09:00:00.400+00:00", "2026-10-20T09:00:00.5+00:00");
    finer["data"]["author"]["display_name"] = json!("Jane");
    watched.tell(&finer).await;
}

#[tokio::test]
async fn what_ada_tells_of_the_customer() {
    let watched = Watched::accepted().await;
    watched.tell(&json!({ "type": "v1.end_user.updated", "data": { "end_user_id": "user-1", "profile": { "display_name": "Jane", "language": "de" } } })).await;
    watched.tell(&json!({ "type": "v1.conversation.created", "data": { "conversation_id": "c1", "end_user_id": "user-1", "metadata": { "a": 1 } } })).await;
}

#[tokio::test]
async fn replies_on_every_way() {
    let watched = Watched::accepted().await;
    let (desk, ana, handoff) = (&watched.desk, &watched.ana, watched.handoff);
    let sent = ana.reply(handoff, "sent").await;
    watched.same().await;
    ana.until_reply(handoff, sent, "it is sent", |reply| reply.state == MessageState::Sent).await;
    watched.same().await;
    watched.tell(&event::echo("c1", "sent-1", "Ana", "sent")).await;
    // Two that fail, and what can be done about them.
    for _ in 0..2 {
        desk.ada.refuses("POST", "/messages", 401, "Bad key");
    }
    let (first, second) = (ana.reply(handoff, "fails first").await, ana.reply(handoff, "fails second").await);
    for reply in [first, second] {
        ana.until_reply(handoff, reply, "it failed", |reply| reply.state == MessageState::Failed).await;
    }
    watched.same().await;
    ana.with_reply("discard_reply", handoff, first).await.expect("discarded");
    watched.same().await;
    ana.with_reply("retry_reply", handoff, second).await.expect("retried");
    ana.until_reply(handoff, second, "it is sent", |reply| reply.state == MessageState::Sent).await;
    watched.same().await;
    // An echo that cannot be told apart until Ada names the reply's id.
    let gate = desk.ada.holds("POST", "/messages", When::After);
    let edited = ana.reply(handoff, "as written").await;
    gate.reached().await;
    watched.tell(&event::echo("c1", "sent-3", "Ana", "as Ada edited it")).await;
    gate.open();
    ana.until_reply(handoff, edited, "it is sent", |reply| reply.state == MessageState::Sent).await;
    watched.same().await;
}

#[tokio::test]
async fn changes_of_metadata() {
    let watched = Watched::accepted().await;
    let (ana, handoff) = (&watched.ana, watched.handoff);
    ana.change_metadata(handoff, &json!({ "order": 7, "vip": true })).await.expect("owed");
    watched.same().await;
    ana.until("it is saved", handoff, |loaded| loaded.detail.metadata.len() == 2 && !loaded.detail.metadata_saving).await;
    watched.same().await;
    watched.desk.ada.refuses("PATCH", "/c1", 400, "No");
    ana.change_metadata(handoff, &json!({ "order": null })).await.expect("owed");
    ana.until("it failed", handoff, |loaded| loaded.detail.metadata_problem.is_some()).await;
    watched.same().await;
}

#[tokio::test]
async fn its_owners_end() {
    let watched = Watched::accepted().await;
    let (ana, handoff) = (&watched.ana, watched.handoff);
    let gate = watched.desk.ada.holds("POST", "/end-handoff", When::Before);
    ana.end(handoff, EndWay::ReturnToAi, "solved", "a note").await.expect("asked");
    gate.reached().await;
    watched.same().await;
    gate.open();
    ana.until("it ended", handoff, |loaded| loaded.detail.summary.state == HandoffState::Ended).await;
    watched.same().await;
    watched.tell(&event::handoff_ended("c1", OffsetDateTime::now_utc())).await;
    watched.tell(&event::message("c1", "m9", "after the end")).await;
}

#[tokio::test]
async fn the_customers_end() {
    let watched = Watched::accepted().await;
    let gate = watched.desk.ada.holds("POST", "/messages", When::Before);
    watched.ana.reply(watched.handoff, "under way").await;
    gate.reached().await;
    watched.ana.reply(watched.handoff, "never leaves").await;
    watched.tell(&event::handoff_ended("c1", OffsetDateTime::now_utc())).await;
    gate.open();
    watched.tell(&event::conversation_ended("c1", "end_user")).await;
    watched.ana.with_handoff("put_away", watched.handoff).await.expect("put away");
    watched.same().await;
    // And the next handoff of the same conversation.
    let again = watched.desk.hand_off("c1").await;
    assert_ne!(again, watched.handoff);
    watched.same().await;
}

#[tokio::test]
async fn what_happens_at_one_server_shows_at_the_other() {
    let desk = TestDesk::start().await;
    let elsewhere = desk.another_server().await;
    let ana = desk.person("Ana", Role::Agent).await;
    let ana = elsewhere.browser_of(ana).await;
    let socket = ana.open_socket().await;
    let handoff = desk.hand_off("c1").await;
    socket.until("the queue at the other server", |page| page.listed(handoff).is_some()).await;
    socket.watch(&ana, handoff).await;
    socket.until("watching", |page| page.watching.is_some()).await;
    desk.tell(&event::message("c1", "m1", "hello")).await;
    socket.until("the message at the other server", |page| page.texts() == ["hello"]).await;
    ana.accept(handoff).await.expect("accepted");
    ana.reply(handoff, "hi").await;
    desk.ada.until_called("POST", "/messages", 1).await;
    socket.must_equal_fresh(&ana, handoff).await;
}

#[tokio::test]
async fn lost_wake_ups_cost_time_and_never_a_change() {
    let desk = TestDesk::start().await;
    let elsewhere = desk.another_server().await;
    let ana = desk.person("Ana", Role::Agent).await;
    let ana = elsewhere.browser_of(ana).await;
    let socket = ana.open_socket().await;
    let handoff = desk.hand_off("c1").await;
    socket.watch(&ana, handoff).await;
    for number in 0..3 {
        eventually("the listening connections are cut", async || {
            let cut: Vec<bool> = sqlx::query_scalar(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query ilike 'listen %'",
            )
            .fetch_all(&desk.pool)
            .await
            .expect("the connections can be cut");
            (!cut.is_empty()).then_some(())
        })
        .await;
        desk.tell(&event::message("c1", &format!("m{number}"), &number.to_string())).await;
    }
    let waiting = desk.hand_off("c2").await;
    socket.until("all of it", |page| page.texts() == ["0", "1", "2"] && page.listed(waiting).is_some()).await;
    socket.must_equal_fresh(&ana, handoff).await;
}

#[tokio::test]
async fn a_database_that_cuts_everybody_off_costs_time_and_never_a_change() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    ana.accept(handoff).await.expect("accepted");
    ana.until_read(handoff).await;
    let (mut socket, mut reply) = (ana.open_socket().await, None);
    socket.watch(&ana, handoff).await;
    for number in 0..3 {
        reply = Some(ana.reply(handoff, &format!("reply {number}")).await);
        let cut = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
        let cut: Vec<bool> = sqlx::query_scalar(cut).fetch_all(&desk.pool).await.expect("the connections can be cut");
        assert!(!cut.is_empty());
        // Svix sends again what was refused meanwhile.
        let (id, message) = (format!("msg_{number}"), event::message("c1", &format!("m{number}"), &format!("message {number}")));
        eventually("it is taken", async || (desk.deliver(&id, &message).await.status() == 200).then_some(())).await;
    }
    ana.until_reply(handoff, reply.expect("a reply"), "the last one is sent", |reply| reply.state == MessageState::Sent).await;
    let loaded = ana.load(handoff).await.expect("readable");
    assert_eq!(loaded.messages.len(), 6, "{:?}", loaded.messages);
    assert_eq!(desk.ada.replies("c1"), ["reply 0", "reply 1", "reply 2"]);
    // A page whose channel was closed comes back by itself and goes on from what it has.
    if socket.look(|page| page.closed) {
        let open = socket.look(|page| page.open.clone()).expect("an open handoff");
        socket = ana.open_socket().await;
        socket.show(open);
    }
    socket.must_equal_fresh(&ana, handoff).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everything_at_once_on_two_servers() {
    let watched = Watched::accepted().await;
    let (ana, handoff) = (&watched.ana, watched.handoff);
    let elsewhere = watched.desk.another_server().await;
    let there = elsewhere.browser_of(ana.me.clone()).await;
    let socket = there.open_socket().await;
    socket.watch(&there, handoff).await;
    let work = (0..40).map(|number| {
        let (desk, elsewhere, there) = (&watched.desk, &elsewhere, &there);
        async move {
            let message = event::message("c1", &format!("m{}", number / 8), &format!("message {}", number / 8));
            match number % 4 {
                0 => drop(desk.deliver(&format!("a{number}"), &message).await),
                1 => drop(elsewhere.deliver(&format!("b{number}"), &message).await),
                2 => drop(ana.reply(handoff, &format!("reply {number}")).await),
                _ => there.change_metadata(handoff, &json!({ "count": number })).await.expect("owed"),
            }
        }
    });
    futures::future::join_all(work).await;
    let done = |loaded: &HandoffSnapshot| loaded.detail.summary.unsent == 0 && !loaded.detail.metadata_saving;
    let loaded = ana.until("all is sent and saved", handoff, done).await;
    assert_eq!(loaded.messages.len(), 5 + 10, "{:?}", loaded.messages);
    assert_eq!(watched.desk.ada.replies("c1").len(), 10);
    watched.same().await;
    socket.must_equal_fresh(&there, handoff).await;
}
