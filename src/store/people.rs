//! People who sign in.

use serde_json::json;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::audit;
use super::failure::{Result, StoreError};
use crate::model::ids::PersonId;
use crate::model::person::{Person, PersonRef, Role};

/// A person with what signing in needs.
#[derive(Clone)]
pub struct Account {
    pub person: Person,
    pub password_hash: String,
    pub disabled: bool,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("person", &self.person.id).field("disabled", &self.disabled).finish_non_exhaustive()
    }
}

/// Adds a person. The mail address must be new.
pub async fn add(pool: &PgPool, email: &str, name: &str, role: Role, password_hash: &str) -> Result<PersonId> {
    let id = PersonId::new();
    let mut tx = pool.begin().await?;
    sqlx::query!(
        "insert into people (person_id, email, name, role, password_hash) values ($1, $2, $3, $4, $5)",
        id.0,
        email,
        name,
        role.as_str(),
        password_hash
    )
    .execute(&mut *tx)
    .await
    .map_err(|error| match error.as_database_error().and_then(sqlx::error::DatabaseError::constraint) {
        Some("people_email_key") => StoreError::Invalid(format!("email: {email} is taken")),
        _ => error.into(),
    })?;
    audit::record(&mut tx, None, "person.add", "person", &id.to_string(), json!({ "role": role })).await?;
    tx.commit().await?;
    Ok(id)
}

/// The account with this mail address, in any spelling of its case.
pub async fn by_email(pool: &PgPool, email: &str) -> Result<Option<Account>> {
    let row = sqlx::query!(
        r#"select person_id, email, name, role as "role: Role", password_hash, disabled_at from people where lower(email) = lower($1)"#,
        email
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| Account {
        person: Person { id: PersonId(row.person_id), name: row.name, email: row.email, role: row.role },
        password_hash: row.password_hash,
        disabled: row.disabled_at.is_some(),
    }))
}

/// An account by id.
pub async fn by_id(pool: &PgPool, id: PersonId) -> Result<Option<Account>> {
    let row = sqlx::query!(
        r#"select person_id, email, name, role as "role: Role", password_hash, disabled_at from people where person_id = $1"#,
        id.0
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| Account {
        person: Person { id: PersonId(row.person_id), name: row.name, email: row.email, role: row.role },
        password_hash: row.password_hash,
        disabled: row.disabled_at.is_some(),
    }))
}

/// A person's name.
pub async fn reference(conn: &mut PgConnection, id: PersonId) -> Result<PersonRef> {
    let name = sqlx::query_scalar!("select name from people where person_id = $1", id.0).fetch_one(conn).await?;
    Ok(PersonRef { id, name })
}

/// One line of the list of people.
#[derive(Clone, Debug)]
pub struct Listed {
    pub person: Person,
    pub disabled: bool,
    pub created_at: OffsetDateTime,
    pub last_seen_at: Option<OffsetDateTime>,
}

/// Everybody, by mail address.
pub async fn list(pool: &PgPool) -> Result<Vec<Listed>> {
    let rows = sqlx::query!(
        r#"select person_id, email, name, role as "role: Role", disabled_at, created_at, last_seen_at from people order by lower(email)"#
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Listed {
            person: Person { id: PersonId(row.person_id), name: row.name, email: row.email, role: row.role },
            disabled: row.disabled_at.is_some(),
            created_at: row.created_at,
            last_seen_at: row.last_seen_at,
        })
        .collect())
}

/// Keeps somebody out. Their sessions end.
pub async fn disable(pool: &PgPool, email: &str) -> Result<PersonId> {
    let mut tx = pool.begin().await?;
    let id = sqlx::query_scalar!(
        "update people set disabled_at = coalesce(disabled_at, now()) where lower(email) = lower($1) returning person_id",
        email
    )
    .fetch_optional(&mut *tx)
    .await?
    .ok_or(StoreError::NotFound)?;
    audit::record(&mut tx, None, "person.disable", "person", &id.to_string(), json!({})).await?;
    tx.commit().await?;
    Ok(PersonId(id))
}

/// Gives somebody a new password, and lets them in again if they were disabled. Their sessions end.
pub async fn reset_password(pool: &PgPool, email: &str, password_hash: &str) -> Result<PersonId> {
    let mut tx = pool.begin().await?;
    let id = sqlx::query_scalar!(
        "update people set password_hash = $2, disabled_at = null where lower(email) = lower($1) returning person_id",
        email,
        password_hash
    )
    .fetch_optional(&mut *tx)
    .await?
    .ok_or(StoreError::NotFound)?;
    audit::record(&mut tx, None, "person.reset_password", "person", &id.to_string(), json!({})).await?;
    tx.commit().await?;
    Ok(PersonId(id))
}

/// Notes that these people have a live channel open.
pub async fn seen(pool: &PgPool, people: &[PersonId]) -> Result<()> {
    let ids: Vec<_> = people.iter().map(|person| person.0).collect();
    sqlx::query!("update people set last_seen_at = now() where person_id = any($1)", &ids).execute(pool).await?;
    Ok(())
}
