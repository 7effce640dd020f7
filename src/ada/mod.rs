//! The one client for Ada's Conversations API: one file per endpoint group, errors by what to do next.
//!
//! Nothing else in the desk speaks to Ada. This part does no database work and never decides when a call is made, how often
//! it is repeated or what happens after it failed: that is the outbox's business, which [`AdaError::next`] serves.
//!
//! What it promises:
//! - The key goes to the tenant's own origin, below its base path, and nowhere else: not to a redirect, not to a
//!   `next_page_url` elsewhere, not to a file host. It is in no `Debug`, no error and no log line.
//! - Every call passes the client's [`Gate`] before it leaves, which says when; each page of a list is one call.
//! - Every call ends: connecting, answering and reading have time limits, and an answer has a greatest size.
//! - An error says whether Ada may have done what was asked all the same ([`AdaError::is_ambiguous`]).
//! - Ada may add fields, kinds of content and kinds of rows at any time; none of these is an error.

mod address;
mod answer;
mod attachments;
mod call;
mod check;
mod client;
mod conversations;
mod end_users;
mod error;
mod gate;
mod handoffs;
mod health;
mod messages;
mod next_page;
mod refusal;
mod retry_after;
mod words;

pub mod wire;

pub use attachments::{Attachment, Upload};
pub use client::{Client, Tenant, TenantError, Timing};
pub use conversations::Conversation;
pub use error::{AdaError, Next};
pub use gate::{Gate, Heard, NotNow, Pass};
pub use handoffs::QueueNotice;
pub use health::Health;
pub use messages::{Created, Outgoing, Page, Sender, Whole};
pub use next_page::NextPage;

#[cfg(test)]
mod tests;
