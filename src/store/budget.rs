//! The rate budget of an AI agent at Ada, which all servers share: granting calls so that no window of Ada's ever holds too many.
//!
//! A call may reach Ada at any moment between its grant and its answer. It therefore holds its place in a window from the one until
//! the other and the window's length more; until its answer is noted, until the latest moment at which it must have ended. Everything is
//! decided by the database's clock, under the lock of the budget's row.

use std::time::Duration;

use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::failure::{Result, StoreError};
use crate::model::ids::AiAgentId;
use crate::model::pace::{Class, Grant, RateLimits, Window, Windows};

/// The longest that a call may hold its place without an answer: an upload's five minutes, with room.
const LONGEST: Duration = Duration::from_secs(6 * 60);
/// The longest that all calls of an AI agent wait because Ada asked to slow down.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A granted call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    pub ai_agent: AiAgentId,
    pub number: i64,
}

/// Grants a call of a class that ends within `within`, or says for how long not.
pub async fn grant(pool: &PgPool, ai_agent: AiAgentId, class: Class, within: Duration) -> Result<Grant<Call>> {
    let mut tx = pool.begin().await?;
    let budget = lock(&mut tx, ai_agent).await?;
    let shares = budget.limits.share_of(class);
    // A new statement: it sees what those who held the lock before have committed, and has its own clock.
    let now = sqlx::query!(
        r#"select clock_timestamp() as "now!",
            (select count(*) from ada_calls where ai_agent_id = $1 and over_at > clock_timestamp() - interval '1 second') as "second!",
            (select count(*) from ada_calls where ai_agent_id = $1 and over_at > clock_timestamp() - interval '1 minute') as "minute!",
            (select granted_at from ada_calls where ai_agent_id = $1 and number = $2) as day_ago"#,
        ai_agent.0,
        budget.last_number + 1 - i64::from(shares.per_day)
    )
    .fetch_one(&mut *tx)
    .await?;
    if let Some(until) = budget.paused_until.filter(|until| *until > now.now) {
        return Ok(Grant::Wait { wait: (until - now.now).unsigned_abs(), window: None });
    }
    // Calls are granted in the order of their numbers, so this one's being old enough means that all before it are.
    let free = now.day_ago.map(|granted| granted + DAY + LONGEST - now.now).filter(|wait| wait.is_positive());
    if let Some(wait) = free {
        return Ok(Grant::Wait { wait: wait.unsigned_abs(), window: Some(Window::Day) });
    }
    for (window, used, limit) in [(Window::Minute, now.minute, shares.per_minute), (Window::Second, now.second, shares.per_second)] {
        if used >= i64::from(limit) {
            let wait = place_in(&mut tx, ai_agent, window, now.now, used - i64::from(limit)).await?;
            return Ok(Grant::Wait { wait, window: Some(window) });
        }
    }
    let number = sqlx::query_scalar!(
        r#"with numbered as (update ada_budgets set last_number = last_number + 1 where ai_agent_id = $1 returning last_number)
         insert into ada_calls (ai_agent_id, number, class, granted_at, over_at)
         select $1, last_number, $2, clock_timestamp(), clock_timestamp() + make_interval(secs => $3) from numbered
         returning number"#,
        ai_agent.0,
        class.number(),
        within.min(LONGEST).as_secs_f64()
    )
    .fetch_one(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(Grant::Granted(Call { ai_agent, number }))
}

/// How long until so many calls more than `ahead` have left a window, at the earliest: one that is under way now holds its place for the whole
/// window yet.
async fn place_in(conn: &mut PgConnection, ai_agent: AiAgentId, window: Window, now: OffsetDateTime, ahead: i64) -> Result<Duration> {
    let length = window.length();
    let over = sqlx::query_scalar!(
        r#"select case when answered then over_at else $2 end as "over!" from ada_calls
         where ai_agent_id = $1 and over_at > $2::timestamptz - make_interval(secs => $3)
         order by 1 offset $4 limit 1"#,
        ai_agent.0,
        now,
        length.as_secs_f64(),
        ahead
    )
    .fetch_optional(conn)
    .await?;
    Ok(over.map_or(Duration::ZERO, |over| (over + length - now).max(time::Duration::ZERO).unsigned_abs()))
}

struct Budget {
    last_number: i64,
    paused_until: Option<OffsetDateTime>,
    limits: RateLimits,
}

async fn lock(conn: &mut PgConnection, ai_agent: AiAgentId) -> Result<Budget> {
    for _ in 0..2 {
        let row = sqlx::query!(
            "select b.last_number, b.paused_until, a.calls_per_second, a.calls_per_minute, a.calls_per_day
             from ada_budgets b join ai_agents a using (ai_agent_id)
             where b.ai_agent_id = $1 for update of b",
            ai_agent.0
        )
        .fetch_optional(&mut *conn)
        .await?;
        if let Some(row) = row {
            let limits = RateLimits::new(row.calls_per_second, row.calls_per_minute, row.calls_per_day);
            return Ok(Budget { last_number: row.last_number, paused_until: row.paused_until, limits });
        }
        sqlx::query!(
            "insert into ada_budgets (ai_agent_id) select ai_agent_id from ai_agents where ai_agent_id = $1 on conflict do nothing",
            ai_agent.0
        )
        .execute(&mut *conn)
        .await?;
    }
    Err(StoreError::NotFound)
}

/// Notes that a call is over: its place is free a window's length from now on.
pub async fn over(pool: &PgPool, call: Call) -> Result<()> {
    sqlx::query!(
        "update ada_calls set over_at = clock_timestamp(), answered = true where ai_agent_id = $1 and number = $2 and not answered",
        call.ai_agent.0,
        call.number
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Ada answered "too many requests": nobody calls for as long as it asked, at most a minute; if it did not say, longer each time.
pub async fn slow_down(pool: &PgPool, ai_agent: AiAgentId, asked: Option<Duration>) -> Result<()> {
    sqlx::query!(
        "update ada_budgets
         set slowed = case when $2::float8 is null then least(slowed + 1, 10) else slowed end,
            paused_until = greatest(
                paused_until,
                clock_timestamp() + make_interval(secs => coalesce($2, least(power(2, slowed) * (0.5 + random() / 2) * 0.5, $3)))
            )
         where ai_agent_id = $1",
        ai_agent.0,
        asked.map(|asked| asked.min(LONGEST_PAUSE).as_secs_f64()),
        LONGEST_PAUSE.as_secs_f64()
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Ada took a call, or refused the key. Writes only when that is news.
pub async fn key_taken(pool: &PgPool, ai_agent: AiAgentId, taken: bool) -> Result<()> {
    sqlx::query!(
        "update ada_budgets set key_refused_at = case when $2 then null else now() end, slowed = case when $2 then 0 else slowed end
         where ai_agent_id = $1 and ((key_refused_at is null) <> $2 or ($2 and slowed > 0))",
        ai_agent.0,
        taken
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// How much of an AI agent's budget is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remaining {
    /// Calls that hold a place in each window, and how many there are.
    pub used: Windows,
    pub limits: RateLimits,
    /// Ada asked to slow down.
    pub paused_until: Option<OffsetDateTime>,
    /// When the oldest place of the last 24 hours becomes free. `None` if there is none, or while places are left.
    pub next_of_day: Option<OffsetDateTime>,
    /// Since when Ada does not take the key.
    pub key_refused_at: Option<OffsetDateTime>,
}

/// How much of an AI agent's budget is used, as of now.
pub async fn remaining(pool: &PgPool, ai_agent: AiAgentId) -> Result<Remaining> {
    let row = sqlx::query!(
        r#"select a.calls_per_second, a.calls_per_minute, a.calls_per_day, b.paused_until as "paused_until?", b.key_refused_at as "key_refused_at?",
            (select count(*) from ada_calls where ai_agent_id = $1 and over_at > now() - interval '1 second') as "second!",
            (select count(*) from ada_calls where ai_agent_id = $1 and over_at > now() - interval '1 minute') as "minute!",
            coalesce(b.last_number - (
                select number from ada_calls where ai_agent_id = $1 and granted_at <= now() - make_interval(secs => $2) order by number desc limit 1
            ), (select count(*) from ada_calls where ai_agent_id = $1), 0) as "day!",
            (select granted_at from ada_calls where ai_agent_id = $1 and number = b.last_number + 1 - a.calls_per_day) as day_ago
         from ai_agents a left join ada_budgets b using (ai_agent_id)
         where a.ai_agent_id = $1"#,
        ai_agent.0,
        (DAY + LONGEST).as_secs_f64()
    )
    .fetch_optional(pool)
    .await?
    .ok_or(StoreError::NotFound)?;
    let now = OffsetDateTime::now_utc();
    Ok(Remaining {
        used: Windows { second: row.second, minute: row.minute, day: row.day },
        limits: RateLimits::new(row.calls_per_second, row.calls_per_minute, row.calls_per_day),
        paused_until: row.paused_until.filter(|until| *until > now),
        next_of_day: row.day_ago.map(|granted| granted + DAY + LONGEST).filter(|free| *free > now),
        key_refused_at: row.key_refused_at,
    })
}

/// Forgets calls that no window can hold any more, at most `limit` of them. Gives how many there were.
pub async fn sweep(pool: &PgPool, limit: i64) -> Result<u64> {
    let swept = sqlx::query!(
        "delete from ada_calls where ctid = any(array(
            select ctid from ada_calls where granted_at < now() - interval '26 hours' order by granted_at limit $1
         ))",
        limit
    )
    .execute(pool)
    .await?;
    Ok(swept.rows_affected())
}
