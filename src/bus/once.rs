//! Waking the servers from a process that is none itself, such as a command.

use std::time::Duration;

use sqlx::PgPool;
use url::Url;

use super::{Wake, collected, nats, postgres};

/// How long a command waits for a bus that does not answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Wakes every server. One that cannot be told finds out by itself, later: that is logged, and no reason to fail.
pub async fn wake_once(pool: &PgPool, url: Option<&Url>, wake: Wake) {
    let message = collected::message("command", &[wake]);
    let sending = async {
        match url {
            Some(url) => nats::send(url, message).await,
            None => postgres::send(pool, &message).await.map_err(|error| error.to_string()),
        }
    };
    let told = tokio::time::timeout(PATIENCE, sending).await.unwrap_or_else(|_| Err("no answer".to_owned()));
    if let Err(error) = told {
        tracing::warn!(%error, "running desks were not told; they find out by themselves within five minutes");
    }
}
