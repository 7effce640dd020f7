//! Deciding what is read back from Ada, and saying when the desk hears less than it should.
//!
//! Every server notes what it hears ([`hearing`]) and how Ada answers. One of them, by a lease, decides what is read: after an outage, while
//! webhooks cannot be relied on, and now and then one conversation of which nothing was heard. The reads themselves are deliveries like
//! all calls to Ada; when they are made is the outbox's business.

pub mod hearing;
mod judge;
mod pace;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use uuid::Uuid;

pub use hearing::Hearing;
pub use pace::Pace;

use crate::ada::Health;
use crate::model::alarm::AlarmKind;
use crate::model::ids::AiAgentId;
use crate::server::state::AppState;
use crate::server::tenants::AiAgent;
use crate::store::failure::Result;
use crate::store::hearing::Signs;
use crate::store::read_back::{self, Polling, Why};
use crate::store::watch::{self, Beat};
use crate::store::{alarms, hearing as notes};

/// How many calls in a row must have failed before Ada counts as unreachable.
const FAILURES: u32 = 3;

/// Watches until the server stops.
pub async fn run(state: AppState) {
    let mut watcher =
        Watcher { server: Uuid::new_v4(), pace: state.config.readback, agents: HashMap::new(), noted: None, state: state.clone() };
    let mut tick = tokio::time::interval(watcher.pace.tick);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = state.stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        if let Err(error) = watcher.turn().await {
            tracing::warn!(%error, "could not look at what has to be read back");
        }
    }
}

struct Watcher {
    state: AppState,
    server: Uuid,
    pace: Pace,
    agents: HashMap<AiAgentId, Known>,
    noted: Option<Instant>,
}

/// What the deciding server keeps of an AI agent between its looks. Lost with it, at no harm.
#[derive(Default)]
struct Known {
    polling: bool,
    probed: Option<Instant>,
    checked: Option<Instant>,
    /// How long to wait before the next probe; absent while webhooks come.
    probe_after: Option<Duration>,
}

impl Watcher {
    async fn turn(&mut self) -> Result<()> {
        let note = self.noted.is_none_or(|noted| noted.elapsed() >= self.pace.note);
        if note {
            self.noted = Some(Instant::now());
            for (agent, heard) in self.state.hearing.take() {
                notes::note(&self.state.pool, agent, &heard).await?;
            }
            self.look_at_calls().await?;
            self.show_alarms().await?;
        }
        let beat = watch::beat(&self.state.pool, self.server, self.pace.lease, self.pace.outage).await?;
        if beat == (Beat { ours: true, after_outage: true }) {
            tracing::info!("no server was at work for a while: open conversations are compared with Ada");
        }
        if beat.ours { self.decide(note).await } else { Ok(()) }
    }

    /// How Ada answers this server.
    async fn look_at_calls(&self) -> Result<()> {
        let pool = &self.state.pool;
        for agent in self.state.tenants.all() {
            let Some(client) = &agent.client else { continue };
            let (health, recovered_after) = client.look_at_health();
            if recovered_after.is_some_and(|time| time >= self.pace.ada_outage) {
                tracing::info!(domain = agent.domain, "Ada answers again: open conversations are compared with it");
                read_back::want(&mut *pool.acquire().await?, Some(agent.id), Why::AdaOutage).await?;
            }
            for (kind, words) in [
                (AlarmKind::AdaUnreachable, unreachable(&health, &agent, self.pace)),
                (AlarmKind::AdaKeyRefused, key_refused(&health, &agent)),
            ] {
                match words {
                    Some(words) => drop(alarms::raise(pool, agent.id, kind, &words).await?),
                    // Another server may still have the trouble; it would raise the alarm again and again.
                    None if health.answered => drop(alarms::clear_unseen(pool, agent.id, kind, self.pace.note * 2).await?),
                    None => {}
                }
            }
        }
        Ok(())
    }

    async fn show_alarms(&self) -> Result<()> {
        let open = alarms::open(&self.state.pool).await?;
        for kind in AlarmKind::ALL {
            let standing = u32::try_from(open.iter().filter(|alarm| alarm.kind == kind).count()).unwrap_or(u32::MAX);
            metrics::gauge!("babbage_alarms", "kind" => kind.as_str()).set(f64::from(standing));
        }
        Ok(())
    }

    async fn decide(&mut self, judge: bool) -> Result<()> {
        let wanted = read_back::wanted(&self.state.pool).await?;
        for agent in self.state.tenants.all() {
            if agent.client.is_none() {
                continue;
            }
            if judge {
                self.judge(&agent).await?;
            }
            let known = self.agents.entry(agent.id).or_default();
            if known.polling || wanted.contains(&agent.id) {
                let polling =
                    known.polling.then_some(Polling { busy: self.pace.poll_busy, calm: self.pace.poll_calm, idle: self.pace.poll_idle });
                for (handoff, why) in read_back::due(&self.state.pool, agent.id, polling, self.pace.at_once).await? {
                    read_back::owe(&self.state.pool, handoff, why).await?;
                    self.state.owed.notify_one();
                }
            } else {
                self.look_around(agent.id).await?;
            }
        }
        Ok(())
    }

    /// Raises and clears the alarms about webhooks.
    async fn judge(&mut self, agent: &AiAgent) -> Result<()> {
        let pool = &self.state.pool;
        let signs = notes::signs(pool, agent.id, self.pace.unheard, self.pace.remembered).await?;
        let alarm = judge::webhooks(&signs, &agent.integration, self.pace);
        for kind in AlarmKind::ALL.into_iter().filter(|kind| kind.is_about_webhooks()) {
            match &alarm {
                Some((raised, words)) if *raised == kind => drop(alarms::raise(pool, agent.id, kind, words).await?),
                _ if signs.standing.is_some() => drop(alarms::clear(pool, agent.id, kind).await?),
                _ => {}
            }
        }
        let known = self.agents.entry(agent.id).or_default();
        known.polling = alarm.is_some();
        known.probe_after = probe_after(&signs, self.pace);
        Ok(())
    }

    /// While all is well: one conversation when it has been quiet, and one of which nothing was known for long.
    async fn look_around(&mut self, agent: AiAgentId) -> Result<()> {
        let (pool, pace) = (&self.state.pool, self.pace);
        let known = self.agents.entry(agent).or_default();
        let is_due = |last: Option<Instant>, after: Duration| last.is_none_or(|last| last.elapsed() >= after);
        let mut owed = Vec::new();
        if known.probe_after.is_none() {
            known.probed = None;
        }
        if let Some(after) = known.probe_after
            && known.probed.get_or_insert_with(Instant::now).elapsed() >= after
        {
            known.probed = Some(Instant::now());
            owed.extend(read_back::to_probe(pool, agent, pace.probe).await?.map(|handoff| (handoff, Why::Probe)));
        }
        if is_due(known.checked, pace.check_gap) {
            known.checked = Some(Instant::now());
            owed.extend(read_back::to_check(pool, agent, pace.check).await?.map(|handoff| (handoff, Why::Check)));
        }
        for (handoff, why) in owed {
            read_back::owe(pool, handoff, why).await?;
            self.state.owed.notify_one();
        }
        Ok(())
    }
}

/// How long to wait between two probes: longer the longer it has been quiet. `None` while webhooks come, or nobody is at work.
fn probe_after(signs: &Signs, pace: Pace) -> Option<Duration> {
    if signs.active == 0 {
        return None;
    }
    let Some(heard_at) = signs.heard_at else { return Some(pace.probe) };
    let quiet = Duration::try_from(signs.now - heard_at).unwrap_or_default();
    (quiet > pace.quiet).then(|| (quiet / 4).clamp(pace.probe, pace.probe_longest.max(pace.probe)))
}

fn unreachable(health: &Health, agent: &AiAgent, pace: Pace) -> Option<String> {
    let since = health.failing_since.filter(|since| since.elapsed() >= pace.ada_outage && health.failures >= FAILURES)?;
    Some(format!(
        "Calls to Ada at {} have got no answer, or only errors of Ada's own, for {} s. Replies wait and leave when it answers again. Look at Ada's \
         status page, and at this machine's way to the internet.",
        agent.domain,
        since.elapsed().as_secs()
    ))
}

fn key_refused(health: &Health, agent: &AiAgent) -> Option<String> {
    health.key_refused.then(|| {
        format!(
            "Ada at {} does not take the desk's API key. Look at Config > PLATFORM > API keys in Ada, and at ADA_API_KEY or the key of this AI \
             agent here.",
            agent.domain
        )
    })
}
