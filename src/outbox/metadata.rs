//! Writing metadata to Ada.

use std::time::Duration;

use super::stopped::{Result, asked};
use super::{Ada, backoff};
use crate::ada::Next;
use crate::model::metadata::MetadataPatch;
use crate::store::deliveries::Claimed;
use crate::store::settle;

/// An end may wait behind this call: a slow answer must not hold it up for long. Writing twice does no harm.
const PATIENCE: Duration = Duration::from_secs(5);
const ATTEMPTS: i32 = 5;

pub(super) async fn write(ada: &Ada<'_>, claimed: &Claimed) -> Result<()> {
    let pool = ada.pool();
    let patch: MetadataPatch = serde_json::from_value(claimed.payload.clone())?;
    let written = tokio::time::timeout(PATIENCE, ada.client.update_metadata(&claimed.ada_conversation, &patch)).await;
    let (words, wait) = match written.map(asked) {
        Ok(answer) => match answer? {
            Ok(conversation) => return Ok(settle::metadata_written(pool, claimed, &conversation.metadata).await?),
            Err(error) => match error.next() {
                Next::Retry => (error.words(), Some(backoff::after(claimed.attempts))),
                Next::Wait(asked) => (error.words(), Some(backoff::asked(asked, claimed.attempts))),
                _ => (error.words(), None),
            },
        },
        Err(_) => ("Ada took too long to answer.".to_owned(), Some(backoff::after(claimed.attempts))),
    };
    match wait.filter(|_| claimed.attempts + 1 < ATTEMPTS) {
        Some(wait) => {
            let words = format!("{words} Trying again {}.", backoff::words(wait));
            settle::metadata_failed(pool, claimed, &words, Some(wait)).await?;
        }
        None => settle::metadata_failed(pool, claimed, &words, None).await?,
    }
    Ok(())
}
