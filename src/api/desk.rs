//! The lists of the desk.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::model::change::DeskSnapshot;
use crate::model::problem::Problem;

/// Who is signed in, what waits, and what is theirs.
#[server(endpoint = "load_desk", input = Json)]
pub async fn load_desk() -> Result<DeskSnapshot, Problem> {
    use crate::server::answer::{answer, caller, state};
    use crate::store;

    let me = caller().await?;
    answer(store::summaries::desk(&state()?.pool, &me).await)
}
