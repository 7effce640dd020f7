//! The conversation's metadata at Ada.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::model::ids::HandoffId;
use crate::model::metadata::MetadataPatch;
use crate::model::problem::Problem;

/// Owes Ada a change of metadata. What Ada then has comes back over the live channel.
#[server(endpoint = "change_metadata", input = Json)]
pub async fn change_metadata(handoff: HandoffId, patch: MetadataPatch) -> Result<(), Problem> {
    use crate::people::may::Action;
    use crate::server::answer::{answer, permitted};
    use crate::store;

    let (state, me) = permitted(Action::Write, handoff).await?;
    answer(store::metadata::change(&state.pool, handoff, &patch, &me).await)?;
    state.wake(handoff);
    Ok(())
}
