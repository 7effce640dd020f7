//! P11 and P12: what Ada allows, used up and never exceeded, and what she asks for.

use std::time::Duration;

use babbage::model::ids::MessageId;
use time::OffsetDateTime;

use super::replies::pile_up;
use crate::support::desk::Desk;
use crate::support::sample::Sample;
use crate::support::settings::Settings;
use crate::support::table::Row;
use crate::support::webhook::{number_in, text};
use crate::support::{Result, clock};

/// Limits under which both windows bind within one row: the second at first, then the minute, then the second again.
const PER_SECOND: u64 = 20;
const PER_MINUTE: u64 = 400;
/// And a day that is used up within seconds.
const PER_DAY: usize = 200;
const SECOND: u64 = 1_000_000_000;
const SERVERS: [usize; 3] = [1, 2, 4];
/// Conversations that replies are piled up in.
const CONVERSATIONS: usize = 40;
/// What a call may take on its way beside the wait for a slot.
const WAY: f64 = 20.0;

/// P11.
pub async fn saturation(settings: &Settings) -> Result<Vec<Row>> {
    // All at once: they wait most of the time, and the minute is as long for all of them.
    let (one, two, four, day) =
        tokio::try_join!(saturated(settings, SERVERS[0]), saturated(settings, SERVERS[1]), saturated(settings, SERVERS[2]), day(settings))?;
    Ok(vec![one, two, four, day, bulk(settings).await?])
}

async fn saturated(settings: &Settings, servers: usize) -> Result<Row> {
    let limits = format!("{PER_SECOND}/s {PER_MINUTE}/min 1000000/day");
    let mut desk = Desk::start_with(settings, servers, &limits).await?;
    desk.hand_off(CONVERSATIONS).await?;
    let browser = desk.sign_in().await?;
    for conversation in desk.conversations.iter() {
        browser.accept(conversation.handoff).await?;
    }
    let wanted = allowed(settings.budget) as usize * 12 / 10;
    pile_up(&desk, &browser, 0..CONVERSATIONS, wanted.div_ceil(CONVERSATIONS)).await?;
    let first = desk.ada.seen().first().map_or_else(clock::now, |seen| seen.at);
    let until = first + settings.budget.as_nanos() as u64;
    tokio::time::sleep(Duration::from_nanos(until.saturating_sub(clock::now()))).await;
    let times: Vec<u64> = desk.ada.seen().iter().map(|seen| seen.at).filter(|at| *at <= until).collect();
    desk.stop(settings).await?;
    let share = times.len() as f64 / allowed(settings.budget) * 100.0;
    let (second, minute) = (most_within(&times, SECOND), most_within(&times, 60 * SECOND));
    let violations = beyond(&times, SECOND, PER_SECOND as usize) + beyond(&times, 60 * SECOND, PER_MINUTE as usize);
    let words = format!(
        "{} calls in {:.0} s; at most {second} in any second, {minute} in any minute; {violations} too many",
        times.len(),
        settings.budget.as_secs_f64()
    );
    Ok(Row::new("P11", format!("{PER_SECOND}/s and {PER_MINUTE}/min saturated, {servers} server(s)"), "≥ 97 % used, 0 beyond any window")
        .measured(words)
        .ratio(format!("{share:.1} %"))
        .judged(share >= 97.0 && violations == 0))
}

async fn day(settings: &Settings) -> Result<Row> {
    let mut desk = Desk::start_with(settings, 1, &format!("50/s 3000/min {PER_DAY}/day")).await?;
    desk.hand_off(CONVERSATIONS).await?;
    let browser = desk.sign_in().await?;
    for conversation in desk.conversations.iter() {
        browser.accept(conversation.handoff).await?;
    }
    pile_up(&desk, &browser, 0..CONVERSATIONS, 2 * PER_DAY / CONVERSATIONS).await?;
    tokio::time::sleep(settings.budget.min(Duration::from_secs(30))).await;
    let calls = desk.ada.count();
    desk.stop(settings).await?;
    Ok(Row::new("P11", format!("{PER_DAY}/day used up"), "≥ 97 % used, 0 beyond")
        .measured(format!("{calls} calls"))
        .ratio(format!("{:.1} %", calls as f64 / PER_DAY as f64 * 100.0))
        .judged(calls <= PER_DAY && calls as f64 >= PER_DAY as f64 * 0.97))
}

/// Agents write while hundreds of transcripts wait to be read.
async fn bulk(settings: &Settings) -> Result<Row> {
    const TALKS: usize = 10;
    let mut desk = Desk::start_with(settings, 2, &format!("{PER_SECOND}/s 100000/min 1000000/day")).await?;
    desk.hand_off(TALKS + 100).await?;
    let browser = desk.sign_in().await?;
    desk.accept(&browser, 0..TALKS).await?;
    let before = desk.ada.count();
    for conversation in &desk.conversations[TALKS..] {
        browser.accept(conversation.handoff).await?;
    }
    let mut asked = Vec::new();
    for number in 0..TALKS {
        tokio::time::sleep(Duration::from_millis(637)).await;
        asked.push(clock::now());
        browser.reply(desk.conversations[number].handoff, MessageId::new(), &text(number)).await?;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let seen = desk.ada.seen();
    let arrived = seen.iter().filter_map(|seen| Some((number_in(seen.reply.as_ref()?)?, seen.at)));
    let waits = Sample::new(arrived.map(|(number, at)| at.saturating_sub(asked[number])).collect());
    let bulk = seen.len().saturating_sub(before + TALKS);
    desk.stop(settings).await?;
    let slot = 1_000.0 / PER_SECOND as f64;
    let row = Row::new("P11", "a reply while reads saturate the limit, 2 servers", format!("waits ≤ one slot ({slot:.0} ms)"))
        .measured(format!(
            "{} of {TALKS} at Ada: p50 {:.1} ms, most {:.1} ms; {bulk} reads meanwhile",
            waits.len(),
            waits.p50(),
            waits.most()
        ))
        .judged(waits.len() == TALKS && waits.most() <= slot + WAY);
    Ok(if waits.len() == TALKS { row } else { row.void("replies did not arrive") })
}

/// What nested limits allow from the first call on.
fn allowed(during: Duration) -> f64 {
    let seconds = during.as_secs_f64();
    let (minutes, rest) = ((seconds / 60.0).floor(), seconds % 60.0);
    minutes * PER_MINUTE as f64 + (rest * PER_SECOND as f64).min(PER_MINUTE as f64)
}

/// The most calls within any window of this length.
fn most_within(times: &[u64], window: u64) -> usize {
    let mut from = 0;
    let mut most = 0;
    for (position, at) in times.iter().enumerate() {
        while at - times[from] >= window {
            from += 1;
        }
        most = most.max(position - from + 1);
    }
    most
}

/// How many calls came too early for a limit.
fn beyond(times: &[u64], window: u64, limit: usize) -> usize {
    times.iter().zip(times.iter().skip(limit)).filter(|(earlier, later)| **later - **earlier < window).count()
}

/// What Ada asks for: seconds, a date, or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Seconds(u64),
    Date,
    Nothing,
}

/// P12.
pub async fn retry_after(settings: &Settings) -> Result<Vec<Row>> {
    const ASKED: [Asked; 7] =
        [Asked::Seconds(1), Asked::Seconds(2), Asked::Date, Asked::Seconds(1), Asked::Nothing, Asked::Nothing, Asked::Nothing];
    let mut desk = Desk::start(settings, 1).await?;
    desk.hand_off(ASKED.len()).await?;
    let browser = desk.sign_in().await?;
    desk.accept(&browser, 0..ASKED.len()).await?;
    let (mut early, mut late, mut waits, mut free) = (0, 0, Vec::new(), Vec::new());
    for (number, asked) in ASKED.into_iter().enumerate() {
        let date = OffsetDateTime::now_utc() + Duration::from_secs(3);
        desk.ada.refuses(match asked {
            Asked::Seconds(seconds) => Some(seconds.to_string()),
            Asked::Date => Some(http_date(date)?),
            Asked::Nothing => None,
        });
        browser.reply(desk.conversations[number].handoff, MessageId::new(), &text(number)).await?;
        let (refused, again) = both(&desk, number).await?;
        let waited = again.saturating_sub(refused) as f64 / 1e6;
        let wanted = match asked {
            Asked::Seconds(seconds) => seconds as f64 * 1_000.0,
            // Whole seconds are all that a date has. By the wall clock, as it was when the answer left.
            Asked::Date => {
                let ago = Duration::from_nanos(clock::now() - refused);
                let answered = OffsetDateTime::now_utc() - ago;
                (date.replace_nanosecond(0)? - answered).as_seconds_f64() * 1_000.0
            }
            Asked::Nothing => {
                free.push(waited);
                continue;
            }
        };
        early += usize::from(waited < wanted - 1.0);
        late += usize::from(waited > wanted * 1.1 + 50.0);
        waits.push(format!("{waited:.0} for {wanted:.0}"));
    }
    desk.stop(settings).await?;
    let shown: Vec<String> = free.iter().map(|wait| format!("{wait:.0}")).collect();
    Ok(vec![
        Row::new("P12", "sent again after 429 with Retry-After (seconds, date)", "never early, ≤ +10 % + 50 ms")
            .measured(format!("{} ms; {early} early, {late} late", waits.join(", ")))
            .judged(early == 0 && late == 0),
        Row::new("P12", "sent again after 429 without it", "backoff with full jitter")
            .measured(format!("after {} ms", shown.join(", ")))
            .judged(free.len() == 3 && free.iter().all(|wait| *wait > 0.0 && *wait < 30_000.0) && free[0].to_bits() != free[1].to_bits()),
    ])
}

/// When a reply was refused, and when it came again.
async fn both(desk: &Desk, number: usize) -> Result<(u64, u64)> {
    let started = clock::now();
    loop {
        let calls: Vec<_> = desk.ada.seen().into_iter().filter(|seen| seen.reply.as_deref().and_then(number_in) == Some(number)).collect();
        if let [refused, again, ..] = calls.as_slice() {
            return Ok((refused.answered, again.at));
        }
        if clock::now() - started > 60 * SECOND {
            return Err("a refused reply did not come again within a minute".into());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn http_date(at: OffsetDateTime) -> Result<String> {
    let form = time::macros::format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    Ok(at.format(form)?)
}
