//! A proxy between two programs that can turn against them: it refuses, goes silent, cuts, and balances over several servers.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the proxy does to connections. Shares are of all connections: each has drawn its fate when it came.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Weather {
    /// New connections are closed at once.
    pub refuses: bool,
    /// This share is open and silent: nothing passes in either direction.
    pub frozen: f64,
    /// Answers of this share break off in their middle, after the request has had its effect.
    pub cuts_answers: f64,
    /// Each new number closes this share of what is open.
    cut: (u64, f64),
}

/// A running proxy; it ends with its runtime.
#[derive(Clone)]
pub struct Proxy {
    pub address: SocketAddr,
    upstreams: Arc<Mutex<Vec<SocketAddr>>>,
    weather: Arc<watch::Sender<Weather>>,
    taken: Arc<AtomicUsize>,
    seed: u64,
}

impl Proxy {
    pub async fn start(seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port for a proxy");
        let address = listener.local_addr().expect("an address");
        let weather = Arc::new(watch::Sender::new(Weather::default()));
        let proxy = Self { address, upstreams: Arc::default(), weather, taken: Arc::default(), seed };
        tokio::spawn(proxy.clone().listen(listener));
        proxy
    }

    /// Where connections go, in turn; a server that refuses is passed over.
    pub fn lead_to(&self, servers: &[SocketAddr]) {
        *self.upstreams.lock().unwrap_or_else(PoisonError::into_inner) = servers.to_vec();
    }

    /// Changes the weather.
    pub fn turn(&self, change: impl FnOnce(&mut Weather)) {
        self.weather.send_modify(change);
    }

    /// Closes a share of the connections that are open.
    pub fn cut(&self, share: f64) {
        self.turn(|weather| weather.cut = (weather.cut.0 + 1, share));
    }

    /// All is well again.
    pub fn clear(&self) {
        self.turn(|weather| *weather = Weather { cut: weather.cut, ..Weather::default() });
    }

    async fn listen(self, listener: TcpListener) {
        loop {
            let Ok((inner, _)) = listener.accept().await else { continue };
            let number = self.taken.fetch_add(1, Ordering::Relaxed);
            if !self.weather.borrow().refuses {
                tokio::spawn(self.clone().serve(inner, number));
            }
        }
    }

    async fn serve(self, inner: TcpStream, number: usize) {
        let fate: f64 = StdRng::seed_from_u64(self.seed ^ (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)).random();
        let Some(outer) = self.connect(number).await else { return };
        let _ = (inner.set_nodelay(true), outer.set_nodelay(true));
        let (ours, theirs) = (inner.into_split(), outer.into_split());
        let pipe = |answers| Pipe { weather: self.weather.subscribe(), cut: self.weather.borrow().cut.0, fate, answers };
        // Whichever side ends, both do.
        tokio::select! {
            () = pipe(false).run(ours.0, theirs.1) => {}
            () = pipe(true).run(theirs.0, ours.1) => {}
        }
    }

    async fn connect(&self, number: usize) -> Option<TcpStream> {
        let servers = self.upstreams.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for turn in 0..servers.len() {
            if let Ok(stream) = TcpStream::connect(servers[(number + turn) % servers.len()]).await {
                return Some(stream);
            }
        }
        None
    }
}

/// One direction of a connection.
struct Pipe {
    weather: watch::Receiver<Weather>,
    cut: u64,
    fate: f64,
    /// Whether it carries what the server says.
    answers: bool,
}

impl Pipe {
    async fn run(mut self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let weather = *self.weather.borrow_and_update();
            let struck = self.fate < weather.cut.1 && weather.cut.0 != self.cut;
            self.cut = weather.cut.0;
            if struck {
                return;
            }
            if self.fate < weather.frozen {
                if self.weather.changed().await.is_err() {
                    return;
                }
                continue;
            }
            tokio::select! {
                changed = self.weather.changed() => if changed.is_err() { return },
                read = from.read(&mut buffer) => {
                    let Ok(count @ 1..) = read else { return };
                    let cuts = self.answers && self.fate < weather.cuts_answers;
                    let passed = if cuts { count / 2 } else { count };
                    if to.write_all(&buffer[..passed]).await.is_err() || cuts {
                        return;
                    }
                }
            }
        }
    }
}
