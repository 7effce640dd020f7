//! Holding on to a claimed delivery: its lease is short, and renewed for as long as the call lasts.
//!
//! Whoever cannot renew it stops before it runs out, so that nobody sends what somebody else has taken over.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use sqlx::PgPool;

use crate::ada::{Gate, NotNow, Pass};
use crate::store::deliveries::{self, Claimed};

/// How long a claim holds without a word.
pub const LEASE: Duration = Duration::from_secs(15);
const RENEW: Duration = Duration::from_secs(5);
/// How long before the end of its lease a call is given up.
const MARGIN: Duration = Duration::from_secs(2);

/// A lease as this server knows it.
#[derive(Clone, Debug)]
pub struct Hold(Arc<Mutex<Instant>>);

impl Hold {
    /// Taken by a question that was asked at `asked`: it may have been answered as early as that.
    pub fn since(asked: Instant) -> Self {
        Self(Arc::new(Mutex::new(asked + LEASE)))
    }

    /// Whether the lease surely still holds, with some room.
    pub fn is_sure(&self) -> bool {
        Instant::now() + MARGIN < *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Renews the lease; ends only when it is lost.
    pub async fn keep(&self, pool: &PgPool, claimed: &Claimed) {
        let mut pause = RENEW;
        while self.is_sure() {
            tokio::time::sleep(pause).await;
            let asked = Instant::now();
            match tokio::time::timeout(RENEW, deliveries::renew(pool, claimed, LEASE)).await {
                Ok(Ok(true)) => {
                    *self.0.lock().unwrap_or_else(PoisonError::into_inner) = asked + LEASE;
                    pause = RENEW;
                }
                Ok(Ok(false)) => return,
                Ok(Err(_)) | Err(_) => pause = Duration::from_secs(1),
            }
        }
    }
}

/// A gate that lets nothing pass once the lease is not sure any more: waiting for a turn may have taken too long.
pub struct Held {
    pub gate: Arc<dyn Gate>,
    pub hold: Hold,
}

impl Gate for Held {
    fn pass(&self, within: Duration) -> BoxFuture<'_, Result<Box<dyn Pass>, NotNow>> {
        Box::pin(async move {
            let pass = self.gate.pass(within).await?;
            if self.hold.is_sure() {
                return Ok(pass);
            }
            pass.over(crate::ada::Heard::Nothing).await;
            Err(NotNow { wait: Duration::ZERO, words: "This server was held up.".to_owned() })
        })
    }
}
