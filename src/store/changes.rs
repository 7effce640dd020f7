//! The numbered changes of a handoff: the only way in which browsers learn of anything.

use std::collections::{HashMap, HashSet};

use sqlx::{PgConnection, PgPool};

use super::failure::{Result, StoreError};
use super::{messages, rows};
use crate::model::change::{Change, Numbered};
use crate::model::ids::{HandoffId, MessageId};

/// What changed. The value itself is read when it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    Handoff,
    Message(MessageId),
    Gone(MessageId),
}

/// Numbers one change. The caller holds the row lock of the handoff's conversation, so numbers commit in order and without holes.
///
/// A transcript is the conversation's: what becomes of a message of an earlier handoff is told to those who look at the latest one, too.
/// Returns the number among the changes of this handoff.
pub async fn append(conn: &mut PgConnection, handoff: HandoffId, what: What) -> Result<i64> {
    let (kind, message) = match what {
        What::Handoff => ("handoff", None),
        What::Message(id) => ("message", Some(id.0)),
        What::Gone(id) => ("gone", Some(id.0)),
    };
    let numbers = sqlx::query!(
        "with numbered as (
            update handoffs set head = head + 1
            where handoff_id = any (array[$1::uuid, case when $3::uuid is not null then (
                select l.handoff_id from handoffs l where l.conversation_id = (select conversation_id from handoffs where handoff_id = $1)
                order by l.handed_off_at desc, l.handoff_id desc limit 1
            ) end])
            returning handoff_id, head
         )
         insert into changes (handoff_id, number, kind, message_id) select handoff_id, head, $2, $3 from numbered
         returning handoff_id, number",
        handoff.0,
        kind,
        message
    )
    .fetch_all(conn)
    .await?;
    let own = numbers.into_iter().find(|told| told.handoff_id == handoff.0).ok_or(StoreError::NotFound)?;
    Ok(own.number)
}

/// The changes after a number, at most `limit`, each with the value as it is now. What a later one of them brings anyway is
/// [`Change::Superseded`].
pub async fn after(pool: &PgPool, handoff: HandoffId, number: i64, limit: i64) -> Result<Vec<Numbered>> {
    let rows = sqlx::query!(
        "select number, kind, message_id from changes where handoff_id = $1 and number > $2 order by number limit $3",
        handoff.0,
        number,
        limit
    )
    .fetch_all(pool)
    .await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut conn = pool.acquire().await?;
    let ids: Vec<_> = rows.iter().filter(|row| row.kind == "message").filter_map(|row| row.message_id).collect();
    let mut values: HashMap<MessageId, _> = HashMap::new();
    if !ids.is_empty() {
        values.extend(messages::by_ids(&mut conn, &ids).await?.into_iter().map(|message| (message.id, message)));
    }
    let mut detail = None;
    if rows.iter().any(|row| row.kind == "handoff") {
        detail = Some(rows::detail(&mut conn, handoff).await?);
    }
    // From the end: the last mention of a thing carries it, the earlier ones are superseded.
    let mut told = HashSet::new();
    let mut changes: Vec<_> = rows
        .into_iter()
        .rev()
        .map(|row| {
            let id = row.message_id.map(MessageId);
            let change = if told.insert(id) { value(&row.kind, id, &mut values, &mut detail) } else { Change::Superseded };
            Numbered { handoff, number: row.number, change }
        })
        .collect();
    changes.reverse();
    Ok(changes)
}

fn value(
    kind: &str,
    id: Option<MessageId>,
    values: &mut HashMap<MessageId, crate::model::message::Message>,
    detail: &mut Option<crate::model::handoff::HandoffDetail>,
) -> Change {
    match (kind, id) {
        ("handoff", _) => detail.take().map_or(Change::Superseded, |detail| Change::Handoff { detail: Box::new(detail) }),
        // A message that is no longer there left since: a later "gone" says so.
        ("message", Some(id)) => values.remove(&id).map_or(Change::Gone { id }, |message| Change::Message { message: Box::new(message) }),
        (_, Some(id)) => Change::Gone { id },
        (_, None) => Change::Superseded,
    }
}

/// The number of the last change.
pub async fn head(pool: &PgPool, handoff: HandoffId) -> Result<i64> {
    let head = sqlx::query_scalar!("select head from handoffs where handoff_id = $1", handoff.0).fetch_optional(pool).await?;
    head.ok_or(super::StoreError::NotFound)
}

/// The head of a handoff, as it is known to Postgres.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub handoff: HandoffId,
    pub head: i64,
    /// Whether it stands in the queue or in somebody's list.
    pub listed: bool,
}

/// The heads of all handoffs that stand in a list, and of these. No time is asked for: a transaction may commit long after it began.
pub async fn heads(pool: &PgPool, watched: &[HandoffId]) -> Result<Vec<Head>> {
    let watched: Vec<_> = watched.iter().map(|handoff| handoff.0).collect();
    let rows = sqlx::query!(
        r#"select handoff_id as "handoff_id!", head as "head!", true as "listed!" from handoffs where put_away_at is null
        union all
        select handoff_id, head, false from handoffs where handoff_id = any($1) and put_away_at is not null"#,
        &watched
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| Head { handoff: HandoffId(row.handoff_id), head: row.head, listed: row.listed }).collect())
}

/// Forgets the changes of handoffs that ended more than a week ago, of at most `limit` of them. A browser that comes back from before
/// loads anew. Returns how many handoffs there were.
pub async fn prune(pool: &PgPool, limit: i64) -> Result<u64> {
    let mut tx = pool.begin().await?;
    let old = sqlx::query_scalar!(
        "select handoff_id from handoffs where state = 'ended' and changes_kept and ended_at < now() - interval '7 days'
         order by ended_at limit $1 for update skip locked",
        limit
    )
    .fetch_all(&mut *tx)
    .await?;
    sqlx::query!("delete from changes where handoff_id = any($1)", &old).execute(&mut *tx).await?;
    let pruned = sqlx::query!("update handoffs set changes_kept = false where handoff_id = any($1)", &old).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(pruned.rows_affected())
}
