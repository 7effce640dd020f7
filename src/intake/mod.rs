//! From Ada: the handoff trigger, the webhooks, and the question whether anybody is there.
//!
//! A webhook goes read → [`verify`] → [`event`] (what does it say) → [`apply`] (one transaction) → answer, and only then wakes whoever
//! looks. Nothing here calls Ada: it waits for our answer.

pub mod apply;
pub mod availability;
pub mod event;
mod order;
pub mod refuse;
pub mod replay;
pub mod trigger;
pub mod verify;
pub mod webhook;
