//! Replies of an agent, and what can be done about one that failed.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::model::ids::{HandoffId, MessageId};
use crate::model::problem::Problem;

/// Stores a reply and owes it to Ada, in one transaction. `id` is made by the browser: asking twice with one `id` sends once.
#[server(endpoint = "send_reply", input = Json)]
pub async fn send_reply(handoff: HandoffId, id: MessageId, body: String) -> Result<(), Problem> {
    use crate::people::may::Action;
    use crate::server::answer::{answer, permitted};
    use crate::store;

    let (state, me) = permitted(Action::Write, handoff).await?;
    answer(store::replies::queue(&state.pool, handoff, id, &body, &me).await)?;
    state.wake(handoff);
    Ok(())
}

/// Tries a failed reply again. It goes to the end of what is owed.
#[server(endpoint = "retry_reply", input = Json)]
pub async fn retry_reply(handoff: HandoffId, id: MessageId) -> Result<(), Problem> {
    use crate::people::may::Action;
    use crate::server::answer::{answer, permitted};
    use crate::store;

    let (state, _) = permitted(Action::Write, handoff).await?;
    answer(store::replies::retry(&state.pool, handoff, id).await)?;
    state.wake(handoff);
    Ok(())
}

/// Takes a failed reply out of the transcript.
#[server(endpoint = "discard_reply", input = Json)]
pub async fn discard_reply(handoff: HandoffId, id: MessageId) -> Result<(), Problem> {
    use crate::people::may::Action;
    use crate::server::answer::{answer, permitted};
    use crate::store;

    let (state, me) = permitted(Action::Write, handoff).await?;
    answer(store::replies::discard(&state.pool, handoff, id, &me).await)?;
    state.wake(handoff);
    Ok(())
}
