//! R1: what was acknowledged is stored, whatever is killed when.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use tokio::task::JoinSet;

use crate::support::desk::Desk;
use crate::support::load::until_taken;
use crate::support::settings::Settings;
use crate::support::table::Row;
use crate::support::{Result, postgres, truth};

const CONVERSATIONS: usize = 20;
/// Webhooks in a second, while everything stands.
const RATE: f64 = 400.0;
/// One of so many kills hits Postgres.
const POSTGRES: usize = 4;

pub async fn measure(settings: &Settings) -> Result<Vec<Row>> {
    let mut desk = Desk::start(settings, 1).await?;
    desk.hand_off(CONVERSATIONS).await?;
    let target = desk.target();
    let over = Arc::new(AtomicBool::new(false));
    let asked = over.clone();
    let sending = tokio::spawn(async move {
        let mut sends = JoinSet::new();
        let mut refused = 0;
        let mut position = 0_usize;
        while !asked.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_secs_f64(1.0 / RATE)).await;
            let conversation = position % CONVERSATIONS;
            position += 1;
            let webhook = target.signer.message(&target.conversations[conversation].name, target.stamps.take(conversation as u32))?;
            let (pool, stamps) = (target.pools[0].clone(), target.stamps.clone());
            sends.spawn(async move { until_taken(&pool, &webhook, &stamps).await });
            while let Some(sent) = sends.try_join_next() {
                refused += sent??;
            }
        }
        while let Some(sent) = sends.join_next().await {
            refused += sent??;
        }
        Ok::<usize, Box<dyn std::error::Error + Send + Sync>>(refused)
    });
    let mut random = rand::rngs::StdRng::seed_from_u64(1);
    let started = Instant::now();
    let (mut servers, mut clusters) = (0, 0);
    for kill in 0..settings.kills {
        tokio::time::sleep(Duration::from_millis(random.random_range(20..400))).await;
        if kill % POSTGRES == POSTGRES - 1 {
            postgres::crash(settings).await?;
            postgres::resume(settings).await?;
            postgres::accepts(settings).await?;
            clusters += 1;
        } else {
            desk.servers[0].kill().await?;
            desk.servers[0].again()?;
            desk.servers[0].listens().await?;
            servers += 1;
        }
    }
    over.store(true, Ordering::Relaxed);
    let refused = sending.await??;
    let browser = desk.sign_in().await?;
    let truth = truth::check(&desk, &browser).await?;
    desk.stop(settings).await?;
    let row = Row::new(
        "R1",
        format!("kill -9 under load: the server {servers} times, Postgres {clusters} times"),
        "all that was acknowledged is stored, once (BENCH_KILLS=200 for the whole bar)",
    )
    .measured(format!("{truth}; {refused} tries refused or broken off and sent again, {:.0} s", started.elapsed().as_secs_f64()))
    .judged(truth.holds());
    Ok(vec![truth.judge(row)])
}
