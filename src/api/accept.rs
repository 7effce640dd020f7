//! Accepting a handoff.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::model::ids::HandoffId;
use crate::model::problem::Problem;

/// Takes a waiting handoff. Exactly one of several who ask gets it; the others are told who did ([`Problem::Taken`]).
/// Reading the transcript, the end user and the metadata from Ada starts at once.
#[server(endpoint = "accept_handoff", input = Json)]
pub async fn accept_handoff(handoff: HandoffId) -> Result<(), Problem> {
    use crate::people::may::Action;
    use crate::server::answer::{answer, permitted};
    use crate::store;

    let (state, me) = permitted(Action::Accept, handoff).await?;
    answer(store::accept::accept(&state.pool, handoff, &me).await)?;
    state.wake(handoff);
    Ok(())
}
