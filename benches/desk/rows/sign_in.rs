//! P15: a flood of sign-ins while Ada's webhooks come.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::task::JoinSet;

use super::quiet;
use super::stage::Stage;
use crate::support::Result;
use crate::support::http::Connection;
use crate::support::load::paced;
use crate::support::sample::{median, spread};
use crate::support::settings::Settings;
use crate::support::table::Row;

const CONVERSATIONS: usize = 20;
/// Webhooks and sign-ins in a second.
const WEBHOOKS: f64 = 200.0;
const SIGN_INS: f64 = 200.0;

pub async fn measure(settings: &Settings) -> Result<Vec<Row>> {
    let mut stage = Stage::open(settings, 1, CONVERSATIONS, 0).await?;
    stage.run(WEBHOOKS, Duration::from_secs(1), 1, CONVERSATIONS).await?;
    let (mut calm, mut flooded, mut times) = (Vec::new(), Vec::new(), Vec::new());
    let mut answers: BTreeMap<String, usize> = BTreeMap::new();
    for pair in 0..settings.pairs {
        quiet(settings).await?;
        let target = stage.desk.target();
        let pick = |position: usize| (position % CONVERSATIONS, 0);
        let without = paced(&target, WEBHOOKS, settings.side, 1, pick).await?;
        // The flood goes on a little longer than the webhooks, so that all of them meet it.
        let (with, answered) = tokio::try_join!(paced(&target, WEBHOOKS, settings.side, 1, pick), sign_ins(&stage, pair, settings.side))?;
        for answer in answered {
            *answers.entry(answer).or_default() += 1;
        }
        times.push(with.acknowledged.p99() / without.acknowledged.p99());
        calm.push(without.acknowledged.p99());
        flooded.push(with.acknowledged.p99());
    }
    let truth = stage.finish(settings).await?;
    let answers: Vec<String> = answers.into_iter().map(|(answer, count)| format!("{count} × {answer}")).collect();
    let row = Row::new("P15", format!("p99 of acknowledgements during {SIGN_INS:.0} sign-ins/s"), "≤ 1.5 × without")
        .measured(format!("{:.2} ms, without {:.2} ms; sign-ins answered {}; {truth}", median(flooded), median(calm), answers.join(", ")))
        .ratio(spread(&times))
        .judged(median(times) <= 1.5);
    Ok(vec![truth.judge(row)])
}

/// Sign-ins with a wrong password at a rate, each from another address and for somebody else: what one address and one person may try
/// is limited long before the hashes cost anything. Gives what was answered to each.
async fn sign_ins(stage: &Stage, pair: usize, during: Duration) -> Result<Vec<String>> {
    let address = stage.desk.servers[0].address;
    let started = tokio::time::Instant::now();
    let mut asking = JoinSet::new();
    for position in 0..(SIGN_INS * during.as_secs_f64()) as usize {
        tokio::time::sleep_until(started + Duration::from_secs_f64(position as f64 / SIGN_INS)).await;
        let form = format!("email=somebody-{pair}-{position}%40example.com&password=not+the+right+words");
        let request = format!(
            "POST /api/sign_in HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\naccept: application/json\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
            form.len()
        );
        let source = Ipv4Addr::new(127, 10 + pair as u8, (position / 250) as u8, 1 + (position % 250) as u8);
        asking.spawn(async move {
            match Connection::open_from(source, address).await {
                Ok(mut connection) => {
                    connection.send(request.as_bytes()).await.map_or_else(|_| "broken off".to_owned(), |status| status.to_string())
                }
                Err(_) => "not connected".to_owned(),
            }
        });
    }
    Ok(asking.join_all().await)
}
