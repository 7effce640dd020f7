//! How the desk runs.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::model::alarm::Alarm;
use crate::model::health::Health;
use crate::model::problem::Problem;

/// The alarms that stand, for whoever is to know of them.
#[server(endpoint = "load_alarms", input = Json)]
pub async fn load_alarms() -> Result<Vec<Alarm>, Problem> {
    use crate::people::may::Upkeep;
    use crate::server::answer::{answer, permitted_upkeep};
    use crate::store;

    let (state, _) = permitted_upkeep(Upkeep::KnowOfAlarms).await?;
    answer(store::alarms::open(&state.pool).await)
}

/// How it stands with each AI agent.
#[server(endpoint = "load_health", input = Json)]
pub async fn load_health() -> Result<Health, Problem> {
    use crate::people::may::Upkeep;
    use crate::server::answer::{answer, permitted_upkeep};
    use crate::store;

    let (state, _) = permitted_upkeep(Upkeep::SeeHealth).await?;
    answer(store::health::all(&state.pool).await)
}
