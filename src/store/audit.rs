//! Who did what. Says nothing of what customers wrote.

use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::failure::Result;
use crate::model::ids::PersonId;

/// Records one deed in the transaction that does it.
pub async fn record(
    conn: &mut PgConnection,
    person: Option<PersonId>,
    action: &str,
    object_kind: &str,
    object_id: &str,
    detail: Value,
) -> Result<()> {
    let detail = if detail.is_null() { Value::Object(serde_json::Map::new()) } else { detail };
    sqlx::query!(
        "insert into audit (audit_id, person_id, action, object_kind, object_id, detail) values ($1, $2, $3, $4, $5, $6)",
        Uuid::now_v7(),
        person.map(|person| person.0),
        action,
        object_kind,
        object_id,
        detail
    )
    .execute(conn)
    .await?;
    Ok(())
}
