//! What browsers may ask for: server functions, one file per verb. They are public endpoints under `/api/`.
//!
//! Each starts by asking who calls. What goes wrong becomes a [`Problem`](crate::model::problem::Problem) in one place, `server::failure`.

pub mod accept;
pub mod desk;
pub mod end;
pub mod events;
pub mod handoff;
pub mod health;
pub mod metadata;
pub mod read_again;
pub mod reply;
pub mod session;
