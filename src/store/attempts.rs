//! Tries to sign in, counted before the password is looked at, so that many at once cannot slip through.

use sqlx::PgPool;
use uuid::Uuid;

use super::failure::Result;

/// How many tries there were in the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tries {
    /// For this mail address from this network address.
    pub of_both: i64,
    /// For this mail address from anywhere.
    pub of_email: i64,
    /// From this network address for anybody.
    pub of_address: i64,
}

/// Counts one try, and gives how many there were in the window (in seconds), this one included.
pub async fn count(pool: &PgPool, email: &str, address: &str, window: i32) -> Result<Tries> {
    let email = email.to_lowercase();
    // First the row, committed; then the count: of many at once, each sees at least itself and all that committed before.
    sqlx::query!("insert into sign_in_attempts (attempt_id, email, address) values ($1, $2, $3)", Uuid::now_v7(), email, address)
        .execute(pool)
        .await?;
    let tries = sqlx::query_as!(
        Tries,
        r#"select
            (
                select count(*) from sign_in_attempts where email = $1 and address = $2 and at > now() - make_interval(secs => $3)
            ) as "of_both!",
            (select count(*) from sign_in_attempts where email = $1 and at > now() - make_interval(secs => $3)) as "of_email!",
            (select count(*) from sign_in_attempts where address = $2 and at > now() - make_interval(secs => $3)) as "of_address!""#,
        email,
        address,
        f64::from(window)
    )
    .fetch_one(pool)
    .await?;
    Ok(tries)
}

/// Forgets the tries of somebody who got in.
pub async fn forget(pool: &PgPool, email: &str) -> Result<()> {
    sqlx::query!("delete from sign_in_attempts where email = $1", email.to_lowercase()).execute(pool).await?;
    Ok(())
}

/// Forgets what is too old to count.
pub async fn sweep(pool: &PgPool) -> Result<()> {
    sqlx::query!("delete from sign_in_attempts where at < now() - interval '1 day'").execute(pool).await?;
    Ok(())
}
