//! One server process: its configuration, what its parts share, its routes, and how it starts and stops.

pub mod answer;
pub mod config;
pub mod failure;
pub mod health;
pub mod housekeeping;
mod listen;
pub mod router;
pub mod secrets;
pub mod security;
mod signer;
pub mod start;
pub mod state;
pub mod telemetry;
pub mod tenants;
pub mod upkeep;
