//! P8 and P9: many pages on one conversation, and one that does not read.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use babbage::live::frames::FromBrowser;
use futures::SinkExt;
use tokio_tungstenite::tungstenite::Message;

use super::quiet;
use super::stage::Stage;
use crate::support::Result;
use crate::support::clock::Stamps;
use crate::support::http::Pool;
use crate::support::load::{Target, paced};
use crate::support::process::{Process, free_address, helper};
use crate::support::sample::{Sample, median, spread};
use crate::support::settings::Settings;
use crate::support::table::Row;
use crate::support::watcher::{Watch, Watcher, connect};

/// What P8 asks for: pages, changes a second, p99 in milliseconds, cores.
const SHAPES: [(usize, f64, f64, Option<f64>); 2] = [(100, 1_000.0, 5.0, Some(0.7)), (1_000, 100.0, 20.0, None)];
/// What the others of P9 look at, and how many they are.
const OTHERS: usize = 20;
const RATE: f64 = 500.0;
/// The smallest buffer that a page's own kernel may have.
const STALLED_RECEIVE: u32 = 4 * 1024;
/// What a page that does not read may cost the server.
const MOST: u64 = 256 * 1024;
/// How long until it is cut off, at the most.
const CUT_OFF: Duration = Duration::from_secs(60);

pub async fn measure(settings: &Settings) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    if settings.wants(&["P8"]) {
        for (pages, rate, p99, cores) in SHAPES {
            rows.extend(shape(settings, pages, rate, p99, cores).await?);
        }
    }
    if settings.wants(&["P9"]) {
        rows.extend(stalled(settings).await?);
    }
    Ok(rows)
}

/// Deliveries after the acknowledgement, and what a second of them takes of a core.
struct Side {
    after: Sample,
    cores: f64,
    /// Deliveries in a second of processor time.
    worth: f64,
}

async fn shape(settings: &Settings, pages: usize, rate: f64, p99: f64, cores: Option<f64>) -> Result<Vec<Row>> {
    let mut stage = Stage::open(settings, 1, 1, pages).await?;
    let folder = tempfile::tempdir()?;
    let mut bare = helper("bare", free_address()?, Vec::new(), folder.path())?;
    bare.listens().await?;
    let target = Target { stamps: Arc::new(Stamps::new()), pools: vec![Arc::new(Pool::new(bare.address))], ..stage.desk.target() };
    let mut watchers = Vec::new();
    for _ in 0..pages {
        watchers.push(Watcher::open_bare(bare.address).await?);
    }
    stage.run(rate, Duration::from_secs(1), 1, 1).await?;
    let (mut desks, mut bares) = (Vec::new(), Vec::new());
    for _ in 0..settings.pairs {
        quiet(settings).await?;
        desks.push(desk_side(&mut stage, rate, settings.side).await?);
        bares.push(bare_side(&bare, &target, &watchers, rate, settings.side).await?);
    }
    bare.kill().await?;
    let truth = stage.finish(settings).await?;
    let of = |sides: &[Side], what: fn(&Side) -> f64| median(sides.iter().map(what));
    let worth: Vec<f64> = desks.iter().zip(&bares).map(|(desk, bare)| desk.worth / bare.worth).collect();
    let (desk99, desk50, used) = (of(&desks, |side| side.after.p99()), of(&desks, |side| side.after.p50()), of(&desks, |side| side.cores));
    let (bare99, bare_used) = (of(&bares, |side| side.after.p99()), of(&bares, |side| side.cores));
    let core_bar = cores.map_or_else(String::new, |cores| format!(", ≤ {cores} core"));
    let rows = vec![
        Row::new(
            "P8",
            format!("{pages} pages × {rate:.0} changes/s of one conversation, after the acknowledgement"),
            format!("p99 ≤ {p99} ms{core_bar}"),
        )
        .measured(format!("p50 {desk50:.2} ms, p99 {desk99:.2} ms, {used:.2} core; bare p99 {bare99:.2} ms, {bare_used:.2} core; {truth}"))
        .judged(desk99 <= p99 && cores.is_none_or(|cores| used <= cores)),
        Row::new("P8", "deliveries for a second of processor time", "≥ 0.8 × bare broadcast server")
            .ratio(spread(&worth))
            .judged(median(worth) >= 0.8),
    ];
    Ok(rows.into_iter().map(|row| truth.judge(row)).collect())
}

async fn desk_side(stage: &mut Stage, rate: f64, during: Duration) -> Result<Side> {
    let pages: Vec<usize> = (0..stage.pages.len()).collect();
    let stamps = stage.desk.stamps.clone();
    let (from, cpu, started) = (stamps.len(), stage.desk.processor()?, Instant::now());
    let sent = paced(&stage.desk.target(), rate, during, 1, |_| (0, 0)).await?;
    for page in &stage.pages {
        page.watcher.until(Duration::from_secs(10), |heard| heard.received.len() >= sent.numbers.len()).await;
    }
    let (spent, elapsed) = (stage.desk.processor()? - cpu, started.elapsed().as_secs_f64());
    let mut after = Vec::new();
    for page in pages {
        let heard = stage.pages[page].watcher.heard();
        let received = heard.received.iter().filter(|(number, _)| *number >= from);
        after.extend(received.map(|(number, at)| at.saturating_sub(stamps.acknowledged(*number))));
    }
    // Also counts what is missing.
    stage.collect(from).await;
    Ok(Side { worth: after.len() as f64 / spent.max(0.01), after: Sample::new(after), cores: spent / elapsed })
}

async fn bare_side(bare: &Process, target: &Target, watchers: &[Watcher], rate: f64, during: Duration) -> Result<Side> {
    for watcher in watchers {
        watcher.take();
    }
    let (cpu, started) = (bare.processor()?, Instant::now());
    let sent = paced(target, rate, during, 1, |_| (0, 0)).await?;
    for watcher in watchers {
        watcher.until(Duration::from_secs(10), |heard| heard.received.len() >= sent.numbers.len()).await;
    }
    let (spent, elapsed) = (bare.processor()? - cpu, started.elapsed().as_secs_f64());
    let received = watchers.iter().flat_map(Watcher::take);
    let after: Vec<u64> = received.map(|(number, at)| at.saturating_sub(target.stamps.acknowledged(number))).collect();
    Ok(Side { worth: after.len() as f64 / spent.max(0.01), after: Sample::new(after), cores: spent / elapsed })
}

async fn stalled(settings: &Settings) -> Result<Vec<Row>> {
    let mut stage = Stage::open(settings, 1, 1, OTHERS).await?;
    stage.run(RATE, Duration::from_secs(1), 1, 1).await?;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..settings.pairs {
        quiet(settings).await?;
        without.push(stage.run(RATE, settings.side, 1, 1).await?.delivered[0].p99());
    }
    // A page that says what it wants and then reads nothing.
    let address = stage.desk.servers[0].address;
    let handoff = stage.desk.conversations[0].handoff;
    let after = stage.browser.load(handoff).await?.number;
    let open = channels(&stage).await?;
    let mut socket = connect(address, Some(&stage.browser.cookie), Some(STALLED_RECEIVE)).await?;
    for frame in [FromBrowser::Desk, FromBrowser::Watch { handoff, after }] {
        socket.send(Message::text(serde_json::to_string(&frame)?)).await?;
    }
    let ours = socket.get_ref().local_addr()?;
    let mut most = 0;
    let mut closed = None;
    let started = Instant::now();
    // Until nothing more goes into its buffers; then the others are looked at, for as long as it is there.
    while closed.is_none() && started.elapsed() < CUT_OFF {
        let p99 = stage.run(RATE, settings.side.min(Duration::from_secs(2)), 1, 1).await?.delivered[0].p99();
        let queued = unsent(address, ours)?;
        if queued > 0 && queued <= most && with.len() < settings.pairs.max(5) {
            with.push(p99);
        }
        most = most.max(queued);
        if channels(&stage).await? <= open {
            closed = Some(started.elapsed());
        }
    }
    drop(socket);
    // The same page comes back with what it had.
    let expected = stage.browser.load(handoff).await?.number;
    let back = Watcher::open(address, &stage.browser.cookie, Some(Watch { handoff, after }), false).await?;
    let resumed =
        back.until(Duration::from_secs(10), |heard| heard.number >= expected || heard.resyncs > 0).await && back.heard().gaps == 0;
    drop(back);
    let truth = stage.finish(settings).await?;
    let ratio = median(with.iter().copied()) / median(without.iter().copied());
    let cut = closed.map_or_else(|| "not cut off".to_owned(), |after| format!("cut off after {:.0} s", after.as_secs_f64()));
    let rows = vec![
        Row::new("P9", format!("p99 of {OTHERS} others while one page does not read, {RATE:.0}/s"), "≤ 1.1 × without")
            .measured(format!(
                "{:.2} ms, without {:.2} ms ({} and {} runs)",
                median(with.clone()),
                median(without.clone()),
                with.len(),
                without.len()
            ))
            .ratio(format!("{ratio:.2}"))
            .judged(ratio <= 1.1),
        Row::new("P9", "what waits for that page, in the kernel's buffer of the server", "≤ 256 KiB, then cut off and resumable")
            .measured(format!(
                "{} KiB, {cut}, {}; {truth}",
                most / 1024,
                if resumed { "came back complete" } else { "did not come back complete" }
            ))
            .judged(most <= MOST && closed.is_some() && resumed),
    ];
    Ok(rows.into_iter().map(|row| truth.judge(row)).collect())
}

/// How many live channels the server says that it has.
async fn channels(stage: &Stage) -> Result<u64> {
    let metrics = stage.desk.http.get(format!("{}/metrics", stage.desk.base(0))).send().await?.text().await?;
    let line = metrics.lines().find_map(|line| line.strip_prefix("babbage_live_channels ")).ok_or("no babbage_live_channels")?;
    Ok(line.trim().parse::<f64>()? as u64)
}

/// Bytes that the kernel keeps for a connection of the server's to one of ours, from `/proc/net/tcp`.
fn unsent(server: SocketAddr, ours: SocketAddr) -> Result<u64> {
    let table = std::fs::read_to_string("/proc/net/tcp")?;
    let (server, ours) = (format!(":{:04X}", server.port()), format!(":{:04X}", ours.port()));
    let queue = table.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        (words.get(1)?.ends_with(&server) && words.get(2)?.ends_with(&ours)).then(|| words.get(4)?.split(':').next()).flatten()
    });
    Ok(queue.map_or(Ok(0), |queue| u64::from_str_radix(queue, 16))?)
}
