//! From Ada: the handoff trigger, the webhooks, and the question whether anybody is there.
//!
//! A webhook goes [`body`] → [`verify`] → [`event`] (what does it say) → one transaction → answer, and only then wakes whoever looks.
//! Messages of customers and the AI agent share their transaction with others that come at the same time ([`inbox`], [`batch`]);
//! everything else goes alone ([`apply`]). Nothing here calls Ada: it waits for our answer.

pub mod apply;
pub mod availability;
pub mod batch;
pub mod body;
pub mod event;
pub mod inbox;
mod lane;
mod order;
pub mod readable;
pub mod refuse;
pub mod replay;
pub mod trigger;
pub mod verify;
pub mod webhook;
