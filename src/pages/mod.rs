//! The pages, one folder or file per route.

pub mod desk;
pub mod login;
pub mod not_found;
pub mod settings;
