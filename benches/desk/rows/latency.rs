//! P2, P3, P4 (latency) and P5: from a webhook's send to the pages that show it.

use std::time::Duration;

use super::quiet;
use super::stage::{Measured, Stage};
use crate::support::Result;
use crate::support::pgbench::Pgbench;
use crate::support::sample::{Sample, median, spread};
use crate::support::settings::Settings;
use crate::support::table::Row;
use crate::support::truth::Truth;

/// How many conversations are watched, and by how many pages each.
const CONVERSATIONS: usize = 10;
const PAGES: usize = 5;
const RATES: [u32; 2] = [100, 500];
/// How long one message a second is watched, at the least: each is one sample.
const SLOW: Duration = Duration::from_secs(20);

/// What is no delay on purpose: the timer of the runtime knows nothing finer.
const NO_DELAY: f64 = 1.0;

/// The pairs at one rate.
#[derive(Default)]
struct Pairs {
    pg: Vec<Sample>,
    desk: Vec<Measured>,
}

impl Pairs {
    fn medians(&self, of: impl Fn(&Measured) -> f64) -> f64 {
        median(self.desk.iter().map(of))
    }
}

pub async fn measure(settings: &Settings) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    if settings.wants(&["P2", "P3", "P5", "O2"]) {
        rows.extend(one_server(settings).await?);
    }
    if settings.wants(&["P4"]) {
        rows.extend(two_servers(settings).await?);
    }
    Ok(rows)
}

async fn one_server(settings: &Settings) -> Result<Vec<Row>> {
    let pgbench = Pgbench::start(settings).await?;
    let mut stage = Stage::open(settings, 1, CONVERSATIONS, PAGES).await?;
    stage.run(50.0, Duration::from_secs(1), 1, CONVERSATIONS).await?;
    let mut all = Vec::new();
    for rate in RATES {
        let mut pairs = Pairs::default();
        for _ in 0..settings.pairs {
            quiet(settings).await?;
            pairs.pg.push(pgbench.latency(rate, settings.side).await?);
            pairs.desk.push(stage.run(f64::from(rate), settings.side, 1, CONVERSATIONS).await?);
        }
        all.push((rate, pairs));
    }
    let slow = if settings.wants(&["P5", "O2"]) {
        let slow = stage.run(1.0, SLOW.min(settings.side * 7), 1, CONVERSATIONS).await?;
        Some((slow, stage.run(40.0, settings.side * 2, 20, CONVERSATIONS).await?))
    } else {
        None
    };
    pgbench.stop(settings).await?;
    let truth = stage.finish(settings).await?;

    let mut rows: Vec<Row> = all.iter().flat_map(|(rate, pairs)| rows_of(*rate, pairs, &truth)).collect();
    rows.push(
        Row::new("P2", "against Ada's demo, idle and at a steady 1/s", "≥ 1,000 × and ≥ 5,000 ×")
            .not_measured("the demo cannot be run here"),
    );
    if let (Some((slow, bursts)), Some((_, fast))) = (slow, all.last()) {
        let times = [slow.delivered[0].p99(), bursts.delivered[0].p99(), fast.medians(|run| run.delivered[0].p99())];
        let most = times.iter().copied().fold(0.0, f64::max);
        let least = times.iter().copied().fold(f64::INFINITY, f64::min);
        rows.push(
            Row::new("P5", "p99 at 1/s, in bursts of 20 each half second, and at 500/s", "within 3 × of each other")
                .measured(format!("{:.2} ms (of {}), {:.2} ms, {:.2} ms", times[0], slow.paced.numbers.len(), times[1], times[2]))
                .ratio(format!("{:.2}", most / least))
                .judged(most / least <= 3.0),
        );
        rows.push(
            Row::new(
                "O2",
                "delay on purpose: acknowledged until shown when one message comes a second, p50",
                "none; nothing shown out of order",
            )
            .measured(format!("{:.2} ms; {truth}", slow.last.p50()))
            .judged(slow.last.p50() <= NO_DELAY),
        );
    }
    let wanted = rows.into_iter().filter(|row| settings.wants(&[row.id]));
    Ok(wanted.map(|row| truth.judge(row)).collect())
}

fn rows_of(rate: u32, pairs: &Pairs, truth: &Truth) -> Vec<Row> {
    let more: Vec<f64> = pairs.pg.iter().zip(&pairs.desk).map(|(pg, desk)| desk.delivered[0].p50() - pg.p50()).collect();
    let times: Vec<f64> = pairs.pg.iter().zip(&pairs.desk).map(|(pg, desk)| desk.delivered[0].p99() / pg.p99()).collect();
    let (pg50, pg99) = (median(pairs.pg.iter().map(Sample::p50)), median(pairs.pg.iter().map(Sample::p99)));
    let (p50, p99) = (pairs.medians(|run| run.delivered[0].p50()), pairs.medians(|run| run.delivered[0].p99()));
    let (ack50, ack99) = (pairs.medians(|run| run.paced.acknowledged.p50()), pairs.medians(|run| run.paced.acknowledged.p99()));
    let lag = pairs.medians(|run| run.paced.lag.p99());
    let refused: usize = pairs.desk.iter().map(|run| run.paced.refused).sum();
    let (last50, last99) = (pairs.medians(|run| run.last.p50()), pairs.medians(|run| run.last.p99()));
    let sizes = pairs.desk.first().map_or(0, |run| run.delivered[0].len());
    let most = pairs.medians(|run| run.last.most());
    vec![
        Row::new("P2", format!("webhook to the pages at {rate}/s, p50"), "≤ pgbench's commit + 0.5 ms")
            .measured(format!("{p50:.2} ms, pgbench {pg50:.2} ms, acknowledged after {ack50:.2} ms; {refused} refused; {truth}"))
            .ratio(format!("+{} ms", spread(&more)))
            .judged(median(more.iter().copied()) <= 0.5),
        Row::new("P2", format!("the same, p99 ({sizes} deliveries a run)"), "≤ 1.25 × pgbench's")
            .measured(format!(
                "{p99:.2} ms, pgbench {pg99:.2} ms, acknowledged after {ack99:.2} ms; the driver sent up to {lag:.1} ms late"
            ))
            .ratio(spread(&times))
            .judged(median(times.iter().copied()) <= 1.25),
        Row::new("P3", format!("acknowledged until shown by the last of {PAGES} pages, {rate}/s"), "p50 ≤ 0.1 ms, p99 ≤ 1 ms")
            .measured(format!("p50 {last50:.2} ms, p99 {last99:.2} ms, most {most:.1} ms"))
            .judged(last50 <= 0.1 && last99 <= 1.0),
    ]
}

async fn two_servers(settings: &Settings) -> Result<Vec<Row>> {
    let mut stage = Stage::open(settings, 2, CONVERSATIONS, PAGES).await?;
    stage.run(50.0, Duration::from_secs(1), 1, CONVERSATIONS).await?;
    let mut rows = Vec::new();
    for rate in RATES {
        let (mut more, mut here, mut there) = (vec![], vec![], vec![]);
        for _ in 0..settings.pairs {
            quiet(settings).await?;
            let run = stage.run(f64::from(rate), settings.side, 1, CONVERSATIONS).await?;
            here.push(run.delivered[0].p50());
            there.push(run.delivered[1].p50());
            more.push(run.delivered[1].p50() - run.delivered[0].p50());
        }
        rows.push(
            Row::new("P4", format!("pages at a second server, {rate}/s, p50"), "≤ the first server's + 0.6 ms")
                .measured(format!("{:.2} ms, first server {:.2} ms", median(there), median(here)))
                .ratio(format!("+{} ms", spread(&more)))
                .judged(median(more) <= 0.6),
        );
    }
    let truth = stage.finish(settings).await?;
    Ok(rows.into_iter().map(|row| truth.judge(row)).collect())
}
