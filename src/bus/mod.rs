//! Wake-ups between servers. The bus only wakes: what there is to know is in Postgres, and a lost wake-up costs time, never a change.
//!
//! A wake-up reaches this server's own listeners at once, and the other servers by NOTIFY. NOTIFY takes a database-wide lock at
//! commit, so it never rides in a transaction that stores something: wake-ups are collected while the last notification is under way
//! and leave together.

mod postgres;
mod wake;

use std::sync::Arc;

use sqlx::PgPool;
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;

pub use postgres::wake_once;
pub use wake::Wake;

/// How many wake-ups a slow listener may be behind before it is told to look at everything.
const BACKLOG: usize = 4_096;

/// This server's end of the bus. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Bus {
    here: broadcast::Sender<Wake>,
    out: mpsc::UnboundedSender<Wake>,
}

impl Bus {
    /// Starts the tasks that carry wake-ups to and from the other servers, until `stop`.
    pub fn start(pool: PgPool, stop: CancellationToken) -> Self {
        let (here, _) = broadcast::channel(BACKLOG);
        let (out, collected) = mpsc::unbounded_channel();
        let server: Arc<str> = uuid::Uuid::new_v4().simple().to_string().into();
        tokio::spawn(postgres::notify(pool.clone(), server.clone(), collected, stop.clone()));
        tokio::spawn(postgres::listen(pool, server, here.clone(), stop));
        Self { here, out }
    }

    /// Wakes whoever listens for this, here at once and elsewhere soon. Call it after the commit.
    pub fn wake(&self, wake: Wake) {
        // Nobody listening is no fault.
        let _ = self.here.send(wake);
        let _ = self.out.send(wake);
    }

    /// Wake-ups from now on.
    pub fn listen(&self) -> broadcast::Receiver<Wake> {
        self.here.subscribe()
    }
}

/// The next wake-up. One that was missed becomes [`Wake::Everything`]; `None` when the bus is gone.
pub async fn next(listener: &mut broadcast::Receiver<Wake>) -> Option<Wake> {
    match listener.recv().await {
        Ok(wake) => Some(wake),
        Err(broadcast::error::RecvError::Lagged(_)) => Some(Wake::Everything),
        Err(broadcast::error::RecvError::Closed) => None,
    }
}
