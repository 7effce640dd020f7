//! The lists of the desk.

use std::collections::{HashMap, HashSet};

use sqlx::PgPool;
use time::OffsetDateTime;

use super::failure::Result;
use super::rows::{Row, select_rows};
use crate::model::change::DeskSnapshot;
use crate::model::handoff::HandoffSummary;
use crate::model::ids::{HandoffId, PersonId};
use crate::model::person::Person;
use crate::model::stamp;

/// The most waiting handoffs that a list shows; the oldest come first.
const MOST: i64 = 500;
/// The most that a person's own list shows.
const MOST_OF_ONE: usize = 500;

/// What somebody's desk shows: what waits, and what is theirs.
pub async fn desk(pool: &PgPool, me: &Person) -> Result<DeskSnapshot> {
    // The queue first: what is accepted in between is in both, and the later one is right.
    let waiting = waiting(pool).await?;
    let mine = of_owners(pool, &[me.id]).await?.remove(&me.id).unwrap_or_default();
    let taken: HashSet<_> = mine.iter().map(|summary| summary.id).collect();
    let handoffs = waiting.into_iter().filter(|summary| !taken.contains(&summary.id)).chain(mine).collect();
    Ok(DeskSnapshot { me: me.clone(), handoffs, now: stamp::whole_micros(OffsetDateTime::now_utc()) })
}

/// The queue.
pub async fn waiting(pool: &PgPool) -> Result<Vec<HandoffSummary>> {
    let rows = select_rows!("where state = 'waiting' order by handed_off_at, handoff_id limit $1", MOST).fetch_all(pool).await?;
    Ok(rows.into_iter().map(Row::into_summary).collect())
}

/// What each of these people has in their list.
pub async fn of_owners(pool: &PgPool, people: &[PersonId]) -> Result<HashMap<PersonId, Vec<HandoffSummary>>> {
    let ids: Vec<_> = people.iter().map(|person| person.0).collect();
    let rows =
        select_rows!("where owner_id = any($1) and put_away_at is null order by handed_off_at, handoff_id", &ids).fetch_all(pool).await?;
    let mut lists: HashMap<_, Vec<_>> = HashMap::new();
    for row in rows {
        let Some(owner) = row.owner_id.map(PersonId) else { continue };
        let list = lists.entry(owner).or_default();
        if list.len() < MOST_OF_ONE {
            list.push(row.into_summary());
        }
    }
    Ok(lists)
}

/// Entries of the lists. Those of handoffs that do not exist any more are left out.
pub async fn of(pool: &PgPool, handoffs: &[HandoffId]) -> Result<Vec<HandoffSummary>> {
    let ids: Vec<_> = handoffs.iter().map(|handoff| handoff.0).collect();
    let rows = select_rows!("where handoff_id = any($1)", &ids).fetch_all(pool).await?;
    Ok(rows.into_iter().map(Row::into_summary).collect())
}
