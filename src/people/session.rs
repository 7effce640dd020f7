//! Sessions: who a request comes from.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum_login::{AuthSession, AuthUser, AuthnBackend};
use secrecy::SecretString;
use sqlx::PgPool;
use thiserror::Error;
use tower_sessions::session::Id;
use tower_sessions::{Session, SessionStore};
use uuid::Uuid;

use super::password::{self, PasswordError};
use crate::model::ids::PersonId;
use crate::model::person::Person;
use crate::server::state::AppState;
use crate::store::people::{self, Account};
use crate::store::{self, StoreError};

/// What somebody signs in with.
pub struct Credentials {
    pub email: String,
    pub password: SecretString,
}

/// Why signing in could not be decided.
#[derive(Debug, Error)]
pub enum BackendError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Password(#[from] PasswordError),
}

/// Looks accounts up for `axum-login`.
#[derive(Clone, Debug)]
pub struct Backend {
    pool: PgPool,
}

impl Backend {
    /// Accounts of this store.
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }
}

impl AuthUser for Account {
    type Id = Uuid;

    fn id(&self) -> Uuid {
        self.person.id.0
    }

    /// A new password ends every session.
    fn session_auth_hash(&self) -> &[u8] {
        self.password_hash.as_bytes()
    }
}

impl AuthnBackend for Backend {
    type User = Account;
    type Credentials = Credentials;
    type Error = BackendError;

    /// Takes as long for an unknown mail address as for a wrong password.
    async fn authenticate(&self, credentials: Credentials) -> Result<Option<Account>, BackendError> {
        let account = people::by_email(&self.pool, &credentials.email).await?;
        let hash = account.as_ref().map(|account| account.password_hash.clone());
        let right = password::verify(&credentials.password, hash.as_deref()).await?;
        Ok(account.filter(|account| right && !account.disabled))
    }

    async fn get_user(&self, id: &Uuid) -> Result<Option<Account>, BackendError> {
        Ok(people::by_id(&self.pool, PersonId(*id)).await?.filter(|account| !account.disabled))
    }
}

/// Whoever a request comes from, somebody or nobody.
#[derive(Clone)]
pub struct Caller {
    account: Option<Account>,
    session: Option<Id>,
}

impl Caller {
    /// The person, if somebody is signed in.
    pub fn person(&self) -> Option<Person> {
        self.account.as_ref().map(|account| account.person.clone())
    }

    /// The session, to look later whether it still holds.
    pub fn visit(&self) -> Option<Visit> {
        let account = self.account.as_ref()?;
        Some(Visit { session: self.session?, person: account.person.id, password_hash: account.password_hash.clone() })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let session = Session::from_request_parts(parts, state).await?;
        let auth = AuthSession::<Backend>::from_request_parts(parts, state).await?;
        Ok(Self { account: auth.user, session: session.id() })
    }
}

/// A session that a live channel hangs on.
#[derive(Clone)]
pub struct Visit {
    session: Id,
    person: PersonId,
    password_hash: String,
}

impl Visit {
    /// Whether the session is still there, and its person neither disabled nor with another password.
    pub async fn is_still_valid(&self, state: &AppState) -> Result<bool, StoreError> {
        match state.sessions.load(&self.session).await {
            Ok(Some(_)) => {}
            Ok(None) => return Ok(false),
            Err(error) => return Err(StoreError::Database(sqlx::Error::Protocol(error.to_string()))),
        }
        let account = store::people::by_id(&state.pool, self.person).await?;
        Ok(account.is_some_and(|account| !account.disabled && account.password_hash == self.password_hash))
    }
}
