//! O1: whatever the order in which events come, everything shows the same transcript.

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::stage::Stage;
use crate::support::Result;
use crate::support::load::until_taken;
use crate::support::settings::Settings;
use crate::support::table::Row;
use crate::support::truth;
use crate::support::webhook::Prepared;

const CONVERSATIONS: usize = 20;
/// Messages of each conversation in a round.
const EACH: usize = 25;
/// Out of ten: delivered twice, and sent again under another id.
const TWICE: usize = 3;
const AGAIN: usize = 2;
/// The longest that an event waits, in milliseconds.
const LATE: u64 = 1_000;

pub async fn measure(settings: &Settings) -> Result<Vec<Row>> {
    let mut stage = Stage::open(settings, 2, CONVERSATIONS, 1).await?;
    let mut random = rand::rngs::StdRng::seed_from_u64(3);
    let mut delivered = 0;
    for _ in 0..settings.pairs {
        let from = stage.desk.stamps.len();
        let desk = &stage.desk;
        let mut events: Vec<Arc<Prepared>> = Vec::new();
        for position in 0..CONVERSATIONS * EACH {
            let conversation = position % CONVERSATIONS;
            let event = desk.signer.message(&desk.conversations[conversation].name, desk.stamps.take(conversation as u32))?;
            if random.random_range(0..10) < AGAIN {
                events.push(Arc::new(desk.signer.again(&event, 1)?));
            }
            let event = Arc::new(event);
            if random.random_range(0..10) < TWICE {
                events.push(event.clone());
            }
            events.push(event);
        }
        events.shuffle(&mut random);
        delivered += events.len();
        let mut sends = JoinSet::new();
        for event in events {
            let (pool, stamps) = (desk.pools[random.random_range(0..2)].clone(), desk.stamps.clone());
            let late = Duration::from_millis(random.random_range(0..LATE));
            sends.spawn(async move {
                tokio::time::sleep(late).await;
                until_taken(&pool, &event, &stamps).await
            });
        }
        while let Some(sent) = sends.join_next().await {
            sent??;
        }
        stage.collect(from).await;
    }
    // The other server's door, too.
    let other = stage.browser.at(&stage.desk.base(1));
    let there = truth::check(&stage.desk, &other).await?;
    let messages = stage.desk.stamps.len();
    let mut truth = stage.finish(settings).await?;
    truth.lost += there.lost;
    truth.doubled += there.doubled;
    truth.misordered += there.misordered;
    let row = Row::new(
        "O1",
        "shuffled, doubled, late by up to 1 s, to either of two servers",
        "the same transcript in SQL, at both servers, in every page",
    )
    .measured(format!("{messages} messages in {delivered} deliveries; {truth}"))
    .judged(true);
    let cases = Row::new("O1", "any permutation, duplication and delay of any events", "10⁵ generated cases")
        .not_measured("the property tests do it: PROPTEST_CASES=100000 cargo test timeline");
    Ok(vec![truth.judge(row), cases])
}
