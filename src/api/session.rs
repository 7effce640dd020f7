//! Signing in and out.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::model::person::Person;
use crate::model::problem::Problem;

/// Starts a session. A plain form post, so that it works before the page has hydrated; leads to the desk.
#[server(endpoint = "sign_in")]
pub async fn sign_in(email: String, password: String) -> Result<(), Problem> {
    use crate::people::sign_in;
    use crate::server::answer::{answer, caller_address, state};

    let state = state()?;
    let address = caller_address().await;
    answer(sign_in::sign_in(&state, &email, &password.into(), address).await)?;
    leptos_axum::redirect("/");
    Ok(())
}

/// Ends this session here and on every server; its live channels close.
#[server(endpoint = "sign_out")]
pub async fn sign_out() -> Result<(), Problem> {
    use crate::people::sign_in;
    use crate::server::answer::{answer, state};

    answer(sign_in::sign_out(&state()?).await)?;
    leptos_axum::redirect("/login");
    Ok(())
}

/// Who is signed in.
#[server(endpoint = "who_am_i", input = Json)]
pub async fn who_am_i() -> Result<Person, Problem> {
    crate::server::answer::caller().await
}
