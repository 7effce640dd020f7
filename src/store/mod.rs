//! The shared store, Postgres. All SQL is here, one file per table or topic.
//!
//! Functions that write take the caller's transaction (or open the one that their topic is); what commits together is decided where
//! the function is called. Rows are locked in one order: the conversation, then its handoff ([`lock`]).

pub mod accept;
pub mod ai_agents;
pub mod alarms;
pub mod attempts;
pub mod audit;
pub mod availability;
pub mod budget;
pub mod changes;
pub mod cluster;
pub mod connect;
pub mod conversations;
pub mod database;
pub mod deliveries;
pub mod end;
pub mod events;
pub mod failure;
pub mod handoffs;
pub mod health;
pub mod hearing;
pub mod kept_events;
pub mod lock;
pub mod messages;
pub mod metadata;
pub mod people;
pub mod personal;
pub mod postpone;
pub mod probe;

pub mod read_back;
pub mod record;
pub mod replies;
pub mod rows;
pub mod settle;
pub mod snapshot;
pub mod summaries;
pub mod watch;

pub use failure::StoreError;
