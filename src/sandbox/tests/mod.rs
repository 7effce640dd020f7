//! The sandbox through its public door: real HTTP, real signatures.

mod api;
mod attachments;
mod handoff;
mod pages;
mod support;
mod webhooks;
