//! What a comparison with Ada has brought, page by page, and how it ended.

use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::Why;
use crate::model::handoff::EndCause;
use crate::model::ids::{ConversationId, MessageId};
use crate::model::message::AuthorRole;
use crate::store::deliveries::{self, Claimed, Outcome};
use crate::store::failure::Result;
use crate::store::handoffs::{self, End};
use crate::store::lock::{self, Locked};
use crate::store::record::{self, Incoming, Place, fresh};

/// How long after the trigger a customer's message is surely one that webhooks bring under the desk's label.
const SETTLED: time::Duration = time::Duration::seconds(10);

/// Where in Ada's list a read ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadTo {
    /// Ada lists the oldest first, and this page was the last.
    Page {
        /// What names the page.
        query: String,
        /// The place of its first message in the whole list.
        listed: i32,
        /// Ada's id of that message: another one there means that the pages have moved.
        first: String,
    },
    /// Ada lists the newest first: every read begins at the first page.
    Newest,
}

/// What is known of earlier reads.
#[derive(Clone, Debug, Default)]
pub struct Position {
    pub read_to: Option<ReadTo>,
    /// How long ago Ada said that the conversation goes on.
    pub checked: Option<Duration>,
    /// Somebody has accepted the handoff.
    pub accepted: bool,
}

/// Where the next read of this conversation begins.
pub async fn position(pool: &PgPool, claimed: &Claimed) -> Result<Position> {
    let row = sqlx::query!(
        r#"select c.read_to, extract(epoch from now() - c.checked_at)::float8 as checked, h.state <> 'waiting' as "accepted!"
         from conversations c join handoffs h using (conversation_id) where h.handoff_id = $1"#,
        claimed.handoff.0
    )
    .fetch_one(pool)
    .await?;
    Ok(Position {
        // One that this version cannot read is none: the read then begins at the beginning.
        read_to: row.read_to.and_then(|json| serde_json::from_value(json).ok()),
        checked: row.checked.map(|seconds| Duration::from_secs_f64(seconds.max(0.0))),
        accepted: row.accepted,
    })
}

/// Records a page of Ada's list. Returns whether anything on it was new.
pub async fn page(pool: &PgPool, claimed: &Claimed, page: &[Incoming], why: Why) -> Result<bool> {
    let mut tx = pool.begin().await?;
    let locked = lock::handoff(&mut tx, claimed.handoff).await?;
    // Whoever works on the conversation now is told, whichever handoff the read was for.
    let latest = lock::latest(&mut tx, locked.conversation).await?.unwrap_or(locked);
    let place = Place { ai_agent: latest.ai_agent, conversation: latest.conversation, latest: Some(&latest) };
    let known = known(&mut tx, latest.conversation, page).await?;
    let waiting_for_echo = without_echo(&mut tx, latest.conversation).await?;
    let mut changed = false;
    let mut found = Vec::new();
    for incoming in page {
        match known.get(incoming.id.as_str()) {
            Some(true) => {}
            // An echo has to be matched with our own reply first.
            None if incoming.author.role != AuthorRole::HumanAgent => {
                for fresh in fresh::insert(&mut tx, &[(place, incoming)]).await?.into_iter().flatten() {
                    changed = true;
                    if incoming.author.role == AuthorRole::EndUser {
                        found.push(fresh.message.id);
                    }
                }
            }
            Some(false) | None => changed |= record::message(&mut tx, place, incoming).await?,
        }
    }
    if !why.excuses() {
        note_unheard(&mut tx, &latest, &found, &waiting_for_echo).await?;
    }
    tx.commit().await?;
    Ok(changed)
}

/// Which messages of a page stand in the transcript already, and whether nothing more can be learnt of them from a list.
async fn known(conn: &mut PgConnection, conversation: ConversationId, page: &[Incoming]) -> Result<HashMap<String, bool>> {
    let ids: Vec<_> = page.iter().map(|incoming| incoming.id.as_str().to_owned()).collect();
    let rows = sqlx::query!(
        r#"select ada_message_id as "id!", listed_at is not null and echoed as "complete!"
         from messages where conversation_id = $1 and ada_message_id = any($2)"#,
        conversation.0,
        &ids
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.complete)).collect())
}

/// Our own replies that Ada has not shown back yet.
async fn without_echo(conn: &mut PgConnection, conversation: ConversationId) -> Result<Vec<Uuid>> {
    let ids = sqlx::query_scalar!(
        "select message_id from messages where conversation_id = $1 and not echoed and sent_by is not null and first_attempt_at is not null",
        conversation.0
    )
    .fetch_all(conn)
    .await?;
    Ok(ids)
}

/// Notes what only this read has shown: a webhook should bring it too, if it has not been lost.
async fn note_unheard(conn: &mut PgConnection, latest: &Locked, found: &[MessageId], waited_for_echo: &[Uuid]) -> Result<()> {
    if latest.state.is_open() && !found.is_empty() {
        let found: Vec<_> = found.iter().map(|message| message.0).collect();
        sqlx::query!(
            "update messages set unheard_since = now() where message_id = any($1) and sorts_at > $2",
            &found,
            latest.handed_off_at + SETTLED
        )
        .execute(&mut *conn)
        .await?;
    }
    if !waited_for_echo.is_empty() {
        sqlx::query!("update messages set unheard_since = first_attempt_at where message_id = any($1) and echoed", waited_for_echo)
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// The conversation was read to its end.
pub async fn complete(pool: &PgPool, conversation: ConversationId, why: Why, read_to: Option<&ReadTo>) -> Result<()> {
    sqlx::query!(
        "update conversations set read_back_at = now(), read_tried_at = now(), read_back_why = $2, read_to = $3, read_back_wanted = null
         where conversation_id = $1",
        conversation.0,
        why.as_str(),
        read_to.map(serde_json::to_value).transpose()?
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Ada says that the conversation is there and goes on.
pub async fn checked(pool: &PgPool, conversation: ConversationId) -> Result<()> {
    sqlx::query!("update conversations set checked_at = now() where conversation_id = $1", conversation.0).execute(pool).await?;
    Ok(())
}

/// All that the delivery was owed for is done. Its row goes: nothing is learnt from it later, and there are many.
pub async fn done(pool: &PgPool, claimed: &Claimed) -> Result<()> {
    close(pool, claimed, &Outcome::Done, true).await
}

/// It could not be read. With `again` the delivery stays. Otherwise it has its turn later, as any other; it is `wanted` no more if trying
/// again would not help.
pub async fn failed(pool: &PgPool, claimed: &Claimed, words: &str, again: Option<Duration>, wanted: bool) -> Result<()> {
    let Some(wait) = again else { return close(pool, claimed, &Outcome::Failed(words.to_owned()), !wanted).await };
    let mut conn = pool.acquire().await?;
    deliveries::finish(&mut conn, claimed, &Outcome::Later { wait, words: words.to_owned(), unclear: false }).await?;
    Ok(())
}

async fn close(pool: &PgPool, claimed: &Claimed, outcome: &Outcome, satisfied: bool) -> Result<()> {
    let mut tx = pool.begin().await?;
    lock::handoff(&mut tx, claimed.handoff).await?;
    if deliveries::finish(&mut tx, claimed, outcome).await? {
        sqlx::query!(
            "update conversations set read_tried_at = now(), read_back_wanted = case when $2 then null else read_back_wanted end
             where conversation_id = $1",
            claimed.conversation.0,
            satisfied
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!("delete from deliveries where delivery_id = $1", claimed.id.0).execute(&mut *tx).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Ada says that the conversation is over, or knows it no more: so is its handoff. Who ended it is told if an event has said so.
pub async fn over(pool: &PgPool, claimed: &Claimed, words: &str) -> Result<()> {
    let mut tx = pool.begin().await?;
    let locked = lock::handoff(&mut tx, claimed.handoff).await?;
    let told = sqlx::query_scalar!(
        r#"select end_event_cause as "cause: EndCause" from conversations where conversation_id = $1"#,
        locked.conversation.0
    )
    .fetch_one(&mut *tx)
    .await?;
    let end =
        End { cause: told.unwrap_or(EndCause::FoundOver), by: None, detail: Some(words.to_owned()), from_event: false, said_at: None };
    handoffs::end(&mut tx, &locked, &end).await?;
    tx.commit().await?;
    done(pool, claimed).await
}
