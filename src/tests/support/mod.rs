//! What tests need: a desk, a browser, Ada.

mod ada;
mod ada_routes;
mod browser;
mod database;
mod desk;
pub mod event;
mod nats;
mod page;
mod process;
mod socket;
mod wait;

pub use ada::{FakeAda, Fault, When, row};
pub use browser::{Browser, texts};
pub use database::Database;
pub use desk::{API_KEY, OTHER_DOMAIN, PASSWORD, SECRET, TRIGGER_KEY, TestDesk, answer};
pub use nats::Nats;
pub use page::Page;
pub use process::Process;
pub use socket::{BrowserSocket, connect};
pub use wait::{PATIENCE, eventually};
