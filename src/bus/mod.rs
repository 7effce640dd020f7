//! Wake-ups between servers. The bus only wakes: what there is to know is in Postgres, and a lost wake-up costs time, never a change.
//!
//! A wake-up reaches this server's own listeners at once, and the other servers over Postgres (NOTIFY) or, with `BUS_URL`, over NATS.
//! NOTIFY takes a database-wide lock at commit, so it never rides in a transaction that stores something: wake-ups are collected while
//! the last ones are under way, each once, and leave together. Those that could not leave are kept and leave later.

mod collected;
mod nats;
mod once;
mod postgres;
mod wake;

use std::sync::Arc;

use sqlx::PgPool;
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;
use url::Url;

use collected::Collected;
pub use once::wake_once;
pub use wake::Wake;

/// How many wake-ups a slow listener may be behind before it is told to look at everything.
const BACKLOG: usize = 4_096;

/// The word that a server says to itself.
const HELLO: &str = "hello";

/// This server's end of the bus. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Bus {
    here: broadcast::Sender<Wake>,
    out: Arc<Collected>,
    connected: watch::Receiver<bool>,
}

/// What a carrier of wake-ups works with.
struct Ends {
    /// This server's name in what it sends: what comes back to it was told here already.
    server: String,
    here: broadcast::Sender<Wake>,
    out: Arc<Collected>,
    connected: watch::Sender<bool>,
    stop: CancellationToken,
}

impl Bus {
    /// Starts what carries wake-ups to and from the other servers, until `stop`: NATS if there is a `url`, otherwise Postgres. Does not
    /// wait for a connection: a desk without its bus serves, only slower.
    pub fn start(pool: PgPool, url: Option<&Url>, stop: CancellationToken) -> Self {
        let (here, _) = broadcast::channel(BACKLOG);
        let out = Arc::new(Collected::default());
        let connected = watch::Sender::new(false);
        let bus = Self { here: here.clone(), out: out.clone(), connected: connected.subscribe() };
        let ends = Ends { server: uuid::Uuid::new_v4().simple().to_string(), here, out, connected, stop };
        match url {
            Some(url) => drop(tokio::spawn(nats::carry(url.clone(), ends))),
            None => drop(tokio::spawn(postgres::carry(pool, ends))),
        }
        bus
    }

    /// Wakes whoever listens for this, here at once and elsewhere soon. Call it after the commit.
    pub fn wake(&self, wake: Wake) {
        // Nobody listening is no fault.
        let _ = self.here.send(wake);
        self.out.add(wake);
    }

    /// Wake-ups from now on.
    pub fn listen(&self) -> broadcast::Receiver<Wake> {
        self.here.subscribe()
    }

    /// Whether wake-ups of other servers arrive.
    pub fn is_connected(&self) -> bool {
        *self.connected.borrow()
    }
}

impl Ends {
    /// Takes one message in: who sent it, and one word for each wake-up.
    fn hear(&self, message: &str) {
        let mut words = message.split(' ');
        if words.next() != Some(&self.server) {
            // What another server says to itself is not for us.
            words.filter(|word| *word != HELLO).for_each(|word| drop(self.here.send(Wake::decode(word))));
        }
    }

    /// What a server says to itself: when it hears that, it hears the others too.
    fn hello(&self) -> String {
        format!("{} {HELLO}", self.server)
    }

    /// Wake-ups arrive from now on. What was sent before is unknown.
    fn begins(&self) {
        self.connected.send_replace(true);
        let _ = self.here.send(Wake::Everything);
    }

    /// No wake-ups arrive any more.
    fn breaks_off(&self) {
        self.connected.send_replace(false);
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
