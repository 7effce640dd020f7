//! Events that could not be applied.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::model::ids::EventId;
use crate::model::kept_event::{KeptEvents, Payload, Replayed, Swept};
use crate::model::problem::Problem;

/// What waits for an administrator; the oldest of it.
#[server(endpoint = "load_events", input = Json)]
pub async fn load_events() -> Result<KeptEvents, Problem> {
    use time::OffsetDateTime;

    use crate::model::stamp;
    use crate::people::may::Upkeep;
    use crate::server::answer::{answer, permitted_upkeep};
    use crate::store;

    const LISTED: i64 = 200;
    let (state, _) = permitted_upkeep(Upkeep::HandleEvents).await?;
    let counts = answer(store::events::counts(&state.pool).await)?;
    let events = answer(store::kept_events::listed(&state.pool, LISTED).await)?;
    let now = stamp::whole_micros(OffsetDateTime::now_utc());
    Ok(KeptEvents { unreadable: counts.unreadable, failed: counts.failed, events, now })
}

/// What an event says. It is personal data: that somebody looked is noted.
#[server(endpoint = "open_event", input = Json)]
pub async fn open_event(event: EventId) -> Result<Payload, Problem> {
    use crate::intake::readable;
    use crate::people::may::Upkeep;
    use crate::server::answer::{answer, permitted_upkeep, refuse};
    use crate::store;

    let (state, me) = permitted_upkeep(Upkeep::HandleEvents).await?;
    match answer(store::kept_events::open(&state.pool, event, me.id).await)? {
        Some(bytes) => Ok(readable::show(event, &bytes)),
        None => Err(refuse(Problem::NotFound)),
    }
}

/// Applies one event again.
#[server(endpoint = "replay_event", input = Json)]
pub async fn replay_event(event: EventId) -> Result<Replayed, Problem> {
    use crate::people::may::Upkeep;
    use crate::server::answer::{answer, permitted_upkeep};
    use crate::server::upkeep;

    let (state, me) = permitted_upkeep(Upkeep::HandleEvents).await?;
    answer(upkeep::replay(&state, &me, event).await)
}

/// Applies events again, the oldest first, for some seconds. What could not be tried in that time is left for the next call, which
/// begins after the last one of this.
#[server(endpoint = "replay_events", input = Json)]
pub async fn replay_events(after: Option<EventId>) -> Result<Swept, Problem> {
    use crate::people::may::Upkeep;
    use crate::server::answer::{answer, permitted_upkeep};
    use crate::server::upkeep;

    let (state, me) = permitted_upkeep(Upkeep::HandleEvents).await?;
    answer(upkeep::replay_from(&state, &me, after).await)
}

/// Sets an event aside: it stays in the store, and is not listed or counted any more.
#[server(endpoint = "set_event_aside", input = Json)]
pub async fn set_event_aside(event: EventId) -> Result<(), Problem> {
    use crate::people::may::Upkeep;
    use crate::server::answer::{answer, permitted_upkeep, refuse};
    use crate::store;

    let (state, me) = permitted_upkeep(Upkeep::HandleEvents).await?;
    if !answer(store::events::dismiss(&state.pool, event, me.id).await)? {
        return Err(refuse(Problem::NotFound));
    }
    answer(store::kept_events::note(&state.pool, me.id, "event.set_aside", event).await)
}
