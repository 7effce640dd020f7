//! Ada, played by a program: the Conversations API, signed webhooks and the handoff trigger, for first looks, for
//! training and for tests. Everything lives in memory. The desk and the sandbox meet over HTTP only.
//!
//! # What Ada has
//! `/api/v2/…` (bearer key, every path with and without its final slash): conversations, messages, `end`, `end-handoff`,
//! `attachments`, `handoff-queue`, end users, the list of channels. `/files/…` serves what was uploaded, like a presigned link of S3.
//!
//! # What a person has
//! `/` is a chat page on which a person plays the customer; `/control` shows what was delivered; `/survey/{id}` is the
//! survey that the customer gets after a handoff.
//!
//! # What tests have
//! Bodies are JSON unless it says otherwise; errors have the shape of Ada's. No key is needed; requests that a browser
//! makes for another site are refused.
//!
//! | request | body → answer |
//! |---|---|
//! | `POST /sandbox/conversations` | `{name?,email?,language?,topic?,channel?,metadata?}` → 201 `{conversation_id,end_user_id}`; `channel` is `chat` (default), `email`, `voice` or `sandbox-custom` |
//! | `GET /sandbox/conversations` | → `{conversations:[summary…]}`, newest first |
//! | `GET /sandbox/conversations/{id}` | → the whole state: `state` (`active_ai`, `handoff`, `ended`), `asking`, `messages`, `notices`, `presence`, `queue`, `metadata`, `end_user`, `trigger` (the last call's result), `survey_score` |
//! | `POST /sandbox/conversations/{id}/say` | `{text}` → 201 `{message_id}`; the customer writes |
//! | `POST /sandbox/conversations/{id}/link` | `{url,link_text?}` → 201 `{message_id}` |
//! | `POST /sandbox/conversations/{id}/file` | multipart part `file` (any type, 50 MB) → 201 `{message_id,url}` |
//! | `POST /sandbox/conversations/{id}/ask-person` | `{text?}` → 200 `{state}` once the trigger was answered; `text` is what the customer writes first, then the AI agent says that it is looking for a person |
//! | `POST /sandbox/conversations/{id}/end-handoff` | → 200 `{state}`; the customer leaves the person |
//! | `POST /sandbox/conversations/{id}/close` | → 200 `{state}`; the customer closes the chat |
//! | `POST /sandbox/conversations/{id}/raw` | `{content,author?:{role,display_name?}}` → 201 `{message_id}`; a message with any JSON as content |
//! | `POST /sandbox/emit` | `{type,data,timestamp?}` → 201 `{svix_id}`; any event at all, signed |
//! | `GET /sandbox/deliveries?conversation_id=&type=&limit=` | → `{deliveries:[…]}`, oldest first; `delivered_at_us` is when the first 2xx arrived, in microseconds since 1970 |
//! | `POST /sandbox/resend/{svix_id}` | → 202; sends it once more, as the dashboard's resend does |
//! | `GET /sandbox/stream?conversation=ID` | Server-Sent Events `list` and `conversation`, each a whole state |
//! | `GET /sandbox/samples`, `GET /sandbox/config` | sample customers; the configuration without secrets |

mod ai;
mod api;
mod clock;
mod config;
mod conversation;
mod customer;
mod deliver;
mod end_user;
mod error;
mod events;
mod files;
mod moves;
mod page;
mod room;
mod script;
mod trigger;

#[cfg(test)]
mod tests;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;

pub use config::Config;
use room::Sandbox;

/// How long open requests may take to finish once `stop` has resolved.
const PATIENCE: Duration = Duration::from_secs(5);

/// Serves the sandbox on `listener` until `stop` resolves, then lets open requests finish (five seconds at most).
///
/// # Errors
/// `InvalidInput` when the configuration cannot work (a webhook secret that is not `whsec_` and base64), and whatever
/// the listener reports.
pub async fn serve(config: Config, listener: TcpListener, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
    let sandbox = Sandbox::open(config, listener.local_addr()?)?;
    let token = sandbox.stop.clone();
    let server = axum::serve(listener, router(&sandbox)).with_graceful_shutdown({
        let token = token.clone();
        async move {
            stop.await;
            // Live streams and retries never finish by themselves.
            token.cancel();
        }
    });
    let overdue = async {
        token.cancelled().await;
        tokio::time::sleep(PATIENCE).await;
    };
    tokio::select! {
        ended = server => ended,
        () = overdue => Ok(()),
    }
}

fn router(sandbox: &Arc<Sandbox>) -> Router {
    Router::new()
        .nest("/api/v2", api::router(sandbox))
        .nest("/sandbox", customer::router())
        .merge(files::router())
        .merge(page::router())
        .with_state(sandbox.clone())
}
