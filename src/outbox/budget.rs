//! Turns: every call of an AI agent waits here until the shared budget grants it, those of a higher class first, then the older ones.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use sqlx::PgPool;
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

use super::turn_words::{self, Why};
use crate::ada::{Gate, Heard, NotNow, Pass};
use crate::model::ids::AiAgentId;
use crate::model::pace::{Class, Grant};
use crate::store::budget::{self, Call};

/// The longest that a call waits here. What has to wait longer is given back, so that it holds up nothing else.
const PATIENCE: Duration = Duration::from_secs(2);
/// After how long it is asked again all the same: an administrator may have raised the limits.
const ASK_AGAIN: Duration = Duration::from_secs(10);

/// The turns of all AI agents, as this server takes them. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    pool: PgPool,
    stop: CancellationToken,
    turns: Mutex<HashMap<AiAgentId, Arc<Turns>>>,
}

/// Those who wait for one AI agent's turn.
#[derive(Debug)]
struct Turns {
    pool: PgPool,
    stop: CancellationToken,
    ai_agent: AiAgentId,
    queue: Mutex<Queue>,
    came: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: BTreeMap<(Class, u64), Waiting>,
    next: u64,
    /// Somebody asks for grants.
    asking: bool,
    /// Until when a class need not ask, and why.
    shut: [Option<Shut>; Class::ALL.len()],
}

#[derive(Debug)]
struct Waiting {
    within: Duration,
    turn: oneshot::Sender<Result<Call, NotNow>>,
}

#[derive(Clone, Copy, Debug)]
struct Shut {
    /// When it is asked again.
    until: Instant,
    /// When a turn comes at the earliest.
    turn: Instant,
    why: Why,
}

impl Shut {
    fn not_now(self) -> Option<NotNow> {
        Some(self.as_of(Instant::now())).filter(|not_now| !not_now.wait.is_zero())
    }

    fn as_of(self, now: Instant) -> NotNow {
        let words = turn_words::far_off(self.turn.saturating_duration_since(now), self.why);
        NotNow { wait: self.until.saturating_duration_since(now), words }
    }
}

impl Budget {
    pub fn new(pool: PgPool, stop: CancellationToken) -> Self {
        Self(Arc::new(Inner { pool, stop, turns: Mutex::default() }))
    }

    /// The gate for calls of a class.
    pub fn gate(&self, ai_agent: AiAgentId, class: Class) -> Arc<dyn Gate> {
        Arc::new(ClassGate { turns: self.turns(ai_agent), class })
    }

    /// Why nothing of a class can be sent for a while, if so.
    pub fn not_now(&self, ai_agent: AiAgentId, class: Class) -> Option<NotNow> {
        lock(&self.turns(ai_agent).queue).shut_for(class)
    }

    /// How many calls wait for their turn here, per AI agent and class.
    pub fn waiting(&self) -> Vec<(AiAgentId, Class, usize)> {
        let all: Vec<_> = lock(&self.0.turns).values().cloned().collect();
        let count = |turns: &Turns, class| lock(&turns.queue).waiting.keys().filter(|(of, _)| *of == class).count();
        all.iter().flat_map(|turns| Class::ALL.map(|class| (turns.ai_agent, class, count(turns, class)))).collect()
    }

    /// The classes of which nothing can be sent for a while.
    pub fn shut(&self) -> Vec<(AiAgentId, Class)> {
        let all: Vec<_> = lock(&self.0.turns).values().cloned().collect();
        all.iter()
            .flat_map(|turns| {
                let queue = lock(&turns.queue);
                Class::ALL
                    .into_iter()
                    .filter(|class| queue.shut_for(*class).is_some())
                    .map(|class| (turns.ai_agent, class))
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    fn turns(&self, ai_agent: AiAgentId) -> Arc<Turns> {
        let new = || {
            let (pool, stop) = (self.0.pool.clone(), self.0.stop.clone());
            Arc::new(Turns { pool, stop, ai_agent, queue: Mutex::default(), came: Notify::new() })
        };
        lock(&self.0.turns).entry(ai_agent).or_insert_with(new).clone()
    }
}

impl Queue {
    fn shut_for(&self, class: Class) -> Option<NotNow> {
        self.shut[usize::from(class.number().unsigned_abs())]?.not_now()
    }

    /// The class and all after it need not ask for a while: those that wait are sent away.
    fn shut(&mut self, class: Class, wait: Duration, why: Why) {
        let now = Instant::now();
        let shut = Shut { until: now + wait.min(ASK_AGAIN), turn: now + wait, why };
        for later in Class::ALL.into_iter().filter(|later| *later >= class) {
            self.shut[usize::from(later.number().unsigned_abs())] = Some(shut);
        }
        for (_, waiting) in self.waiting.split_off(&(class, 0)) {
            let _ = waiting.turn.send(Err(shut.as_of(now)));
        }
    }

    /// Who is next. Those who have gone away meanwhile are forgotten.
    fn first(&mut self) -> Option<((Class, u64), Duration)> {
        while let Some(entry) = self.waiting.first_entry() {
            if !entry.get().turn.is_closed() {
                return Some((*entry.key(), entry.get().within));
            }
            entry.remove();
        }
        None
    }
}

impl Turns {
    async fn wait(self: Arc<Self>, class: Class, within: Duration) -> Result<Box<dyn Pass>, NotNow> {
        let turn = {
            let mut queue = lock(&self.queue);
            if let Some(not_now) = queue.shut_for(class) {
                return Err(not_now);
            }
            let (turn, told) = oneshot::channel();
            queue.next += 1;
            let place = (class, queue.next);
            queue.waiting.insert(place, Waiting { within, turn });
            if !std::mem::replace(&mut queue.asking, true) {
                tokio::spawn(self.clone().ask());
            }
            told
        };
        self.came.notify_one();
        let stopping = || NotNow { wait: Duration::ZERO, words: "The server is being restarted.".to_owned() };
        let call = tokio::select! {
            call = turn => call.unwrap_or_else(|_| Err(stopping()))?,
            () = self.stop.cancelled() => return Err(stopping()),
        };
        Ok(Box::new(Turn { pool: self.pool.clone(), call }))
    }

    /// Asks for one grant after the other while anybody waits.
    async fn ask(self: Arc<Self>) {
        loop {
            let ((class, number), within) = {
                let mut queue = lock(&self.queue);
                let Some(first) = queue.first() else {
                    queue.asking = false;
                    return;
                };
                first
            };
            match budget::grant(&self.pool, self.ai_agent, class, within).await {
                Ok(Grant::Granted(call)) => {
                    let waiting = lock(&self.queue).waiting.remove(&(class, number));
                    let taken = waiting.is_some_and(|waiting| waiting.turn.send(Ok(call)).is_ok());
                    if !taken {
                        // Whoever asked has gone away; nothing left.
                        let _ = budget::over(&self.pool, call).await;
                    }
                }
                Ok(Grant::Wait { wait, window }) if wait > PATIENCE => {
                    lock(&self.queue).shut(class, wait, window.map_or(Why::Asked, Why::Full));
                }
                Ok(Grant::Wait { wait, .. }) => self.pause(class, wait).await,
                Err(error) => {
                    tracing::warn!(%error, "no call could be granted");
                    lock(&self.queue).shut(Class::Talk, Duration::from_secs(1), Why::Store);
                }
            }
        }
    }

    /// Waits, unless somebody of a higher class comes, whose share may have room.
    async fn pause(&self, class: Class, wait: Duration) {
        let until = tokio::time::Instant::now() + wait;
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(until) => return,
                () = self.came.notified() => {
                    let first = lock(&self.queue).first();
                    if first.is_none_or(|((first, _), _)| first < class) {
                        return;
                    }
                }
            }
        }
    }
}

struct ClassGate {
    turns: Arc<Turns>,
    class: Class,
}

impl Gate for ClassGate {
    fn pass(&self, within: Duration) -> BoxFuture<'_, Result<Box<dyn Pass>, NotNow>> {
        Box::pin(self.turns.clone().wait(self.class, within))
    }
}

/// A granted turn.
struct Turn {
    pool: PgPool,
    call: Call,
}

impl Pass for Turn {
    fn over(self: Box<Self>, heard: Heard) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let Self { pool, call } = *self;
            metrics::counter!("babbage_ada_calls", "heard" => turn_words::heard(heard)).increment(1);
            // Everybody must know before the next call that Ada wants fewer.
            if let Heard::SlowDown(asked) = heard
                && let Err(error) = budget::slow_down(&pool, call.ai_agent, asked).await
            {
                tracing::warn!(%error, "that Ada wants fewer calls could not be noted");
            }
            tokio::spawn(async move {
                let noted = match heard {
                    Heard::Well => budget::key_taken(&pool, call.ai_agent, true).await,
                    Heard::KeyRefused => budget::key_taken(&pool, call.ai_agent, false).await,
                    Heard::SlowDown(_) | Heard::Nothing => Ok(()),
                };
                if let Err(error) = noted.and(budget::over(&pool, call).await) {
                    tracing::debug!(%error, "a call holds its place for longer than it needs");
                }
            });
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
