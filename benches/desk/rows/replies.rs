//! P10 and R2: what agents write, on its way to Ada.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use babbage::live::frames::FromServer;
use babbage::model::change::Change;
use babbage::model::ids::MessageId;
use babbage::model::message::{AuthorRole, Content, MessageState};
use rand::{Rng, SeedableRng};
use tokio::task::JoinSet;

use super::quiet;
use super::stage::Stage;
use crate::support::clock::{self, Stamps};
use crate::support::desk::Desk;
use crate::support::http::Pool;
use crate::support::pgbench::Pgbench;
use crate::support::sample::{Sample, median, spread};
use crate::support::settings::Settings;
use crate::support::table::Row;
use crate::support::truth::Truth;
use crate::support::webhook::{number_in, text};
use crate::support::{Result, watcher};

/// Conversations of P10, pages for each, and replies a second.
const CONVERSATIONS: usize = 20;
const PAGES: usize = 2;
const RATE: u32 = 50;
/// How many replies each conversation of R2 gets.
const EACH: usize = 10;
/// The share of them that meet a fault which does not tell, and of those that Ada shows back in a webhook.
const FAULTS: f64 = 0.2;
const ECHOES: f64 = 0.7;
/// How long the last reply of R2 may take to come to an end.
const SETTLE: Duration = Duration::from_secs(240);
/// How long it may take until an agent is told that nobody knows.
const UNKNOWN: f64 = 30_000.0;

pub async fn on_the_wire(settings: &Settings) -> Result<Vec<Row>> {
    let pgbench = Pgbench::start(settings).await?;
    let stage = Stage::open(settings, 1, CONVERSATIONS, PAGES).await?;
    let stamps = Stamps::new();
    let (mut wire, mut shown, mut wire_more, mut shown_more, mut pgs) = (vec![], vec![], vec![], vec![], vec![]);
    let warm = Duration::from_millis(500);
    send(&stage, &stamps, warm).await?;
    for _ in 0..settings.pairs {
        quiet(settings).await?;
        let pg = pgbench.latency(RATE, settings.side).await?;
        let (to_ada, to_pages) = send(&stage, &stamps, settings.side).await?;
        wire_more.push(to_ada.p50() - pg.p50());
        shown_more.push(to_pages.p50() - pg.p50());
        wire.push(to_ada);
        shown.push(to_pages);
        pgs.push(pg.p50());
    }
    let truth = told_once(&stage, &stamps);
    pgbench.stop(settings).await?;
    stage.desk.stop(settings).await?;
    let medians = |samples: &[Sample], of: fn(&Sample) -> f64| median(samples.iter().map(of));
    let rows = vec![
        Row::new("P10", format!("reply asked for until it is at Ada, {RATE}/s, p50"), "≤ pgbench's commit + 1.5 ms")
            .measured(format!(
                "{:.2} ms (p99 {:.1}), pgbench {:.2} ms; {truth}",
                medians(&wire, Sample::p50),
                medians(&wire, Sample::p99),
                median(pgs.iter().copied())
            ))
            .ratio(format!("+{} ms", spread(&wire_more)))
            .judged(median(wire_more) <= 1.5),
        Row::new("P10", "reply asked for until other pages show it, p50", "≤ pgbench's commit + 0.5 ms")
            .measured(format!("{:.2} ms (p99 {:.1})", medians(&shown, Sample::p50), medians(&shown, Sample::p99)))
            .ratio(format!("+{} ms", spread(&shown_more)))
            .judged(median(shown_more) <= 0.5),
    ];
    Ok(rows.into_iter().map(|row| truth.judge(row)).collect())
}

/// Replies at a rate: times from the click to Ada, and to the pages.
async fn send(stage: &Stage, stamps: &Stamps, during: Duration) -> Result<(Sample, Sample)> {
    let first = stamps.len();
    let count = (f64::from(RATE) * during.as_secs_f64()) as usize;
    let started = tokio::time::Instant::now();
    let mut sends = JoinSet::new();
    for position in 0..count {
        tokio::time::sleep_until(started + Duration::from_secs_f64(position as f64 / f64::from(RATE))).await;
        let conversation = position % CONVERSATIONS;
        let number = stamps.take(conversation as u32);
        let (browser, handoff) = (stage.browser.clone(), stage.desk.conversations[conversation].handoff);
        stamps.send(number);
        sends.spawn(async move { browser.reply(handoff, MessageId::new(), &text(number)).await.map(|()| number) });
    }
    while let Some(sent) = sends.join_next().await {
        stamps.acknowledge(sent??);
    }
    // Until Ada has them, or a while has passed: what is missing is counted at the end.
    let waiting = Instant::now();
    let at_ada = loop {
        let replies = stage.desk.ada.seen().into_iter().filter_map(|seen| Some((number_in(&seen.reply?)?, seen.at)));
        let at_ada: Vec<(usize, u64)> = replies.filter(|(number, _)| *number >= first).collect();
        if at_ada.len() >= count || waiting.elapsed() > Duration::from_secs(20) {
            break at_ada;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let mut shown = Vec::new();
    for page in &stage.pages {
        let expected = (first..stamps.len()).filter(|number| stamps.conversation(*number) as usize == page.conversation).count();
        let told = |heard: &watcher::Heard| heard.received.iter().filter(|(number, _)| *number >= first).count();
        page.watcher.until(Duration::from_secs(10), |heard| told(heard) >= expected).await;
        // A reply is told several times: stored, on its way, arrived.
        let mut earliest: HashMap<usize, u64> = HashMap::new();
        for (number, at) in page.watcher.take().into_iter().filter(|(number, _)| *number >= first) {
            earliest.entry(number).or_insert(at);
        }
        shown.extend(earliest.into_iter().map(|(number, at)| at.saturating_sub(stamps.sent(number))));
    }
    let wire = at_ada.into_iter().map(|(number, at)| at.saturating_sub(stamps.sent(number))).collect();
    Ok((Sample::new(wire), Sample::new(shown)))
}

/// Each acknowledged reply is at Ada once, in the order in which it was written.
fn told_once(stage: &Stage, stamps: &Stamps) -> Truth {
    let mut truth = Truth { acknowledged: stamps.len(), ..Truth::default() };
    for (index, conversation) in stage.desk.conversations.iter().enumerate() {
        let at_ada: Vec<usize> = stage.desk.ada.replies(&conversation.name).iter().filter_map(|text| number_in(text)).collect();
        let expected: Vec<usize> = (0..stamps.len()).filter(|number| stamps.conversation(*number) as usize == index).collect();
        crate::support::truth::compare(&mut truth, &at_ada, &expected);
    }
    truth
}

pub async fn ambiguous(settings: &Settings) -> Result<Vec<Row>> {
    let conversations = settings.replies.div_ceil(EACH).max(1);
    let stage = Stage::open(settings, 1, conversations, 1).await?;
    let desk = &stage.desk;
    let echoing = tokio::spawn(echo(desk.ada.echoes(), desk.pools[0].address));
    desk.ada.misbehaves(FAULTS);
    let stamps = Stamps::new();
    let started = Instant::now();
    for round in 0..EACH {
        let mut sends = JoinSet::new();
        for conversation in 0..conversations {
            let number = stamps.take(conversation as u32);
            let (browser, handoff) = (stage.browser.clone(), desk.conversations[conversation].handoff);
            sends.spawn(async move { browser.reply(handoff, MessageId::new(), &text(number)).await.map(|()| number) });
            if sends.len() >= 16
                && let Some(sent) = sends.join_next().await
            {
                stamps.acknowledge(sent??);
            }
        }
        while let Some(sent) = sends.join_next().await {
            stamps.acknowledge(sent.map_err(|error| format!("round {round}: {error}"))??);
        }
    }
    // Until each has come to an end.
    let mut open = conversations;
    while open > 0 && started.elapsed() < SETTLE {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let mut conn = desk.database().await?;
        open = usize::try_from(
            sqlx::query_scalar::<_, i64>(
                "select count(*) from messages where author_role = 'human_agent' and state in ('queued', 'sending')",
            )
            .fetch_one(&mut conn)
            .await?,
        )?;
    }
    let took = started.elapsed();
    // Echoes that are still on their way may settle one more thing.
    tokio::time::sleep(Duration::from_secs(1)).await;
    echoing.abort();

    let mut truth = Truth { acknowledged: stamps.len(), ..Truth::default() };
    let (mut told, mut faulty) = (0, 0);
    for (index, conversation) in desk.conversations.iter().enumerate() {
        let mut at_ada: HashMap<usize, usize> = HashMap::new();
        let listed: Vec<usize> = desk.ada.replies(&conversation.name).iter().filter_map(|text| number_in(text)).collect();
        listed.iter().for_each(|number| *at_ada.entry(*number).or_default() += 1);
        truth.misordered += listed.windows(2).filter(|pair| pair[0] > pair[1]).count();
        let snapshot = stage.browser.load(conversation.handoff).await?;
        let mut shown: HashMap<usize, Vec<MessageState>> = HashMap::new();
        for message in snapshot.messages.iter().filter(|message| message.author.role == AuthorRole::HumanAgent) {
            if let Content::Text { body } = &message.content
                && let Some(number) = number_in(body)
            {
                shown.entry(number).or_default().push(message.state);
            }
        }
        for number in (0..stamps.len()).filter(|number| stamps.conversation(*number) as usize == index) {
            let (states, times) = (shown.get(&number).map(Vec::as_slice).unwrap_or_default(), at_ada.get(&number).copied().unwrap_or(0));
            let is_told = states.iter().any(|state| matches!(state, MessageState::Unknown | MessageState::Failed));
            told += usize::from(is_told);
            faulty += usize::from(states.contains(&MessageState::Unknown));
            truth.doubled += times.saturating_sub(1) + states.len().saturating_sub(1);
            truth.lost += usize::from(states.is_empty() || (times == 0 && !is_told));
        }
    }
    let slowest = slowest_unknown(&stage)?;
    let faults = desk.ada.faults();
    stage.desk.stop(settings).await?;
    let row = Row::new(
        "R2",
        format!("{} replies, {:.0} % of the calls with a fault that does not tell", stamps.len(), FAULTS * 100.0),
        "0 lost, 0 silent doubles; unknown ones shown within 30 s (BENCH_REPLIES=10000 for the whole bar)",
    )
    .measured(format!(
        "{truth}; {faults} faults, {told} shown to the agent as not sent ({faulty} unknown, the slowest after {:.0} s), all settled in {:.0} s",
        slowest / 1e3,
        took.as_secs_f64()
    ))
    .judged(open == 0 && slowest <= UNKNOWN);
    let row = if open == 0 { row } else { row.void(format!("{open} replies did not come to an end")) };
    Ok(vec![truth.judge(row)])
}

/// Ada shows most of what she has back in webhooks.
async fn echo(mut shown: tokio::sync::mpsc::UnboundedReceiver<crate::support::ada::Shown>, address: std::net::SocketAddr) -> Result<()> {
    let signer = crate::support::webhook::Signer::new()?;
    let pool = Pool::new(address);
    let mut random = rand::rngs::StdRng::seed_from_u64(7);
    while let Some(shown) = shown.recv().await {
        if random.random_bool(ECHOES) {
            let webhook = signer.echo(&shown.conversation, &shown.message, &format!("echo_{}", clock::now()))?;
            pool.send(&webhook, || ()).await?;
        }
    }
    Ok(())
}

/// Milliseconds from the first time a reply was shown as on its way until it was shown as unknown, for the slowest.
fn slowest_unknown(stage: &Stage) -> Result<f64> {
    let mut slowest: f64 = 0.0;
    for page in &stage.pages {
        let mut begun: HashMap<MessageId, u64> = HashMap::new();
        for (at, frame) in page.watcher.changes()? {
            let FromServer::Change { numbered } = frame else { continue };
            let Change::Message { message } = numbered.change else { continue };
            match message.state {
                MessageState::Sending => {
                    begun.entry(message.id).or_insert(at);
                }
                MessageState::Unknown => {
                    let began = begun.get(&message.id).copied().unwrap_or(at);
                    slowest = slowest.max((at - began) as f64 / 1e6);
                }
                _ => {}
            }
        }
    }
    Ok(slowest)
}

/// So many replies in each of these conversations, as fast as the desk takes them, spread over its servers.
pub async fn pile_up(
    desk: &Desk,
    browser: &crate::support::browser::Browser,
    conversations: std::ops::Range<usize>,
    each: usize,
) -> Result<()> {
    let mut sends = JoinSet::new();
    for round in 0..each {
        for index in conversations.clone() {
            let browser = browser.at(&desk.base(index % desk.servers.len()));
            let handoff = desk.conversations[index].handoff;
            let words = text(round * 100_000 + index);
            sends.spawn(async move { browser.reply(handoff, MessageId::new(), &words).await });
            if sends.len() >= 8
                && let Some(sent) = sends.join_next().await
            {
                sent??;
            }
        }
    }
    while let Some(sent) = sends.join_next().await {
        sent??;
    }
    Ok(())
}
