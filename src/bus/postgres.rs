//! The bus over LISTEN and NOTIFY.

use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgListener;

use super::{Ends, collected};

const CHANNEL: &str = "babbage_wake";
/// How long to wait before the next try once something failed.
const PAUSE: Duration = Duration::from_millis(500);

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
        let error = listen_once(pool, ends).await;
        ends.breaks_off();
        tracing::warn!(%error, "the connection for wake-ups was lost");
        tokio::time::sleep(PAUSE).await;
    }
}

async fn listen_once(pool: &PgPool, ends: &Ends) -> sqlx::Error {
    let mut listener = match PgListener::connect_with(pool).await {
        Ok(listener) => listener,
        Err(error) => return error,
    };
    if let Err(error) = listener.listen(CHANNEL).await {
        return error;
    }
    ends.begins();
    loop {
        match listener.try_recv().await {
            Ok(Some(notification)) => ends.hear(notification.payload()),
            // It was cut, and is there again.
            Ok(None) => ends.begins(),
            Err(error) => return error,
        }
    }
}
