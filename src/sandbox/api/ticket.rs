//! A call that is under way, noted whatever becomes of it.

use std::sync::Arc;

use crate::sandbox::calls::Ticket;
use crate::sandbox::faults::{Endpoint, Limits};
use crate::sandbox::room::Sandbox;

/// Notes the call's end when it is dropped: with a status if there was an answer, without if the caller left.
pub struct Open {
    sandbox: Arc<Sandbox>,
    ticket: Ticket,
    status: Option<u16>,
    fault: Option<String>,
}

impl Open {
    /// Begins a call; in how many seconds one is allowed again if it exceeds a limit.
    pub fn begin(sandbox: &Arc<Sandbox>, endpoint: Endpoint, conversation: Option<&str>, limits: &Limits) -> (Self, Option<u64>) {
        let begun = sandbox.calls.begin(endpoint, conversation, limits);
        (Self { sandbox: sandbox.clone(), ticket: begun.ticket, status: None, fault: None }, begun.exceeded)
    }

    pub fn fault(&mut self, name: &str) {
        self.fault = Some(name.to_owned());
    }

    /// An answer that is cut off on its way is none.
    pub fn answered(mut self, status: u16) {
        let cut = self.fault.as_deref().is_some_and(|fault| fault.starts_with("reset_"));
        self.status = (!cut).then_some(status);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.sandbox.calls.finish(self.ticket, self.status, self.fault.take());
    }
}
