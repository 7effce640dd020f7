//! Sending: as fast as it is acknowledged, or at a rate that does not care for answers.

use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::Result;
use super::clock::Stamps;
use super::desk::Conversation;
use super::http::{Connection, Pool};
use super::sample::Sample;
use super::webhook::{Prepared, Signer};

/// How many are under way at once in a flood.
const IN_FLIGHT: usize = 256;
/// After how long a webhook that was not taken is sent again. Svix waits 5 seconds; the row would wait with it.
const AGAIN: Duration = Duration::from_millis(50);
/// How long anything is sent again before the row gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// What came of a flood.
#[derive(Clone, Copy, Debug)]
pub struct Flood {
    pub acknowledged: usize,
    pub elapsed: Duration,
    /// Answers other than 200, and connections that broke off.
    pub refused: usize,
}

impl Flood {
    pub fn rate(&self) -> f64 {
        self.acknowledged as f64 / self.elapsed.as_secs_f64()
    }
}

/// Signs so many webhooks in advance; `pick` says to which conversation each belongs.
pub fn prepare(
    signer: &Signer,
    stamps: &Stamps,
    to: &[Conversation],
    count: usize,
    pick: impl Fn(usize) -> usize,
) -> Result<Vec<Prepared>> {
    let prepare = |position| {
        let conversation = pick(position) % to.len();
        signer.message(&to[conversation].name, stamps.take(conversation as u32))
    };
    (0..count).map(prepare).collect()
}

/// Sends what was prepared as fast as it is acknowledged, for at most so long. What was refused is sent again afterwards.
pub async fn flood(addresses: &[SocketAddr], stamps: &Arc<Stamps>, prepared: Vec<Prepared>, at_most: Duration) -> Result<Flood> {
    let prepared = Arc::new(prepared);
    let (next, acknowledged) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut connections = Vec::new();
    for number in 0..IN_FLIGHT {
        connections.push(Connection::open(addresses[number % addresses.len()]).await?);
    }
    let started = Instant::now();
    let deadline = started + at_most;
    let mut senders = JoinSet::new();
    for mut connection in connections {
        let (prepared, next, acknowledged, stamps) = (prepared.clone(), next.clone(), acknowledged.clone(), stamps.clone());
        senders.spawn(async move {
            let mut refused = Vec::new();
            while Instant::now() < deadline {
                let position = next.fetch_add(1, Ordering::Relaxed);
                let Some(webhook) = prepared.get(position) else { break };
                stamps.send(webhook.number);
                match connection.send(&webhook.bytes).await {
                    Ok(200) => {
                        stamps.acknowledge(webhook.number);
                        acknowledged.fetch_add(1, Ordering::Relaxed);
                    }
                    Ok(_) => refused.push(position),
                    Err(_) => {
                        refused.push(position);
                        let Ok(fresh) = connection.open_again().await else { break };
                        connection = fresh;
                    }
                }
            }
            refused
        });
    }
    let refused: Vec<usize> = senders.join_all().await.into_iter().flatten().collect();
    let flood = Flood { acknowledged: acknowledged.load(Ordering::Relaxed), elapsed: started.elapsed(), refused: refused.len() };
    let pool = Pool::new(addresses[0]);
    for position in refused {
        until_taken(&pool, &prepared[position], stamps).await?;
    }
    Ok(flood)
}

/// Where webhooks go, and in whose books they stand.
#[derive(Clone)]
pub struct Target {
    pub signer: Arc<Signer>,
    pub stamps: Arc<Stamps>,
    pub conversations: Arc<Vec<Conversation>>,
    pub pools: Vec<Arc<Pool>>,
}

/// What came of a load at a rate.
#[derive(Debug)]
pub struct Paced {
    /// The numbers of what was sent.
    pub numbers: Range<usize>,
    /// From the send to the acknowledgement.
    pub acknowledged: Sample,
    /// How much later than planned things were sent: the driver's own fault.
    pub lag: Sample,
    pub refused: usize,
}

/// Sends at a rate whatever the answers do; `pick` gives conversation and server. In bursts of `burst` if that is more than 1.
pub async fn paced(to: &Target, rate: f64, during: Duration, burst: usize, pick: impl Fn(usize) -> (usize, usize)) -> Result<Paced> {
    let count = ((rate * during.as_secs_f64()) as usize).max(1);
    let first = to.stamps.len();
    let started = tokio::time::Instant::now();
    let mut sends = JoinSet::new();
    let mut lags = Vec::with_capacity(count);
    for position in 0..count {
        let planned = started + Duration::from_secs_f64((position / burst * burst) as f64 / rate);
        tokio::time::sleep_until(planned).await;
        let (conversation, server) = pick(position);
        let number = to.stamps.take(conversation as u32);
        let webhook = to.signer.message(&to.conversations[conversation].name, number)?;
        let (pool, stamps) = (to.pools[server].clone(), to.stamps.clone());
        lags.push(planned.elapsed().as_nanos() as u64);
        sends.spawn(async move { until_taken(&pool, &webhook, &stamps).await });
    }
    let mut refused = 0;
    while let Some(done) = sends.join_next().await {
        refused += done??;
    }
    let numbers = first..to.stamps.len();
    let times = numbers.clone().map(|number| to.stamps.acknowledged(number).saturating_sub(to.stamps.sent(number))).collect();
    Ok(Paced { numbers, acknowledged: Sample::new(times), lag: Sample::new(lags), refused })
}

/// Sends a webhook until it is answered 200, as Svix does, only sooner. Gives how many times it was not.
pub async fn until_taken(pool: &Pool, webhook: &Prepared, stamps: &Stamps) -> Result<usize> {
    let started = Instant::now();
    let mut refused = 0;
    loop {
        let answer = pool.send(&webhook.bytes, || stamps.send(webhook.number)).await;
        if matches!(answer, Ok(200)) {
            stamps.acknowledge(webhook.number);
            return Ok(refused);
        }
        refused += 1;
        if started.elapsed() > PATIENCE {
            return Err(format!("a webhook was not taken within {PATIENCE:?}; last {answer:?}").into());
        }
        tokio::time::sleep(AGAIN).await;
    }
}
