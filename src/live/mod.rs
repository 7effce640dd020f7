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
//! 5. A browser too slow for its queue, or one too far behind, gets `resync` for what it watches: it loads the snapshot anew, as on page load.
//! 6. `heartbeat` goes both ways. A side that hears nothing for [`frames::SILENCE`] takes the connection for dead.
//! 7. `bye` says why the server closes: the session ended, or the server restarts (come back, with jitter).

pub mod frames;

#[cfg(feature = "hydrate")]
pub mod client;
#[cfg(feature = "ssr")]
pub mod hub;
#[cfg(feature = "ssr")]
pub mod socket;
