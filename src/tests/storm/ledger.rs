//! The three ledgers, as plain facts: what Ada's customers said and saw, what Postgres holds, what agents' pages show.
//!
//! Nothing here asks the product's own code but for what a page shows; the database is read with plain SQL.

use std::collections::HashMap;

use babbage::model::change::OpenHandoff;
use serde_json::Value;
use sqlx::{PgPool, Row as _};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::journal::{Accept, Reply};
use super::processes::INTEGRATION;

/// Everything that the checker compares.
#[derive(Clone, Debug, Default)]
pub struct Ledgers {
    pub ada: Vec<Conversation>,
    /// Message events that the desk answered with 2xx: conversation and message.
    pub told: Vec<(String, String)>,
    pub handoffs: Vec<Handoff>,
    pub rows: Vec<Row>,
    /// Deliveries that are still owed to Ada, in words.
    pub owed: Vec<String>,
    pub pages: Vec<Page>,
    pub lists: Vec<Lists>,
    pub accepts: Vec<Accept>,
    pub replies: Vec<Reply>,
}

/// A conversation at Ada.
#[derive(Clone, Debug, Default)]
pub struct Conversation {
    pub id: String,
    /// `active_ai`, `handoff` or `ended`.
    pub state: String,
    /// In Ada's own order.
    pub messages: Vec<Said>,
    /// How many times a person was asked for and the desk said yes.
    pub handoffs: usize,
}

/// Something said at Ada.
#[derive(Clone, Debug, Default)]
pub struct Said {
    pub id: String,
    pub by_person: bool,
    pub text: String,
    /// Ada's time, in milliseconds since 1970.
    pub at: i64,
    /// It carried our label: the desk was told of it.
    pub labelled: bool,
}

/// A handoff as Postgres holds it.
#[derive(Clone, Debug)]
pub struct Handoff {
    pub id: Uuid,
    pub conversation: String,
    pub state: String,
    pub owner: Option<Uuid>,
    /// The last of its conversation.
    pub latest: bool,
    /// The transcript was read to its end.
    pub transcript: bool,
}

/// A message as Postgres holds it.
#[derive(Clone, Debug)]
pub struct Row {
    pub id: Uuid,
    pub conversation: String,
    pub ada_id: Option<String>,
    pub text: String,
    pub state: String,
    /// Written at this desk.
    pub own: bool,
    pub discarded: bool,
    pub precision: Precision,
    /// Its place in Ada's list, if the desk ever saw it there.
    pub listed_at: Option<i32>,
}

/// How finely the desk was told when a message was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    Unknown,
    Seconds,
    Milliseconds,
}

/// What a page shows of one handoff, first to last.
#[derive(Clone, Debug)]
pub struct Page {
    pub whose: String,
    pub handoff: Uuid,
    pub lines: Vec<Line>,
}

/// One message on a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub id: Uuid,
    pub ada_id: Option<String>,
    pub text: String,
    pub state: String,
}

/// Somebody's lists as their page shows them, and as they are when loaded anew: handoff, number, state.
#[derive(Clone, Debug)]
pub struct Lists {
    pub whose: String,
    pub shown: Vec<(Uuid, i64, String)>,
    pub fresh: Vec<(Uuid, i64, String)>,
}

/// What the sandbox says in `GET /sandbox/ledger`.
pub fn of_ada(ledger: &Value) -> Vec<Conversation> {
    list(&ledger["conversations"]).iter().map(conversation).collect()
}

fn conversation(value: &Value) -> Conversation {
    let messages = list(&value["messages"]).iter().map(|message| Said {
        id: word(&message["message_id"]),
        by_person: message["role"] == "human_agent",
        text: text_of(&message["content"]),
        at: OffsetDateTime::parse(&word(&message["created_at"]), &Rfc3339)
            .map_or(0, |at| at.unix_timestamp() * 1_000 + i64::from(at.millisecond())),
        labelled: message["handoff_integration"] == INTEGRATION,
    });
    Conversation {
        id: word(&value["conversation_id"]),
        state: word(&value["state"]),
        messages: messages.collect(),
        handoffs: list(&value["handoffs"]).len(),
    }
}

/// The message events in `GET /sandbox/deliveries` that were answered with 2xx.
pub fn told(deliveries: &Value, ada: &[Conversation]) -> Vec<(String, String)> {
    // Events that the sandbox invents to mislead, such as those with a foreign label, are of messages that nobody wrote.
    let written: HashMap<&str, &Said> =
        ada.iter().flat_map(|conversation| &conversation.messages).map(|message| (message.id.as_str(), message)).collect();
    let ours = |delivery: &&Value| {
        let message = delivery["message_id"].as_str().and_then(|id| written.get(id));
        delivery["state"] == "delivered" && delivery["type"] == "v1.conversation.message" && message.is_some_and(|said| said.labelled)
    };
    list(&deliveries["deliveries"])
        .iter()
        .filter(ours)
        .map(|delivery| (word(&delivery["conversation_id"]), word(&delivery["message_id"])))
        .collect()
}

/// What Postgres holds: handoffs, messages, and what is still owed.
pub async fn of_postgres(pool: &PgPool, ledgers: &mut Ledgers) {
    let handoffs = sqlx::query(
        "select h.handoff_id, c.ada_conversation_id, h.state, h.owner_id, h.transcript_read = 'complete' as transcript,
            not exists (select 1 from handoffs n where n.conversation_id = h.conversation_id
                and (n.handed_off_at, n.handoff_id) > (h.handed_off_at, h.handoff_id)) as latest
         from handoffs h join conversations c using (conversation_id)",
    );
    ledgers.handoffs = handoffs
        .map(|row: sqlx::postgres::PgRow| Handoff {
            id: row.get(0),
            conversation: row.get(1),
            state: row.get(2),
            owner: row.get(3),
            transcript: row.get(4),
            latest: row.get(5),
        })
        .fetch_all(pool)
        .await
        .expect("the handoffs");
    let rows = sqlx::query(
        "select m.message_id, c.ada_conversation_id, m.ada_message_id, m.content, m.state, m.sent_by is not null, m.discarded_at is not null,
            case when m.ada_created_at is null and m.event_at is null then 0
                when (m.ada_created_at is not null and m.ada_created_fine) or (m.event_at is not null and m.event_fine) then 2
                else 1 end, m.listed_at
         from messages m join conversations c using (conversation_id)",
    );
    ledgers.rows = rows
        .map(|row: sqlx::postgres::PgRow| Row {
            id: row.get(0),
            conversation: row.get(1),
            ada_id: row.get(2),
            text: text_of(&row.get(3)),
            state: row.get(4),
            own: row.get(5),
            discarded: row.get(6),
            precision: match row.get::<i32, _>(7) {
                0 => Precision::Unknown,
                1 => Precision::Seconds,
                _ => Precision::Milliseconds,
            },
            listed_at: row.get(8),
        })
        .fetch_all(pool)
        .await
        .expect("the messages");
    ledgers.owed = owed(pool).await;
}

/// Deliveries that are not finished, in words.
pub async fn owed(pool: &PgPool) -> Vec<String> {
    let owed = sqlx::query_scalar(
        "select kind || ' ' || d.state || ' after ' || attempts || ' attempts (' || coalesce(problem, '') || ') of ' || c.ada_conversation_id
         from deliveries d join conversations c using (conversation_id) where finished_at is null",
    );
    owed.fetch_all(pool).await.expect("what is owed")
}

/// What a page shows.
pub fn page(whose: String, open: &OpenHandoff) -> Page {
    let lines = open.timeline.messages().iter().map(|message| Line {
        id: message.id.0,
        ada_id: message.ada_id.as_ref().map(|id| id.0.clone()),
        text: text_of(&serde_json::to_value(&message.content).unwrap_or_default()),
        state: message.state.as_str().to_owned(),
    });
    Page { whose, handoff: open.detail.summary.id.0, lines: lines.collect() }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The text of a message, or the address of a link.
fn text_of(content: &Value) -> String {
    word(if content["body"].is_string() { &content["body"] } else { &content["url"] })
}
