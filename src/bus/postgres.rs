//! The bus over LISTEN and NOTIFY.

use std::convert::Infallible;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgListener;
use thiserror::Error;

use super::{Ends, collected};

const CHANNEL: &str = "babbage_wake";
/// How long to wait before the next try once something failed.
const PAUSE: Duration = Duration::from_millis(500);
/// The same when it is not likely to be better soon.
const LONG_PAUSE: Duration = Duration::from_secs(60);
/// How long a notification of our own may take to come back.
const PATIENCE: Duration = Duration::from_secs(5);

/// Carries wake-ups until the server stops.
pub(super) async fn carry(pool: PgPool, ends: Ends) {
    tokio::select! {
        () = ends.stop.cancelled() => {}
        () = notify(&pool, &ends) => {}
        () = listen(&pool, &ends) => {}
    }
}

/// Sends what was collected while the last notification was under way.
async fn notify(pool: &PgPool, ends: &Ends) {
    loop {
        let wakes = ends.out.take().await;
        if let Err(error) = send(pool, &collected::message(&ends.server, &wakes)).await {
            // The others find out by looking now and then; who is to be thrown out, they must be told.
            tracing::warn!(%error, "could not wake the other servers");
            ends.out.extend(wakes);
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// One notification.
pub(super) async fn send(pool: &PgPool, message: &str) -> sqlx::Result<()> {
    sqlx::query!("select pg_notify($1, $2)", CHANNEL, message).execute(pool).await?;
    Ok(())
}

/// Passes on what other servers send. After a lost connection everything may have changed.
async fn listen(pool: &PgPool, ends: &Ends) {
    loop {
        let Err(error) = listen_once(pool, ends).await;
        ends.breaks_off();
        tracing::warn!(%error, "no wake-ups arrive over Postgres");
        tokio::time::sleep(if matches!(error, Silent::Unheard) { LONG_PAUSE } else { PAUSE }).await;
    }
}

/// Why no wake-ups arrive.
#[derive(Debug, Error)]
enum Silent {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error("a notification of our own did not come back: behind PgBouncer in transaction mode, set BUS_URL")]
    Unheard,
}

async fn listen_once(pool: &PgPool, ends: &Ends) -> Result<Infallible, Silent> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    loop {
        greet(pool, ends, &mut listener).await?;
        ends.begins();
        while let Some(notification) = listener.try_recv().await? {
            ends.hear(notification.payload());
        }
        // It was cut, and is there again.
        ends.breaks_off();
    }
}

/// A server that hears itself hears the others.
async fn greet(pool: &PgPool, ends: &Ends, listener: &mut PgListener) -> Result<(), Silent> {
    let hello = ends.hello();
    send(pool, &hello).await?;
    let heard = async {
        loop {
            match listener.try_recv().await? {
                Some(notification) if notification.payload() == hello => return Ok(()),
                Some(notification) => ends.hear(notification.payload()),
                None => send(pool, &hello).await?,
            }
        }
    };
    tokio::time::timeout(PATIENCE, heard).await.unwrap_or(Err(Silent::Unheard))
}
