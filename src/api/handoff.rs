//! One handoff as a whole.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::model::change::HandoffSnapshot;
use crate::model::ids::HandoffId;
use crate::model::problem::Problem;

/// Everything about one handoff, up to a change's number from which a browser watches on.
#[server(endpoint = "load_handoff", input = Json)]
pub async fn load_handoff(handoff: HandoffId) -> Result<HandoffSnapshot, Problem> {
    use crate::people::may::Action;
    use crate::server::answer::{answer, permitted};
    use crate::store;

    let (state, _) = permitted(Action::Read, handoff).await?;
    answer(store::snapshot::handoff(&state.pool, handoff).await)
}
