//! Ending what its owner wants ended.

use std::time::Duration;

use super::hold::LEASE;
use super::stopped::{Result, asked};
use super::{Ada, backoff, read_back};
use crate::ada::Next;
use crate::store::deliveries::{self, Claimed, Kind};
use crate::store::settle;

/// After a refusal that only an administrator can mend.
const LATER: Duration = Duration::from_secs(60);

/// Ends the handoff or the conversation, after a look at what came last. Asking twice does no harm: Ada then says that it is over, which is what was wanted.
pub(super) async fn end(ada: &Ada<'_>, claimed: &Claimed) -> Result<()> {
    let conversation = &claimed.ada_conversation;
    if claimed.attempts == 0 {
        read_back::before_end(ada, claimed).await?;
        if !deliveries::renew(ada.pool(), claimed, LEASE).await? {
            return Ok(());
        }
    }
    let ended = match claimed.kind {
        Kind::EndConversation => ada.client.end_conversation(conversation).await,
        _ => ada.client.end_handoff(conversation).await,
    };
    let Err(error) = asked(ended)? else { return Ok(settle::ended(ada.pool(), claimed, None).await?) };
    let words = error.words();
    let wait = match error.next() {
        Next::Over => return Ok(settle::ended(ada.pool(), claimed, Some(&words)).await?),
        Next::Wait(asked) => backoff::asked(asked, claimed.attempts),
        Next::Retry => backoff::after(claimed.attempts),
        _ => LATER,
    };
    let words = format!("{words} Trying again {}.", backoff::words(wait));
    Ok(settle::end_later(ada.pool(), claimed, wait, &words).await?)
}
