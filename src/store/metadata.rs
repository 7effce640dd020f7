//! Changes of a conversation's metadata that an agent asks for.

use serde_json::json;
use sqlx::PgPool;

use super::changes::{self, What};
use super::deliveries::{self, Kind, Lane};
use super::failure::{Result, StoreError};
use super::{audit, lock, rows};
use crate::model::ids::HandoffId;
use crate::model::metadata::{self, MetadataPatch, MetadataValue};
use crate::model::person::Person;

/// Owes Ada a change of metadata, after checking what Ada would refuse. What is known is only changed by Ada's answer.
pub async fn change(pool: &PgPool, handoff: HandoffId, patch: &MetadataPatch, me: &Person) -> Result<()> {
    let patch: MetadataPatch = patch.iter().map(|(name, value)| (clean(name), value.clone().map(clean_value))).collect();
    if patch.is_empty() {
        return Err(StoreError::Invalid("name: there is nothing to change".to_owned()));
    }
    let mut tx = pool.begin().await?;
    let locked = lock::handoff(&mut tx, handoff).await?;
    let known = sqlx::query_scalar!("select metadata from conversations where conversation_id = $1", locked.conversation.0)
        .fetch_one(&mut *tx)
        .await?;
    metadata::patched(&rows::metadata(&known), &patch).map_err(|error| StoreError::Invalid(error.to_string()))?;
    sqlx::query!("update handoffs set metadata_problem = null where handoff_id = $1", handoff.0).execute(&mut *tx).await?;
    deliveries::owe(&mut tx, &locked, Lane::Metadata, Kind::Metadata, None, serde_json::to_value(&patch)?).await?;
    let names: Vec<_> = patch.keys().collect();
    audit::record(&mut tx, Some(me.id), "metadata.change", "handoff", &handoff.to_string(), json!({ "names": names })).await?;
    changes::append(&mut tx, handoff, What::Handoff).await?;
    tx.commit().await?;
    Ok(())
}

fn clean(text: &str) -> String {
    text.trim().replace('\0', "\u{fffd}")
}

fn clean_value(value: MetadataValue) -> MetadataValue {
    match value {
        MetadataValue::Text(text) => MetadataValue::Text(text.replace('\0', "\u{fffd}")),
        other => other,
    }
}
