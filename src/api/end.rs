//! Ending a handoff, and putting an ended one out of sight.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::model::handoff::EndWay;
use crate::model::ids::HandoffId;
use crate::model::problem::Problem;

/// Keeps outcome and note with the handoff and owes Ada both: the metadata first, then the end. A failing write of metadata is
/// shown and does not hold up the end.
#[server(endpoint = "end_handoff", input = Json)]
pub async fn end_handoff(handoff: HandoffId, way: EndWay, outcome: String, note: String) -> Result<(), Problem> {
    use crate::people::may::Action;
    use crate::server::answer::{answer, permitted};
    use crate::store;

    let (state, me) = permitted(Action::End, handoff).await?;
    answer(store::end::ask(&state.pool, handoff, way, &outcome, &note, &me).await)?;
    state.wake(handoff);
    Ok(())
}

/// Takes an ended handoff out of its owner's list.
#[server(endpoint = "put_away", input = Json)]
pub async fn put_away(handoff: HandoffId) -> Result<(), Problem> {
    use crate::people::may::Action;
    use crate::server::answer::{answer, permitted};
    use crate::store;

    let (state, _) = permitted(Action::Write, handoff).await?;
    answer(store::end::put_away(&state.pool, handoff).await)?;
    state.wake(handoff);
    Ok(())
}
