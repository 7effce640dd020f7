//! What every server function starts and ends with.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

use super::failure::Failure;
use super::state::AppState;
use crate::model::handoff::HandoffState;
use crate::model::ids::HandoffId;
use crate::model::person::Person;
use crate::model::problem::Problem;
use crate::people::may::{self, Action, Upkeep};
use crate::people::session::Caller;
use crate::store;

/// What the server's parts share.
pub fn state() -> Result<AppState, Problem> {
    use_context::<AppState>().ok_or_else(|| answer_error(Failure::Session("no state for this request".to_owned()).into()))
}

/// Who asks. Nobody: [`Problem::SignedOut`].
pub async fn caller() -> Result<Person, Problem> {
    let caller = leptos_axum::extract::<Caller>().await.map_err(|error| answer_error(Failure::Session(error.to_string()).into()))?;
    caller.person().ok_or_else(|| answer_error(Problem::SignedOut))
}

/// Who asks, if they may do this with the handoff. One that they may not even read does not exist for them; one that waits has to be
/// accepted first.
pub async fn permitted(action: Action, handoff: HandoffId) -> Result<(AppState, Person), Problem> {
    let me = caller().await?;
    let state = state()?;
    let facts = match store::handoffs::facts(&state.pool, handoff).await {
        Ok(facts) => facts,
        Err(error) => return Err(answer_error(Failure::from(error).into())),
    };
    if may::may(&me, action, facts) {
        return Ok((state, me));
    }
    Err(answer_error(match (may::may(&me, Action::Read, facts), facts.state) {
        (true, HandoffState::Waiting) => Problem::TooLate { message: "Accept the handoff first.".to_owned() },
        (true, _) => Problem::Forbidden,
        (false, _) => Problem::NotFound,
    }))
}

/// Who asks, if they may do this with the desk itself.
pub async fn permitted_upkeep(what: Upkeep) -> Result<(AppState, Person), Problem> {
    let me = caller().await?;
    if !may::may_keep_up(&me, what) {
        return Err(refuse(Problem::Forbidden));
    }
    Ok((state()?, me))
}

/// A refusal with its status.
pub fn refuse(problem: Problem) -> Problem {
    answer_error(problem)
}

/// From which address the request came.
pub async fn caller_address() -> Option<IpAddr> {
    leptos_axum::extract::<ConnectInfo<SocketAddr>>().await.ok().map(|ConnectInfo(address)| address.ip())
}

/// The answer of a server function: what went wrong becomes words for people and an HTTP status.
pub fn answer<T>(result: Result<T, impl Into<Failure>>) -> Result<T, Problem> {
    result.map_err(|failure| answer_error(failure.into().into()))
}

/// Within a page that is being made, and for a form that was posted without scripts, the status belongs to the page.
fn answer_error(problem: Problem) -> Problem {
    let for_a_page = use_context::<Parts>().is_some_and(|parts| accepts_html(&parts.headers));
    if let (false, Some(response), Ok(status)) = (for_a_page, use_context::<ResponseOptions>(), StatusCode::from_u16(problem.status())) {
        response.set_status(status);
    }
    problem
}

fn accepts_html(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
}
