//! A desk with people at it: conversations that somebody has accepted, each watched by several open pages.

use std::time::Duration;

use babbage::model::change::OpenHandoff;

use crate::support::Result;
use crate::support::browser::Browser;
use crate::support::desk::Desk;
use crate::support::load::{Paced, paced};
use crate::support::sample::Sample;
use crate::support::settings::Settings;
use crate::support::truth::{self, Truth};
use crate::support::watcher::{Watch, Watcher};

/// How long the last message may take to the last page before it counts as lost.
const LAST: Duration = Duration::from_secs(10);

/// A page that watches.
pub struct Page {
    pub watcher: Watcher,
    pub conversation: usize,
    pub server: usize,
    /// What it started from, for those that keep their frames.
    open: Option<OpenHandoff>,
}

pub struct Stage {
    pub desk: Desk,
    pub browser: Browser,
    pub pages: Vec<Page>,
    pub truth: Truth,
}

/// What was measured in one run at a rate.
pub struct Measured {
    pub paced: Paced,
    /// From the send of a webhook to each page of each server.
    pub delivered: Vec<Sample>,
    /// From the acknowledgement to the last page of the first server; 0 where the page was faster.
    pub last: Sample,
}

impl Stage {
    /// So many servers, conversations, and pages for each conversation at each server.
    pub async fn open(settings: &Settings, servers: usize, conversations: usize, pages: usize) -> Result<Self> {
        let mut desk = Desk::start(settings, servers).await?;
        desk.hand_off(conversations).await?;
        let browser = desk.sign_in().await?;
        desk.accept(&browser, 0..conversations).await?;
        let mut stage = Self { desk, browser, pages: Vec::new(), truth: Truth::default() };
        for conversation in 0..conversations {
            for server in 0..servers {
                stage.watch(conversation, server, pages).await?;
            }
        }
        Ok(stage)
    }

    /// Opens pages for one conversation; the first of them keeps its frames.
    pub async fn watch(&mut self, conversation: usize, server: usize, pages: usize) -> Result<()> {
        let handoff = self.desk.conversations[conversation].handoff;
        let address = self.desk.servers[server].address;
        let base = self.desk.base(server);
        let snapshot = self.browser.at(&base).load(handoff).await?;
        let after = snapshot.number;
        let mut open = Some(OpenHandoff::from(snapshot));
        let first = self.pages.len();
        for _ in 0..pages {
            let watch = Some(Watch { handoff, after });
            let watcher = Watcher::open(address, &self.browser.cookie, watch, open.is_some()).await?;
            self.pages.push(Page { watcher, conversation, server, open: open.take() });
        }
        for page in &self.pages[first..] {
            page.watcher.is_live().await?;
        }
        Ok(())
    }

    /// Sends at a rate to the first server, round robin among the first `conversations`, and waits for the last page.
    pub async fn run(&mut self, rate: f64, during: Duration, burst: usize, conversations: usize) -> Result<Measured> {
        for page in &self.pages {
            page.watcher.take();
        }
        let paced = paced(&self.desk.target(), rate, during, burst, |position| (position % conversations, 0)).await?;
        let (delivered, last) = self.collect(paced.numbers.start).await;
        Ok(Measured { paced, delivered, last })
    }

    /// What the pages received of what was sent from a number on: times per server, and to the last page of the first one.
    pub async fn collect(&mut self, from: usize) -> (Vec<Sample>, Sample) {
        let stamps = self.desk.stamps.clone();
        let expected = truth::acknowledged(&stamps, from);
        let mut delivered = vec![Vec::new(); self.desk.servers.len()];
        let mut latest = vec![0_u64; stamps.len() - from];
        for page in &self.pages {
            let Some(expected) = expected.get(&(page.conversation as u32)) else { continue };
            page.watcher.until(LAST, |heard| heard.received.len() >= expected.len()).await;
            let mut received = page.watcher.take();
            received.retain(|(number, _)| *number >= from);
            truth::heard(&mut self.truth, &page.watcher, &received, expected);
            for (number, at) in received {
                delivered[page.server].push(at.saturating_sub(stamps.sent(number)));
                if page.server == 0 {
                    let after = at.saturating_sub(stamps.acknowledged(number));
                    latest[number - from] = latest[number - from].max(after);
                }
            }
        }
        (delivered.into_iter().map(Sample::new).collect(), Sample::new(latest))
    }

    /// Compares everything that was sent with what is stored and with what the pages show, and clears up.
    pub async fn finish(mut self, settings: &Settings) -> Result<Truth> {
        self.truth.add(&truth::check(&self.desk, &self.browser).await?);
        let all = truth::acknowledged(&self.desk.stamps, 0);
        for page in &mut self.pages {
            if let (Some(open), Some(expected)) = (page.open.take(), all.get(&(page.conversation as u32))) {
                truth::page(&mut self.truth, &page.watcher, open, expected)?;
            }
        }
        self.pages.clear();
        self.desk.stop(settings).await?;
        Ok(self.truth)
    }
}
