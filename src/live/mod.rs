//! The live channel: how a browser learns of a change while somebody looks.
//!
//! One websocket per page, `GET /live`, JSON text frames. Writes never go over it: they are server functions.
//!
//! 1. The browser connects with its session cookie; the server checks the session and the `Origin`.
//! 2. The browser says what it watches: `desk` (the lists), and `watch` with a handoff and the number of the last change it has.
//! 3. The server subscribes first, then reads: a `desk` frame with fresh lists, every change after that number, then `watching`
//!    with the number that the browser is now up to. From then on changes follow as they commit.
//! 4. Lists: each `summary` carries the handoff's number; the browser keeps the higher one. There is no number for a list as a
//!    whole, so there is no row that every transaction would have to lock; a reconnect starts from a fresh `desk`.
//! 5. A browser whose number lies before what is kept, too far back, or ahead of what there is (the database was restored from a backup)
//!    gets `resync` for what it watches: it loads the snapshot anew, as on page load. One too slow for the lists gets a fresh `desk`.
//! 6. `heartbeat` goes both ways. A side that hears nothing for [`frames::SILENCE`] takes the connection for dead.
//! 7. `bye` says why the server closes: the session ended, or the server restarts, and then within how long to come back. Each browser
//!    chooses its own moment, and those who come at once share one read of the lists.

pub mod frames;

#[cfg(feature = "ssr")]
mod catch_up;
#[cfg(feature = "hydrate")]
pub mod client;
#[cfg(feature = "ssr")]
pub mod hub;
#[cfg(feature = "ssr")]
mod listed;
#[cfg(feature = "ssr")]
mod patience;
#[cfg(feature = "ssr")]
pub mod socket;
#[cfg(feature = "ssr")]
pub mod wire;
