//! On real servers, started and stopped here. As root they also show that a folder closed to everybody else can be passed.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;

use super::*;

/// A data folder with a blank in its name; whatever still runs in it ends with it.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(TempDir::new().expect("a folder"))
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("x y")
    }

    fn cluster(&self) -> PathBuf {
        fs::canonicalize(self.0.path()).expect("a folder").join("x y/postgres")
    }

    async fn start(&self) -> (PrivateCluster, PgConnectOptions) {
        PrivateCluster::start_with(&self.data(), Durability::ForTests).await.expect("starts")
    }

    fn pid(&self) -> Option<Pid> {
        match process::state(&self.cluster()) {
            State::Running { pid, .. } => Some(pid),
            State::Stopped => None,
        }
    }

    async fn wait_until_stopped(&self) {
        let wait = async {
            while self.pid().is_some() {
                sleep(POLL).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), wait).await.expect("it stops");
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        process::ask_to_stop(&self.cluster());
    }
}

async fn ask(options: &PgConnectOptions, sql: &'static str) -> String {
    let mut connection = options.connect().await.expect("connects");
    let answer = sqlx::query_scalar(sql).fetch_one(&mut connection).await.expect("an answer");
    connection.close().await.expect("closes");
    answer
}

async fn tell(options: &PgConnectOptions, sql: &'static str) {
    let mut connection = options.connect().await.expect("connects");
    sqlx::query(sql).execute(&mut connection).await.expect("done");
    connection.close().await.expect("closes");
}

#[tokio::test]
async fn it_is_made_once_durable_and_reachable_only_by_its_socket() {
    let home = Home::new();
    assert!(!PrivateCluster::exists(&home.data()));
    let (cluster, options) = PrivateCluster::start(&home.data()).await.expect("starts");
    for (setting, value) in [
        ("show fsync", "on"),
        ("show synchronous_commit", "on"),
        ("show full_page_writes", "on"),
        ("show data_checksums", "on"),
        ("show listen_addresses", ""),
        ("show server_encoding", "UTF8"),
        ("select current_database()::text", "babbage"),
    ] {
        assert_eq!(ask(&options, setting).await, value, "{setting}");
    }
    // It leads a session of its own, out of reach of a terminal's Ctrl-C. (The test's own session is not asked for: in a container its
    // leader may live outside, and then it has no number here.)
    let server = home.pid().expect("runs");
    assert_eq!(rustix::process::getsid(Some(server)).expect("a session"), server);
    tell(&options, "create table kept as select 'once'::text as word").await;
    cluster.stop().await.expect("stops");
    assert!(home.pid().is_none() && PrivateCluster::exists(&home.data()));

    let (cluster, options) = home.start().await;
    assert_eq!(ask(&options, "select word from kept").await, "once");
    cluster.stop().await.expect("stops");
}

#[tokio::test]
async fn a_killed_server_recovers() {
    let home = Home::new();
    let (cluster, options) = PrivateCluster::start(&home.data()).await.expect("starts");
    tell(&options, "create table kept as select 'committed'::text as word").await;
    kill_process(home.pid().expect("runs"), Signal::KILL).expect("killed");
    cluster.vanish();

    let (cluster, options) = PrivateCluster::start(&home.data()).await.expect("starts again");
    assert_eq!(ask(&options, "select word from kept").await, "committed");
    cluster.stop().await.expect("stops");
}

#[tokio::test]
async fn the_server_of_a_killed_desk_is_found_and_stopped_by_the_next() {
    let home = Home::new();
    let (cluster, _) = home.start().await;
    let pid = home.pid().expect("runs");
    cluster.vanish();
    assert_eq!(home.pid(), Some(pid), "it outlives the desk");

    let (cluster, options) = PrivateCluster::start(&home.data()).await.expect("adopts");
    assert_eq!(home.pid(), Some(pid));
    assert_eq!(ask(&options, "select 'there'").await, "there");
    // A server started for tests does not stay careless. It reads its settings again in its own time.
    let durable = async {
        while ask(&options, "show fsync").await != "on" {
            sleep(POLL).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), durable).await.expect("durable again");
    cluster.stop().await.expect("stops");
    assert!(home.pid().is_none());
}

#[tokio::test]
async fn the_last_to_leave_stops_it() {
    let home = Home::new();
    let (first, second, third) = tokio::join!(home.start(), home.start(), home.start());
    first.0.stop().await.expect("leaves");
    drop(second.0);
    assert_eq!(ask(&third.1, "select 'there'").await, "there");
    third.0.stop().await.expect("stops");
    assert!(home.pid().is_none());
}

#[tokio::test]
async fn an_end_that_nobody_planned_stops_it_too() {
    let home = Home::new();
    let (cluster, _) = home.start().await;
    drop(cluster);
    home.wait_until_stopped().await;
}

#[tokio::test]
async fn a_start_that_was_cut_off_leaves_no_half_cluster() {
    let home = Home::new();
    fs::create_dir_all(home.data().join("postgres.unfinished/base")).expect("made");
    fs::write(home.data().join("postgres.unfinished/PG_VERSION"), "15").expect("written");
    fs::create_dir(home.data().join("postgres")).expect("made");
    let (cluster, options) = home.start().await;
    assert_eq!(ask(&options, "select 'there'").await, "there");
    assert!(!home.data().join("postgres.unfinished").exists());
    cluster.stop().await.expect("stops");
}

#[tokio::test]
async fn a_pid_file_that_names_another_process_stops_nothing() {
    let home = Home::new();
    let (cluster, _) = home.start().await;
    let pid_file = home.cluster().join("postmaster.pid");
    let text = fs::read_to_string(&pid_file).expect("there");
    cluster.stop().await.expect("stops");
    // As after a restart of the machine: the number is somebody else's now.
    let mut child = std::process::Command::new("sleep").arg("600").spawn().expect("a process");
    let (_, rest) = text.split_once('\n').expect("lines");
    fs::write(&pid_file, format!("{}\n{rest}", child.id())).expect("written");
    let (cluster, options) = home.start().await;
    assert_eq!(ask(&options, "select 'there'").await, "there");
    cluster.stop().await.expect("stops");
    assert!(child.try_wait().expect("a child").is_none(), "the other process was not touched");
    child.kill().and_then(|()| child.wait()).expect("ended");
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_still_works() {
    let home = Home::new();
    let data = home.0.path().join("long".repeat(40));
    let (cluster, options) = PrivateCluster::start_with(&data, Durability::ForTests).await.expect("starts");
    let socket = options.get_socket().expect("a socket").clone();
    assert!(socket.starts_with("/tmp"));
    assert_eq!(ask(&options, "select 'there'").await, "there");
    cluster.stop().await.expect("stops");
    fs::remove_dir_all(socket).expect("removed");
}

#[tokio::test]
async fn what_is_not_ours_is_left_alone_with_a_clear_word() {
    let home = Home::new();
    let folder = home.data().join("postgres");
    fs::create_dir_all(&folder).expect("made");
    fs::write(folder.join("precious"), "words").expect("written");
    let error = PrivateCluster::start(&home.data()).await.expect_err("no cluster").to_string();
    assert!(error.contains("no Postgres cluster"), "{error}");
    fs::write(folder.join("PG_VERSION"), "9.6\n").expect("written");
    let error = PrivateCluster::start(&home.data()).await.expect_err("another version").to_string();
    assert!(error.contains("made by Postgres 9.6"), "{error}");
    assert_eq!(fs::read_to_string(folder.join("precious")).expect("there"), "words");
}
