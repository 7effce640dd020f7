//! Who signs in, and what they may do.

pub mod email;
pub mod may;
pub mod password;
pub mod session;
pub mod sign_in;
