//! P13 and P14: how soon everything is back.

use std::time::{Duration, Instant};

use babbage::ui::backoff::Backoff;
use tokio::task::JoinSet;

use super::quiet;
use super::stage::Stage;
use crate::support::http::Connection;
use crate::support::sample::{Sample, median};
use crate::support::settings::Settings;
use crate::support::table::Row;
use crate::support::truth;
use crate::support::watcher::{Watch, Watcher};
use crate::support::webhook::Prepared;
use crate::support::{Result, clock, load, postgres, process};

/// How many pages come back.
const PAGES: usize = 1_000;
const CONVERSATIONS: usize = 50;
/// What a page missed, for P14.
const MISSED: [usize; 2] = [10, 1_000];
/// How many times Postgres is killed.
const CRASHES: usize = 3;

pub async fn measure(settings: &Settings) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    if settings.wants(&["P13"]) {
        rows.extend(restart(settings).await?);
    }
    if settings.wants(&["P14"]) {
        rows.push(resume(settings).await?);
    }
    Ok(rows)
}

/// What a restart took, in milliseconds.
#[derive(Default)]
struct Times {
    listening: Vec<f64>,
    acknowledged: Vec<f64>,
    pages: Vec<f64>,
}

async fn restart(settings: &Settings) -> Result<Vec<Row>> {
    let mut stage = Stage::open(settings, 1, CONVERSATIONS, PAGES / CONVERSATIONS).await?;
    stage.run(100.0, Duration::from_secs(1), 1, CONVERSATIONS).await?;
    let mut times = Times::default();
    for _ in 0..settings.pairs {
        quiet(settings).await?;
        one_restart(&mut stage, &mut times).await?;
    }
    let mut postgres = Vec::new();
    let mut recovery = Vec::new();
    for _ in 0..CRASHES {
        let (recovered, acknowledged) = one_crash(settings, &stage).await?;
        recovery.push(recovered);
        postgres.push(acknowledged);
    }
    // The pages have lost what they kept by coming back as others; what is stored and shown is compared.
    stage.pages.clear();
    let truth = stage.finish(settings).await?;
    let most = |times: &[f64]| times.iter().copied().fold(0.0, f64::max);
    let row = |what: String, bar: &str, times: &[f64], limit: f64| {
        Row::new("P13", what, bar)
            .measured(format!("{:.0} ms (worst of {} {:.0} ms)", median(times.iter().copied()), times.len(), most(times)))
            .judged(median(times.iter().copied()) <= limit)
    };
    let mut rows = vec![
        row("kill -9, started again until it listens".to_owned(), "≤ 300 ms", &times.listening, 300.0),
        row("until the first acknowledgement".to_owned(), "≤ 1 s", &times.acknowledged, 1_000.0),
        row(format!("until {PAGES} pages are live and complete again"), "≤ 3 s", &times.pages, 3_000.0),
        row("Postgres killed and started: it accepts until the first acknowledgement".to_owned(), "≤ 1 s", &postgres, 1_000.0),
    ];
    if let Some(last) = rows.last_mut() {
        last.measured = format!("{}; its recovery took {:.0} ms; {truth}", last.measured, median(recovery));
    }
    Ok(rows.into_iter().map(|row| truth.judge(row)).collect())
}

async fn one_restart(stage: &mut Stage, times: &mut Times) -> Result<()> {
    let pages: Vec<Watch> =
        stage.pages.iter().filter_map(|page| Some(Watch { after: page.watcher.heard().number, ..page.watcher.watch? })).collect();
    let probe = probe(stage)?;
    stage.desk.servers[0].kill().await?;
    let (address, cookie) = (stage.desk.servers[0].address, stage.browser.cookie.clone());
    stage.desk.servers[0].again()?;
    let started = Instant::now();
    let mut coming = JoinSet::new();
    for watch in pages {
        let cookie = cookie.clone();
        coming.spawn(async move { come_back(address, &cookie, watch).await });
    }
    let stamps = stage.desk.stamps.clone();
    let acknowledging = tokio::spawn(async move { first(address, probe, &stamps).await });
    stage.desk.servers[0].listens().await?;
    times.listening.push(started.elapsed().as_secs_f64() * 1e3);
    acknowledging.await??;
    times.acknowledged.push(started.elapsed().as_secs_f64() * 1e3);
    let mut back = Vec::new();
    while let Some(watcher) = coming.join_next().await {
        back.push(watcher??);
    }
    times.pages.push(started.elapsed().as_secs_f64() * 1e3);
    for (page, watcher) in stage.pages.iter_mut().zip(back) {
        let conversations = &stage.desk.conversations;
        page.conversation =
            watcher.watch.and_then(|watch| conversations.iter().position(|known| known.handoff == watch.handoff)).unwrap_or_default();
        page.watcher = watcher;
    }
    // They are whole again: what is sent now comes to all of them.
    stage.run(100.0, Duration::from_millis(500), 1, CONVERSATIONS).await?;
    Ok(())
}

/// As the browser does: with its own backoff and jitter, from the change that it had.
async fn come_back(address: std::net::SocketAddr, cookie: &str, watch: Watch) -> Result<Watcher> {
    let mut backoff = Backoff::default();
    let started = Instant::now();
    loop {
        let wait = backoff.next(rand::random());
        tokio::time::sleep(Duration::from_millis(u64::from(wait))).await;
        if let Ok(watcher) = Watcher::open(address, cookie, Some(watch), false).await
            && watcher.is_live().await.is_ok()
        {
            return Ok(watcher);
        }
        if started.elapsed() > process::PATIENCE {
            return Err("a page did not come back".into());
        }
    }
}

fn probe(stage: &Stage) -> Result<Prepared> {
    stage.desk.signer.message(&stage.desk.conversations[0].name, stage.desk.stamps.take(0))
}

/// Sends a webhook again and again until it is taken.
async fn first(address: std::net::SocketAddr, probe: Prepared, stamps: &clock::Stamps) -> Result<()> {
    let started = Instant::now();
    stamps.send(probe.number);
    loop {
        if let Ok(mut connection) = Connection::open(address).await
            && matches!(connection.send(&probe.bytes).await, Ok(200))
        {
            stamps.acknowledge(probe.number);
            return Ok(());
        }
        if started.elapsed() > process::PATIENCE {
            return Err("nothing was acknowledged after a restart".into());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Milliseconds of Postgres's recovery, and from its end to the first acknowledgement.
async fn one_crash(settings: &Settings, stage: &Stage) -> Result<(f64, f64)> {
    load::paced(&stage.desk.target(), 200.0, Duration::from_millis(500), 1, |position| (position % CONVERSATIONS, 0)).await?;
    postgres::crash(settings).await?;
    let (address, probe, stamps) = (stage.desk.servers[0].address, probe(stage)?, stage.desk.stamps.clone());
    let acknowledging = tokio::spawn(async move {
        first(address, probe, &stamps).await?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(Instant::now())
    });
    let started = Instant::now();
    postgres::resume(settings).await?;
    postgres::accepts(settings).await?;
    let accepts = Instant::now();
    let acknowledged = acknowledging.await??;
    Ok(((accepts - started).as_secs_f64() * 1e3, acknowledged.saturating_duration_since(accepts).as_secs_f64() * 1e3))
}

/// A page comes back after a while.
async fn resume(settings: &Settings) -> Result<Row> {
    let mut stage = Stage::open(settings, 1, 1, 0).await?;
    let (address, handoff) = (stage.desk.servers[0].address, stage.desk.conversations[0].handoff);
    let mut times: [Vec<u64>; 2] = [Vec::new(), Vec::new()];
    for _ in 0..settings.pairs {
        quiet(settings).await?;
        for (position, missed) in MISSED.into_iter().enumerate() {
            let after = stage.browser.load(handoff).await?.number;
            stage.desk.flood(missed, Duration::from_secs(60), |_| 0).await?;
            let head = stage.browser.load(handoff).await?.number;
            let started = clock::now();
            let watcher = Watcher::open(address, &stage.browser.cookie, Some(Watch { handoff, after }), false).await?;
            let complete = watcher.until(Duration::from_secs(30), |heard| heard.number >= head && heard.watching).await;
            times[position].push(clock::now() - started);
            if !complete {
                return Err(format!("{missed} missed changes were not told: {:?}", watcher.heard().number).into());
            }
            let expected: Vec<usize> = (stage.desk.stamps.len() - missed..stage.desk.stamps.len()).collect();
            let received = watcher.take();
            truth::heard(&mut stage.truth, &watcher, &received, &expected);
        }
    }
    let truth = stage.finish(settings).await?;
    let [few, many] = times.map(Sample::new);
    let row = Row::new("P14", format!("a page comes back and has missed {} changes", MISSED[1]), "≤ 200 ms")
        .measured(format!("{:.0} ms; {:.0} ms after {} missed; {truth}", many.p50(), few.p50(), MISSED[0]))
        .judged(many.p50() <= 200.0);
    Ok(truth.judge(row))
}
