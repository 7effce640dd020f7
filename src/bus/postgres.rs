//! The bus over LISTEN and NOTIFY.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;

use super::Wake;

const CHANNEL: &str = "babbage_wake";
/// How many wake-ups fit into one notification: Postgres allows 8,000 bytes, a word takes at most 34.
const MOST: usize = 200;

/// Sends what was collected while the last notification was under way, until `stop`.
pub async fn notify(pool: PgPool, server: Arc<str>, mut collected: mpsc::UnboundedReceiver<Wake>, stop: CancellationToken) {
    let mut batch = Vec::with_capacity(MOST);
    loop {
        let count = tokio::select! {
            () = stop.cancelled() => return,
            count = collected.recv_many(&mut batch, MOST) => count,
        };
        if count == 0 {
            return;
        }
        let words: HashSet<String> = batch.drain(..).map(Wake::encode).collect();
        let payload = words.into_iter().fold(server.to_string(), |text, word| text + " " + &word);
        if let Err(error) = sqlx::query!("select pg_notify($1, $2)", CHANNEL, payload).execute(&pool).await {
            // The others find out by looking at the heads now and then.
            tracing::warn!(%error, "could not wake the other servers");
        }
    }
}

/// Wakes every server from a process that is none itself, such as a command.
pub async fn wake_once(pool: &PgPool, wake: Wake) -> sqlx::Result<()> {
    sqlx::query!("select pg_notify($1, $2)", CHANNEL, format!("command {}", wake.encode())).execute(pool).await?;
    Ok(())
}

/// Passes on what other servers send, until `stop`. After a lost connection everything may have changed.
pub async fn listen(pool: PgPool, server: Arc<str>, here: broadcast::Sender<Wake>, stop: CancellationToken) {
    loop {
        let listening = listen_once(&pool, &server, &here);
        let error = tokio::select! {
            () = stop.cancelled() => return,
            error = listening => error,
        };
        tracing::warn!(%error, "the connection for wake-ups was lost");
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(Duration::from_millis(500)) => {}
        }
    }
}

async fn listen_once(pool: &PgPool, server: &str, here: &broadcast::Sender<Wake>) -> sqlx::Error {
    let mut listener = match PgListener::connect_with(pool).await {
        Ok(listener) => listener,
        Err(error) => return error,
    };
    if let Err(error) = listener.listen(CHANNEL).await {
        return error;
    }
    // What was sent before we listened is unknown.
    let _ = here.send(Wake::Everything);
    loop {
        match listener.try_recv().await {
            Ok(Some(notification)) => {
                let mut words = notification.payload().split(' ');
                if words.next() != Some(server) {
                    words.for_each(|word| drop(here.send(Wake::decode(word))));
                }
            }
            Ok(None) => {
                let _ = here.send(Wake::Everything);
            }
            Err(error) => return error,
        }
    }
}
