//! Babbage: the agent desk for companies whose AI agent is built on Ada.
//!
//! Reading order for a newcomer: [`model`] → `intake` → `store::changes` → [`live`] → [`api`] → `outbox` → `ada` → [`pages`].
//! The map, with the two paths that data takes, is `ARCHITECTURE.md`.

pub mod api;
pub mod app;
pub mod live;
pub mod model;
pub mod pages;
pub mod ui;

#[cfg(feature = "ssr")]
pub mod ada;
#[cfg(feature = "ssr")]
pub mod bus;
#[cfg(feature = "ssr")]
pub mod cli;
#[cfg(feature = "ssr")]
pub mod intake;
#[cfg(feature = "ssr")]
pub mod outbox;
#[cfg(feature = "ssr")]
pub mod people;
#[cfg(feature = "ssr")]
pub mod readback;
#[cfg(feature = "ssr")]
pub mod sandbox;
#[cfg(feature = "ssr")]
pub mod server;
#[cfg(feature = "ssr")]
pub mod store;

#[cfg(feature = "hydrate")]
mod hydrate;
