//! Which server decides what is read back, and whether there was a time without any.

use std::time::Duration;

use sqlx::PgPool;
use uuid::Uuid;

use super::failure::Result;
use super::read_back::{self, Why};

/// What a beat has shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beat {
    /// This server decides, until its next beat.
    pub ours: bool,
    /// There was no beat for long before this one.
    pub after_outage: bool,
}

/// Beats, and takes over if nobody has for the length of the lease. After `outage` without a beat every open conversation is to be compared
/// with Ada; that is noted in the same transaction, so that it is not lost with this server.
pub async fn beat(pool: &PgPool, server: Uuid, lease: Duration, outage: Duration) -> Result<Beat> {
    let mut tx = pool.begin().await?;
    let row = sqlx::query!(
        r#"insert into watch as w (server_id, beat_at, steady_since) values ($1, now(), now())
         on conflict (only_one) do update set server_id = $1, beat_at = now(),
            steady_since = case when w.beat_at < now() - make_interval(secs => $3) then now() else w.steady_since end
         where w.server_id = $1 or w.beat_at < now() - make_interval(secs => $2)
         returning steady_since = now() as "after_outage!""#,
        server,
        lease.as_secs_f64(),
        outage.as_secs_f64()
    )
    .fetch_optional(&mut *tx)
    .await?;
    let beat = Beat { ours: row.is_some(), after_outage: row.is_some_and(|row| row.after_outage) };
    if beat.after_outage {
        read_back::want(&mut tx, None, Why::Outage).await?;
    }
    tx.commit().await?;
    Ok(beat)
}
