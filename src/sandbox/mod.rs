//! Ada, played by a program: the Conversations API, signed webhooks and the handoff trigger, for first looks, for
//! training and for tests. Everything lives in memory. The desk and the sandbox meet over HTTP only.
//!
//! # What Ada has
//! `/api/v2/…` (bearer key, every path with and without its final slash): conversations, messages, `end`, `end-handoff`,
//! `attachments`, `handoff-queue`, end users, the list of channels. `/files/…` serves what was uploaded, like a presigned link of S3.
//!
//! # What a person has
//! `/` is a chat page on which a person plays the customer; `/control` switches faults on and shows calls and deliveries; `/survey/{id}` is the
//! survey that the customer gets after a handoff.
//!
//! # What tests have
//! Bodies are JSON unless it says otherwise; errors have the shape of Ada's. No key is needed; requests that a browser
//! makes for another site are refused.
//!
//! | request | body → answer |
//! |---|---|
//! | `POST /sandbox/conversations` | `{name?,email?,language?,topic?,channel?,metadata?}` → 201 `{conversation_id,end_user_id}`; `channel` is `chat` (default), `email`, `voice` or `sandbox-custom` |
//! | `GET /sandbox/conversations?limit=` | → `{conversations:[summary…]}`, newest first |
//! | `GET /sandbox/conversations/{id}` | → the whole state: `state` (`active_ai`, `handoff`, `ended`), `asking`, `messages`, `notices`, `presence`, `queue`, `metadata`, `end_user`, `trigger` (the last call's result), `survey_score` |
//! | `POST /sandbox/conversations/{id}/say` | `{text}` → 201 `{message_id}`; the customer writes |
//! | `POST /sandbox/conversations/{id}/link` | `{url,link_text?}` → 201 `{message_id}` |
//! | `POST /sandbox/conversations/{id}/file` | multipart part `file` (any type, 50 MB) → 201 `{message_id,url}` |
//! | `POST /sandbox/conversations/{id}/ask-person` | `{text?}` → 200 `{state}` once the trigger was answered; `text` is what the customer writes first, then the AI agent says that it is looking for a person |
//! | `POST /sandbox/conversations/{id}/end-handoff` | `{by?}` → 200 `{state}`; the customer leaves the person, or with `"by":"system"` Ada ends the handoff |
//! | `POST /sandbox/conversations/{id}/close` | `{by?}` → 200 `{state}`; the customer closes the chat, or with `"by":"system"` its time is out |
//! | `POST /sandbox/conversations/{id}/raw` | `{content,author?:{role,display_name?}}` → 201 `{message_id}`; a message with any JSON as content |
//! | `POST /sandbox/emit` | `{type,data,timestamp?}` → 201 `{svix_id}`; any event at all, signed |
//! | `GET /sandbox/deliveries?conversation_id=&type=&limit=` | → `{deliveries:[…]}`, oldest first; `delivered_at_us` is when the first 2xx arrived, in microseconds since 1970 |
//! | `POST /sandbox/resend/{svix_id}` | → 202; sends it once more, as the dashboard's resend does |
//! | `GET /sandbox/stream?conversation=ID` | Server-Sent Events `list` and `conversation`, each a whole state |
//! | `GET /sandbox/ledger` | → everything that Ada knows: `{conversations:[{conversation_id, end_user_id, state, messages:[{message_id, role, display_name, content, created_at, order, handoff_integration}], handoffs:[{started_at, ended_at, ended_by}]}], calls:{total, per_endpoint:{name:{calls, by_status}}, violations:{second, minute, day}, most:{second, minute, day}, elsewhere:{requests, with_key}}}`; `elsewhere` counts who followed a redirect or a page to another host |
//! | `GET /sandbox/calls?limit=` | → `[{at_us, endpoint, conversation_id, status, open, fault}]`, oldest first; no status: no answer left |
//! | `GET /sandbox/calls/totals` | → the ledger's `calls` alone |
//! | `GET`, `PUT`, `PATCH /sandbox/faults` | see below; `PUT` replaces (what is omitted is off), `PATCH` is an RFC 7396 merge patch; unknown fields → 400 that names them |
//! | `GET /sandbox/faults/state` | → `{on:["webhooks.lose",…], pending_deliveries, lost, stopped, delivered, failed, forged_accepted, pending_triggers, pending_turns}`; nothing is in flight when the three that begin with `pending` are 0 |
//! | `POST /sandbox/recover` | → 202 `{sent}`; delivers once more, in random order, what was lost, stopped or given up |
//! | `GET /sandbox/samples`, `GET /sandbox/config` | sample customers; the configuration without secrets |
//!
//! # Faults
//! Everything is off by default. A share is a part of all, 0.0 to 1.0. Chances are drawn from `seed` and from what is
//! decided (the third event of the fifth conversation, its second call of an endpoint), so a run can be repeated
//! however its conversations interleave.
//! ```json
//! { "seed": 1,
//!   "webhooks": {
//!     "stop": false,              // a disabled endpoint: nothing is sent, kept until recovered or resent
//!     "lose": 0.0,                // never come by themselves; kept until recovered or resent
//!     "fail_first": 0.0,          // the first attempt is left out, so they come with the schedule of retries
//!     "duplicate": 0.0,           // delivered twice under the same svix id
//!     "resend": 0.0,              // delivered once more under a new svix id, as a replay from the dashboard
//!     "shuffle_ms": 0,            // each delivery waits 0 to so long
//!     "late": 0.0, "late_ms": 20000,
//!     "bad_signature": 0.0,       // the first attempt is signed with a wrong key, the next rightly
//!     "stale": 0.0,               // the first attempt's time is ten minutes off, the next right
//!     "two_signatures": false,    // as during a rotation: a wrong one, then the right one
//!     "headers": "svix",          // "svix" | "webhook" | "mixed"
//!     "other_label": 0.0,         // followed by a message of a conversation that belongs to another integration
//!     "null_label": 0.0,          // followed by a message of a conversation that belongs to the AI agent
//!     "unknown_type": 0.0,        // followed by an event of a type that does not exist
//!     "unknown_content": 0.0,     // followed by a message of an unknown type: part of the conversation and the ledger
//!     "presence": 0.0,            // followed by a `presence` message: part of the conversation and the ledger
//!     "same_instant": 0.0,        // messages that carry the very moment of the one before
//!     "sparse": 0.0,              // message events without optional fields; type, time, label and both ids stay
//!     "extra_keys": false,        // unknown keys in every object of every event
//!     "timestamps": "millis",     // "millis" | "seconds" | "naive" (no offset) | "mixed"
//!     "wrong_label": null },      // a label that events carry instead of ours
//!   "trigger": {
//!     "twice": 0.0,               // two calls at the same moment
//!     "late_ms": 0,
//!     "message_first": false,     // the customer's labelled message arrives before the trigger does
//!     "wrong_key": false, "extra_fields": false,
//!     "missing_fields": false,    // nothing but `ada_conversation_id`
//!     "lose_answer": 0.0 },       // the desk answers, Ada does not hear it: no handoff at Ada
//!   "api": [                      // the first rule that fits and is drawn decides
//!     { "endpoint": "*",          // or get_conversation, list_messages, create_message, upload_attachment, end_handoff,
//!                                 // end_conversation, update_metadata, handoff_queue, get_end_user, create_conversation,
//!                                 // update_end_user, list_channels
//!       "share": 1.0,
//!       "fault": "500",           // without effect: 401 404 413 422 429 500 502 503 expired bad_type hang reset_before redirect
//!                                 // with effect: slow reset_after hang_after 500_after garbage no_id foreign_page
//!       "retry_after": null,      // for 429: seconds, or "date"
//!       "slow_ms": 3000 } ],      // for slow
//!   "limits": { "enforce": false, "per_second": 10, "per_minute": 100, "per_day": 10000, "retry_after": true },
//!                                 // sliding windows over all endpoints; violations are counted in any case, and a
//!                                 // call that is refused takes no place
//!   "clock_offset_ms": 0,         // Ada's clock against ours: events, messages, signatures, `Date`
//!   "page_size": null,            // messages per page at most, whatever is asked for
//!   "files_expire": false }       // links of files answer 403
//! ```

mod ai;
mod api;
mod calls;
mod clock;
mod config;
mod conversation;
mod customer;
mod deliver;
mod end_user;
mod error;
mod events;
mod faults;
mod files;
mod ledger;
mod moves;
mod page;
mod room;
mod script;
mod trigger;
mod wire;

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
use wire::{Door, Scissors};

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
    let service = router(&sandbox).into_make_service_with_connect_info::<Scissors>();
    let server = axum::serve(Door(listener), service).with_graceful_shutdown({
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
        .merge(ledger::trap())
        .merge(page::router())
        .with_state(sandbox.clone())
}
