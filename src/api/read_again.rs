//! Reading from Ada again what could not be read.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::model::ids::HandoffId;
use crate::model::problem::Problem;

/// Reads transcript, end user and metadata from Ada once more.
#[server(endpoint = "read_again", input = Json)]
pub async fn read_again(handoff: HandoffId) -> Result<(), Problem> {
    use crate::people::may::Action;
    use crate::server::answer::{answer, permitted};
    use crate::store;

    let (state, _) = permitted(Action::Write, handoff).await?;
    answer(store::accept::read_again(&state.pool, handoff).await)?;
    state.wake(handoff);
    Ok(())
}
