//! A database that takes nothing: everything new is refused so that it comes again, what is there can be read, and all goes on by itself.

use std::os::unix::fs::MetadataExt;
use std::process::Command;

use babbage::model::ids::{HandoffId, MessageId};
use babbage::model::problem::Problem;
use babbage::store::cluster::{Durability, PrivateCluster};
use rand::Rng;
use rand::distr::Alphanumeric;
use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, Executor, PgConnection, PgPool};
use time::OffsetDateTime;

use super::support::{Browser, Database, TestDesk, answer, event, eventually, texts};

/// What `/readyz` says.
async fn readiness(desk: &TestDesk) -> (u16, String) {
    let answer = desk.http.get(desk.url("/readyz")).send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("a body"))
}

async fn until_it_says(desk: &TestDesk, status: u16, words: &str) {
    eventually(words, async || {
        let (now, text) = readiness(desk).await;
        (now == status && text.starts_with(words)).then_some(())
    })
    .await;
}

/// A desk where Ana talks with a customer.
struct Talk {
    desk: TestDesk,
    ana: Browser,
    handoff: HandoffId,
}

impl Talk {
    async fn start(database: &Database) -> Self {
        let desk = TestDesk::setup().on(database).start().await;
        let ana = desk.agent("Ana").await;
        let handoff = desk.hand_off("c1").await;
        ana.accept(handoff).await.expect("accepted");
        desk.tell(&event::message("c1", "m1", "hello")).await;
        until_it_says(&desk, 200, "ready").await;
        Self { desk, ana, handoff }
    }

    /// Ada's requests and an agent's reply, each with what it got.
    async fn try_everything(&self, long: &str) -> Vec<(&'static str, u16, String)> {
        let said = |what, (status, body): (u16, Value)| (what, status, body["error"].as_str().unwrap_or_default().to_owned());
        let trigger = self.desk.trigger(&json!({ "conversation_id": "c2", "note": long })).await;
        let message = self.desk.deliver("msg_again", &event::message("c1", "m2", &format!("are you there? {long}"))).await;
        let end = self.desk.deliver("msg_end", &event::conversation_ended("c1", "end_user")).await;
        let unreadable = json!({ "type": "v1.conversation.message", "data": { "long": long } });
        let unreadable = self.desk.deliver("msg_unreadable", &unreadable).await;
        vec![
            said("trigger", answer(trigger).await),
            said("message", answer(message).await),
            said("end", answer(end).await),
            said("unreadable", answer(unreadable).await),
        ]
    }

    /// Nothing new is taken, with words, and what is there can be read.
    async fn must_refuse(&self, words: &str) {
        until_it_says(&self.desk, 503, words).await;
        for (what, status, said) in self.try_everything("").await {
            assert_eq!(status, 503, "{what}: {said}");
            assert!(said.contains(words), "{what}: {said}");
        }
        let reply = self.ana.reply_as(self.handoff, MessageId::new(), "yes").await;
        assert!(matches!(reply, Err(Problem::Unavailable { .. })), "{reply:?}");
        assert_eq!(texts(&self.ana.load(self.handoff).await.expect("it can be read").messages), ["hello"]);
    }

    /// What was refused comes again and is taken, without anybody's help.
    async fn must_recover(&self) {
        until_it_says(&self.desk, 200, "ready").await;
        for (what, status, said) in self.try_everything("").await {
            assert_eq!(status, 200, "{what}: {said}");
        }
        let loaded = self.ana.load(self.handoff).await.expect("readable");
        assert_eq!(texts(&loaded.messages), ["hello", "are you there? "]);
        assert_eq!(self.desk.kept_events().await.len(), 1);
    }
}

async fn name(pool: &PgPool) -> String {
    sqlx::query_scalar("select current_database()").fetch_one(pool).await.expect("a name")
}

/// Every session but this one ends: settings of the database count for the next ones.
const END_SESSIONS: &str =
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";

#[tokio::test]
async fn a_read_only_database_is_told_and_found_writable_again() {
    let database = Database::new().await;
    let talk = Talk::start(&database).await;
    let name = name(&talk.desk.pool).await;
    let mut admin = PgConnection::connect_with(&talk.desk.pool.connect_options()).await.expect("a session");
    admin.execute(format!("alter database {name} set default_transaction_read_only = on").as_str()).await.expect("set");
    admin.execute(END_SESSIONS).await.expect("ended");
    talk.must_refuse("database: read-only").await;
    admin.execute(format!("alter database {name} reset default_transaction_read_only").as_str()).await.expect("reset");
    admin.execute(END_SESSIONS).await.expect("ended");
    talk.must_recover().await;
}

#[tokio::test]
async fn a_full_disk_is_told_and_found_free_again() {
    let database = Database::new().await;
    let talk = Talk::start(&database).await;
    // What Postgres answers when it cannot make a file longer.
    let full = "
        create function test_full() returns trigger language plpgsql as
            $$ begin raise exception 'could not extend file' using errcode = '53100'; end $$;
        create trigger test_full before insert or update on events execute function test_full();
        create trigger test_full before insert or update on conversations execute function test_full();
        create trigger test_full before insert or update on messages execute function test_full();
        create function test_full_ddl() returns event_trigger language plpgsql as
            $$ begin raise exception 'could not extend file' using errcode = '53100'; end $$;
        create event trigger test_full on ddl_command_start execute function test_full_ddl();";
    talk.desk.pool.execute(full).await.expect("the disk is full");
    talk.must_refuse("database: disk full").await;
    let free = "drop event trigger test_full; drop function test_full() cascade";
    talk.desk.pool.execute(free).await.expect("the disk has room");
    talk.must_recover().await;
}

#[tokio::test]
async fn pages_that_use_up_every_connection_keep_no_event_out() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    // Takes every connection that becomes free, and keeps it.
    let pool = desk.pool.clone();
    let hog = tokio::spawn(async move {
        let mut held = Vec::new();
        loop {
            held.extend(pool.acquire().await);
        }
    });
    until_it_says(&desk, 503, "database: no free connection").await;
    let (status, said) = answer(desk.trigger(&json!({ "conversation_id": "c2" })).await).await;
    assert_eq!(status, 503, "{said}");
    desk.tell(&event::message("c1", "m1", "hello")).await;
    hog.abort();
    until_it_says(&desk, 200, "ready").await;
    assert_eq!(desk.trigger(&json!({ "conversation_id": "c2" })).await.status(), 200);
    assert_eq!(texts(&ana.load(handoff).await.expect("readable").messages), ["hello"]);
}

/// A file system of its own, taken away when it is dropped.
struct Disk(tempfile::TempDir);

impl Disk {
    /// `None` where this account may not make one.
    fn small(owner: &str) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let made = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size=48m,mode=0700,uid={owner}"), "tmpfs"])
            .arg(folder.path())
            .output();
        made.is_ok_and(|made| made.status.success()).then(|| Self(folder))
    }

    fn filler(&self) -> std::path::PathBuf {
        self.0.path().join("filler")
    }

    fn fill(&self) {
        let mut file = std::fs::File::create(self.filler()).expect("a file");
        while std::io::Write::write_all(&mut file, &[0; 4096]).is_ok() {}
    }

    fn has_room_again(&self) {
        std::fs::remove_file(self.filler()).expect("removed");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

/// Who owns the files of a cluster.
async fn owner(cluster: &PgConnectOptions) -> String {
    let mut connection = PgConnection::connect_with(cluster).await.expect("it answers");
    let folder: String = sqlx::query_scalar("show data_directory").fetch_one(&mut connection).await.expect("a folder");
    std::fs::metadata(folder).expect("a folder").uid().to_string()
}

#[tokio::test]
async fn a_disk_that_is_really_full_loses_nothing() {
    // In a cluster of its own: what becomes of it is nobody else's concern.
    let data = tempfile::tempdir().expect("a folder");
    let (cluster, options) = PrivateCluster::start_with(data.path(), Durability::ForTests).await.expect("a cluster");
    let Some(disk) = Disk::small(&owner(&options).await) else {
        eprintln!("SKIPPED: a really full disk needs the right to mount a small file system; the simulated one is tested");
        return cluster.stop().await.expect("it stops");
    };
    let database = Database::in_folder(options, disk.0.path()).await;
    let talk = Talk::start(&database).await;
    disk.fill();
    until_it_says(&talk.desk, 503, "database: disk full").await;
    // More than fits into pages that are there already.
    let long: String = rand::rng().sample_iter(Alphanumeric).take(40_000).map(char::from).collect();
    for (what, status, said) in talk.try_everything(&long).await {
        if what == "end" {
            continue;
        }
        assert_eq!(status, 503, "{what}: {said}");
        assert!(said.contains("disk full"), "{what}: {said}");
    }
    assert_eq!(talk.ana.load(talk.handoff).await.expect("it can be read").messages.len(), 1);
    disk.has_room_again();
    until_it_says(&talk.desk, 200, "ready").await;
    for (what, status, said) in talk.try_everything(&long).await {
        assert_eq!(status, 200, "{what}: {said}");
    }
    let ended = event::handoff_ended("c1", OffsetDateTime::now_utc());
    talk.desk.tell(&ended).await;
    assert_eq!(talk.ana.load(talk.handoff).await.expect("readable").messages.len(), 2);
    talk.desk.stop().await;
    cluster.stop().await.expect("it stops");
}
