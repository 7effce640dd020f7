//! Rows of transcripts.

use sqlx::PgConnection;
use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::failure::Result;
use crate::model::ids::{AdaMessageId, HandoffId, MessageId, PersonId};
use crate::model::message::{Author, AuthorRole, Content, Message, MessageState};
use crate::model::stamp::Stamp;
use crate::model::timeline;

/// One row of `messages`, as far as transcripts show it.
struct Row {
    message_id: Uuid,
    ada_message_id: Option<String>,
    author_role: AuthorRole,
    author_name: Option<String>,
    content: Json<Content>,
    state: MessageState,
    problem: Option<String>,
    ada_created_at: Option<OffsetDateTime>,
    ada_created_fine: bool,
    event_at: Option<OffsetDateTime>,
    event_fine: bool,
    listed_at: Option<i32>,
    recorded_at: OffsetDateTime,
    late: bool,
    sent_by: Option<Uuid>,
    revision: i32,
}

/// Selects [`Row`]s.
macro_rules! select_messages {
    ($rest:literal $(, $argument:expr)*) => {
        sqlx::query_as!(
            Row,
            r#"select m.message_id, m.ada_message_id, m.author_role as "author_role: _", m.author_name, m.content as "content: _",
                m.state as "state: _", m.problem, m.ada_created_at, m.ada_created_fine, m.event_at, m.event_fine, m.listed_at, m.recorded_at, m.late,
                m.sent_by, m.revision
            from messages m "# + $rest
            $(, $argument)*
        )
    };
}

/// The whole transcript of a handoff's conversation, in reading order.
pub async fn of_handoff(conn: &mut PgConnection, handoff: HandoffId) -> Result<Vec<Message>> {
    let rows = select_messages!(
        "where m.conversation_id = (select conversation_id from handoffs where handoff_id = $1) and m.discarded_at is null",
        handoff.0
    )
    .fetch_all(conn)
    .await?;
    let mut messages: Vec<_> = rows.into_iter().map(Row::into_message).collect();
    timeline::arrange(&mut messages);
    Ok(messages)
}

/// Messages by id, without those that were discarded.
pub async fn by_ids(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Message>> {
    let rows = select_messages!("where m.message_id = any($1) and m.discarded_at is null", ids).fetch_all(conn).await?;
    Ok(rows.into_iter().map(Row::into_message).collect())
}

impl Row {
    fn into_message(self) -> Message {
        Message {
            id: MessageId(self.message_id),
            ada_id: self.ada_message_id.map(AdaMessageId),
            author: Author { role: self.author_role, name: self.author_name },
            content: self.content.0,
            state: self.state,
            problem: self.problem,
            created_at: self.ada_created_at.map(|at| Stamp { at, fine: self.ada_created_fine }),
            event_at: self.event_at.map(|at| Stamp { at, fine: self.event_fine }),
            listed_at: self.listed_at,
            recorded_at: self.recorded_at,
            late: self.late,
            sent_by: self.sent_by.map(PersonId),
            revision: self.revision,
        }
    }
}
