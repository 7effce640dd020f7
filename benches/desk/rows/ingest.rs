//! P1, P4 (throughput) and P6: webhooks acknowledged after their commit.

use std::sync::Arc;
use std::time::Duration;

use super::quiet;
use super::stage::Stage;
use crate::support::Result;
use crate::support::clock::Stamps;
use crate::support::desk::Desk;
use crate::support::load;
use crate::support::pgbench::Pgbench;
use crate::support::process::{free_address, helper};
use crate::support::sample::{median, spread};
use crate::support::settings::Settings;
use crate::support::table::Row;
use crate::support::truth;

/// Among how many conversations the webhooks are spread.
const CONVERSATIONS: usize = 200;
/// One of this many webhooks belongs to the hot conversation, where there is one.
const HOT: usize = 3;
/// How many are prepared for the first run, per second; later runs know better.
const FIRST_GUESS: f64 = 20_000.0;

pub async fn measure(settings: &Settings) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    if settings.wants(&["P1", "P4"]) {
        rows.extend(throughput(settings).await?);
    }
    if settings.wants(&["P6"]) {
        rows.push(flood(settings).await?);
    }
    Ok(rows)
}

async fn throughput(settings: &Settings) -> Result<Vec<Row>> {
    let pgbench = Pgbench::start(settings).await?;
    let (mut alone, mut two) = (Desk::start(settings, 1).await?, Desk::start(settings, 2).await?);
    alone.hand_off(CONVERSATIONS).await?;
    two.hand_off(CONVERSATIONS).await?;
    let folder = tempfile::tempdir()?;
    let mut bare = helper("bare", free_address()?, Vec::new(), folder.path())?;
    bare.listens().await?;
    let echo_stamps = Arc::new(Stamps::new());

    let side = settings.side;
    let (mut guess, mut echo_guess) = (FIRST_GUESS, FIRST_GUESS * 3.0);
    let enough = |rate: f64| (rate * side.as_secs_f64() * 1.25) as usize + 1_000;
    let many = |position: usize| position;
    let hot = |position: usize| if position % HOT == 0 { 0 } else { position };
    // The first statements are prepared and the first pages read before anything counts.
    alone.flood(500, side, many).await?;
    two.flood(500, side, many).await?;

    let (mut to_pg, mut hot_to_pg, mut to_echo, mut cross, mut rates, mut pgs) = (vec![], vec![], vec![], vec![], vec![], vec![]);
    let mut refused = 0;
    for _ in 0..settings.pairs {
        quiet(settings).await?;
        let pg = pgbench.throughput(side).await?;
        let desk = alone.flood(enough(guess), side, many).await?;
        let warm = alone.flood(enough(guess), side, hot).await?;
        let crossing = two.flood(enough(guess), side, many).await?;
        let prepared = load::prepare(&alone.signer, &echo_stamps, &alone.conversations, enough(echo_guess), many)?;
        let echo = load::flood(&[bare.address], &echo_stamps, prepared, side / 2).await?;
        (guess, echo_guess) = (desk.rate(), echo.rate() / 2.0);
        refused += desk.refused + warm.refused + crossing.refused;
        to_pg.push(desk.rate() / pg);
        hot_to_pg.push(warm.rate() / pg);
        to_echo.push(desk.rate() / echo.rate());
        cross.push(crossing.rate() / desk.rate());
        rates.push(desk.rate());
        pgs.push(pg);
    }
    bare.kill().await?;
    pgbench.stop(settings).await?;
    let mut truth = truth::check(&alone, &alone.sign_in().await?).await?;
    truth.add(&truth::check(&two, &two.sign_in().await?).await?);
    alone.stop(settings).await?;
    two.stop(settings).await?;

    let rate = median(rates.iter().copied());
    let words = format!("{rate:.0}/s (pgbench {:.0}/s), {refused} refused, {truth}", median(pgs.iter().copied()));
    let rows = vec![
        Row::new("P1", "webhooks acknowledged after their commit, 200 conversations", "≥ 2.0 × pgbench, 32 clients")
            .measured(words)
            .ratio(spread(&to_pg))
            .judged(median(to_pg.iter().copied()) >= 2.0),
        Row::new("P1", "the same, one of three to one hot conversation", "≥ 2.0 × pgbench")
            .ratio(spread(&hot_to_pg))
            .judged(median(hot_to_pg.iter().copied()) >= 2.0),
        Row::new("P1", "against verifying and parsing alone, without a database", "≥ 0.5 × echo")
            .ratio(spread(&to_echo))
            .judged(median(to_echo.iter().copied()) >= 0.5),
        Row::new("P1", "against Ada's demo", "≥ 50 × Ada's demo").not_measured("the demo cannot be run here"),
        Row::new("P4", "throughput while a second server listens", "≥ 0.8 × one server alone")
            .ratio(spread(&cross))
            .judged(median(cross.iter().copied()) >= 0.8),
    ];
    Ok(rows.into_iter().map(|row| truth.judge(row)).collect())
}

/// A replay from Ada's dashboard: everything at once, while people work.
async fn flood(settings: &Settings) -> Result<Row> {
    let mut stage = Stage::open(settings, 1, 1, 5).await?;
    stage.desk.hand_off(CONVERSATIONS).await?;
    let desk = &stage.desk;
    let count = settings.flood;
    // The first conversation is the one that people look at; the flood is about the others.
    let pick = |position: usize| 1 + position % CONVERSATIONS;
    let prepared = load::prepare(&desk.signer, &desk.stamps, &desk.conversations, count, pick)?;
    let live_from = desk.stamps.len();
    quiet(settings).await?;
    let addresses = [desk.servers[0].address];
    let flooding = load::flood(&addresses, &desk.stamps, prepared, Duration::from_secs(120));
    let expected = Duration::from_secs_f64((count as f64 / 12_500.0).max(1.0));
    let target = desk.target();
    let (flood, live) = tokio::try_join!(flooding, load::paced(&target, 20.0, expected, 1, |_| (0, 0)))?;
    let (delivered, _) = stage.collect(live_from).await;
    let truth = stage.finish(settings).await?;
    let (seconds, p99) = (flood.elapsed.as_secs_f64(), delivered[0].p99());
    let allowed = count as f64 / 12_500.0;
    let refused = flood.refused + live.refused;
    let row = Row::new(
        "P6",
        format!("a flood of {count} webhooks while people work"),
        format!("durable in ≤ {allowed:.1} s, none refused, live p99 ≤ 100 ms"),
    )
    .measured(format!("{seconds:.1} s ({:.0}/s), {refused} refused, live p99 {p99:.1} ms of {}, {truth}", flood.rate(), live.numbers.len()))
    .judged(seconds <= allowed && refused == 0 && p99 <= 100.0 && flood.acknowledged == count);
    Ok(truth.judge(row))
}
