//! The open handoff as its components read it: what changes often apart from what does not.

use leptos::prelude::*;

use crate::model::handoff::{HandoffDetail, HandoffState};
use crate::model::ids::HandoffId;
use crate::pages::desk::arrange::Lines;
use crate::pages::desk::pane::Pane;
use crate::pages::desk::state::{Desk, customer};

/// Handles to the open handoff. They live as long as the pane that shows it.
#[derive(Clone, Copy)]
pub struct Opened {
    pub id: HandoffId,
    pub detail: RwSignal<HandoffDetail>,
    pub lines: RwSignal<Lines>,
    pub unfolded: RwSignal<bool>,
    pub state: Memo<HandoffState>,
    /// Whether it is or was the handoff of the person who is signed in.
    pub mine: Memo<bool>,
    /// What to call the customer.
    pub customer: Memo<String>,
    pub pane: StoredValue<Pane>,
}

impl Opened {
    pub fn new(desk: Desk, pane: Pane) -> Self {
        let detail = RwSignal::from(pane.detail.clone());
        Self {
            id: pane.id,
            detail,
            lines: RwSignal::from(pane.lines.clone()),
            unfolded: RwSignal::from(pane.unfolded.clone()),
            state: Memo::new(move |_| detail.with(|detail| detail.summary.state)),
            mine: Memo::new(move |_| {
                let me = desk.me.with(|me| me.id);
                detail.with(|detail| detail.summary.owner.as_ref().is_some_and(|owner| owner.id == me))
            }),
            customer: Memo::new(move |_| detail.with(|detail| detail.end_user.name.clone().unwrap_or_else(|| customer(&detail.summary)))),
            pane: StoredValue::new(pane),
        }
    }

    /// A part of what is known about the handoff, told anew only when that part changes.
    pub fn part<T: Clone + PartialEq + Send + Sync + 'static>(self, of: impl Fn(&HandoffDetail) -> T + Send + Sync + 'static) -> Memo<T> {
        Memo::new(move |_| self.detail.with(|detail| of(detail)))
    }
}
