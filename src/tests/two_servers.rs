//! Two servers, random actions at either, pages at both that come and go: after each step what a page built from changes is what a
//! page that is loaded now would show, its lists included.

use babbage::model::change::OpenHandoff;
use babbage::model::handoff::{EndWay, HandoffState};
use babbage::model::ids::HandoffId;
use babbage::model::message::MessageState;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::support::{Browser, BrowserSocket, TestDesk, event};

/// How many random steps one run takes.
const STEPS: usize = 40;

/// A page at one of the servers.
struct Shown {
    browser: Browser,
    socket: BrowserSocket,
}

struct Play {
    servers: [TestDesk; 2],
    pages: Vec<Shown>,
    /// Each conversation with its latest handoff.
    handoffs: Vec<(String, HandoffId)>,
    random: StdRng,
    told: usize,
}

impl Play {
    async fn start(seed: u64) -> Self {
        let desk = TestDesk::start().await;
        let elsewhere = desk.another_server().await;
        let ana = desk.agent("Ana").await;
        let mut pages = Vec::new();
        for base in [desk.url(""), elsewhere.url("")] {
            let browser = ana.at(base);
            let socket = browser.open_socket().await;
            pages.push(Shown { browser, socket });
        }
        let mut play = Self { servers: [desk, elsewhere], pages, handoffs: Vec::new(), random: StdRng::seed_from_u64(seed), told: 0 };
        for number in 0..3 {
            let conversation = format!("c{number}");
            let handoff = play.server().hand_off(&conversation).await;
            play.handoffs.push((conversation, handoff));
        }
        let (_, handoff) = play.handoffs[0].clone();
        for page in &play.pages {
            page.socket.watch(&page.browser, handoff).await;
        }
        play
    }

    fn server(&mut self) -> &TestDesk {
        let at = self.random.random_range(0..2);
        &self.servers[at]
    }

    fn browser(&mut self) -> Browser {
        let base = self.server().url("");
        self.pages[0].browser.at(base)
    }

    /// Something happens at one of the servers. What cannot happen just now is refused, and that is fine too.
    async fn step(&mut self) -> String {
        let (conversation, handoff) = self.handoffs.choose(&mut self.random).cloned().expect("a handoff");
        self.told += 1;
        let id = format!("m{}", self.told);
        let action = self.random.random_range(0..13);
        match action {
            0..=3 => self.server().tell(&event::message(&conversation, &id, &id)).await,
            4 => {
                // The same again, late, at either.
                let at = event::stamp(OffsetDateTime::now_utc() - Duration::minutes(3));
                let message = event::message_at(&conversation, &id, "late", &at, &at);
                self.server().tell(&message).await;
                self.server().tell(&message).await;
            }
            5 => drop(self.browser().accept(handoff).await),
            6 | 7 => {
                let browser = self.browser();
                if browser.accept(handoff).await.is_ok() && self.is_active(&browser, handoff).await {
                    let reply = browser.reply(handoff, &id).await;
                    browser.until_reply(handoff, reply, "it left", |reply| reply.state == MessageState::Sent).await;
                }
            }
            8 => {
                let browser = self.browser();
                if browser.change_metadata(handoff, &json!({ "count": self.told })).await.is_ok() {
                    browser.until("it is saved", handoff, |loaded| !loaded.detail.metadata_saving).await;
                }
            }
            9 => {
                let browser = self.browser();
                if browser.end(handoff, EndWay::ReturnToAi, "solved", "").await.is_ok() {
                    browser.until("it ended", handoff, |loaded| loaded.detail.summary.state == HandoffState::Ended).await;
                }
            }
            10 => {
                // Handed off, again or for the first time: what was over is another handoff now.
                let again = self.server().hand_off(&conversation).await;
                for known in self.handoffs.iter_mut().filter(|(known, _)| *known == conversation) {
                    known.1 = again;
                }
            }
            11 => drop(self.browser().with_handoff("put_away", handoff).await),
            _ => self.come_back(),
        }
        format!("{action} on {conversation}")
    }

    async fn is_active(&self, browser: &Browser, handoff: HandoffId) -> bool {
        browser.load(handoff).await.is_ok_and(|loaded| loaded.detail.summary.state == HandoffState::Active)
    }

    /// A page loses its server, and comes back at the other one with what it has.
    fn come_back(&mut self) {
        let at = self.random.random_range(0..self.pages.len());
        let base = self.server().url("");
        self.pages[at].browser = self.pages[at].browser.at(base);
    }
}

impl Shown {
    /// Opens the channel again where the browser is now, from what the page shows.
    async fn reconnect(&mut self) {
        let open: OpenHandoff = self.socket.look(|page| page.open.clone()).expect("an open handoff");
        self.socket = self.browser.open_socket().await;
        self.socket.show(open);
    }
}

async fn play(seed: u64) {
    let mut play = Play::start(seed).await;
    let mut steps = Vec::new();
    for number in 0..STEPS {
        let homes: Vec<_> = play.pages.iter().map(|page| page.browser.base.clone()).collect();
        steps.push(play.step().await);
        for (page, home) in play.pages.iter_mut().zip(homes) {
            // Some come back only when more has happened meanwhile.
            if page.browser.base != home || number % 7 == 6 {
                page.reconnect().await;
            }
        }
        let watched = play.pages[0].socket.look(|page| page.open.as_ref().map(|open| open.detail.summary.id)).expect("an open handoff");
        for page in &play.pages {
            let same = page.socket.must_equal_fresh(&page.browser, watched);
            tokio::pin!(same);
            tokio::select! {
                () = &mut same => {}
                () = tokio::time::sleep(super::support::PATIENCE * 2) => panic!("seed {seed}: {steps:?}"),
            }
        }
    }
    for page in &play.pages {
        assert!(page.socket.look(|page| page.resyncs.is_empty() && page.gaps == 0), "seed {seed}: {steps:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn old_and_changes_are_new_whatever_happens_where() {
    // Another one each time; a run that fails says which.
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    println!("SEED={seed}");
    play(seed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_with_a_plan_that_is_known() {
    play(7).await;
}
