//! What `GET /availability` tells Ada before it hands off.

use sqlx::PgPool;

use super::failure::Result;

/// How the desk is staffed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Availability {
    /// People with a live channel open.
    pub agents: i64,
    pub waiting: i64,
    /// The average wait of the last 20 handoffs accepted within an hour, in seconds.
    pub recent_wait: Option<i64>,
}

/// Counts people and handoffs.
pub async fn now(pool: &PgPool) -> Result<Availability> {
    let row = sqlx::query!(
        r#"select
            (select count(*) from people where disabled_at is null and last_seen_at > now() - interval '45 seconds') as "agents!",
            (select count(*) from handoffs where state = 'waiting') as "waiting!",
            (
                select round(avg(extract(epoch from accepted_at - handed_off_at)))::bigint
                from (
                    select accepted_at, handed_off_at from handoffs
                    where accepted_at > now() - interval '1 hour' order by accepted_at desc limit 20
                ) recent
            ) as recent_wait"#
    )
    .fetch_one(pool)
    .await?;
    Ok(Availability { agents: row.agents, waiting: row.waiting, recent_wait: row.recent_wait })
}
