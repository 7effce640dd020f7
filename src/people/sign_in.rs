//! Signing in and out.

use std::net::IpAddr;

use axum_login::AuthSession;
use leptos::prelude::use_context;
use secrecy::SecretString;
use tower_sessions::Session;

use super::password::PasswordError;
use super::session::{Backend, BackendError, Credentials};
use crate::bus::Wake;
use crate::model::ids::PersonId;
use crate::model::problem::Problem;
use crate::server::failure::Failure;
use crate::server::state::AppState;
use crate::store::{attempts, audit};

/// The window in which tries are counted, in seconds.
const WINDOW: i32 = 5 * 60;
/// How many tries one network address has for one mail address in the window.
const TRIES_OF_BOTH: i64 = 10;
/// How many tries there are in the window for one mail address from anywhere: many, or anybody could lock somebody out.
const TRIES_OF_EMAIL: i64 = 100;
/// How many tries one network address has in the window: an office shares one.
const TRIES_OF_ADDRESS: i64 = 100;

/// Starts a session under a new id, if the password is right. Each try is counted before the password is looked at.
pub async fn sign_in(state: &AppState, email: &str, password: &SecretString, address: Option<IpAddr>) -> Result<(), Failure> {
    let email = email.trim();
    if email.is_empty() {
        return Err(invalid("Email: write the address that you sign in with."));
    }
    let address = address.map(|address| address.to_string()).unwrap_or_default();
    let tries = attempts::count(&state.pool, email, &address, WINDOW).await?;
    if tries.of_both > TRIES_OF_BOTH || tries.of_email > TRIES_OF_EMAIL || tries.of_address > TRIES_OF_ADDRESS {
        metrics::counter!("babbage_sign_in_refused").increment(1);
        return Err(Problem::TooManyTries { seconds: WINDOW.unsigned_abs() }.into());
    }
    let mut session = auth_session().await?;
    let credentials = Credentials { email: email.to_owned(), password: password.clone() };
    let account = session.authenticate(credentials).await.map_err(refused)?;
    let Some(account) = account else {
        return Err(invalid("Email or password: one of them is not right. Check both; an administrator can reset the password."));
    };
    // Over a session that is signed in already `login` would keep its id: whoever knows that id would be in, too.
    if let Some(before) = session.user.clone() {
        let session = leptos_axum::extract::<Session>().await.map_err(|error| Failure::Session(error.to_string()))?;
        session.cycle_id().await.map_err(|error| Failure::Session(error.to_string()))?;
        end_channels(state, before.person.id);
    }
    session.login(&account).await.map_err(refused)?;
    attempts::forget(&state.pool, email).await?;
    let mut conn = state.pool.acquire().await.map_err(crate::store::StoreError::from)?;
    let id = account.person.id;
    audit::record(&mut conn, Some(id), "session.start", "person", &id.to_string(), serde_json::Value::Null).await?;
    Ok(())
}

/// Ends the session; its live channels close on every server.
pub async fn sign_out(state: &AppState) -> Result<(), Failure> {
    let account = auth_session().await?.logout().await.map_err(refused)?;
    if let Some(account) = account {
        end_channels(state, account.person.id);
    }
    Ok(())
}

/// Makes every live channel of somebody look whether its session still holds.
pub fn end_channels(state: &AppState, person: PersonId) {
    state.bus.wake(Wake::Person(person));
}

async fn auth_session() -> Result<AuthSession<Backend>, Failure> {
    debug_assert!(use_context::<axum::http::request::Parts>().is_some(), "only within a request");
    leptos_axum::extract::<AuthSession<Backend>>().await.map_err(|error| Failure::Session(error.to_string()))
}

fn invalid(message: &str) -> Failure {
    Problem::Invalid { message: message.to_owned() }.into()
}

fn refused(error: axum_login::Error<Backend>) -> Failure {
    match error {
        axum_login::Error::Backend(BackendError::Password(PasswordError::TooBusy)) => Problem::TooManyTries { seconds: 5 }.into(),
        axum_login::Error::Backend(BackendError::Store(error)) => error.into(),
        other => Failure::Session(other.to_string()),
    }
}
