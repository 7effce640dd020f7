//! Reading a transcript from Ada, page by page; each page is shown as it comes.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::hold::LEASE;
use super::stopped::{Result, asked};
use super::{Ada, backoff};
use crate::ada::wire::AdaMessage;
use crate::ada::{AdaError, Next, NextPage, Page};
use crate::store::deliveries::{self, Claimed};
use crate::store::record::Incoming;
use crate::store::settle;

/// The most messages a page has.
const PAGE: u16 = 100;
/// The most pages that are read of one conversation.
const PAGES: usize = 1_000;
const ATTEMPTS: i32 = 6;
/// The longest window that is worth waiting for, with room.
const A_MINUTE: Duration = Duration::from_secs(75);

pub(super) async fn read(ada: &Ada<'_>, claimed: &Claimed) -> Result<()> {
    let pool = ada.pool();
    let mut page: Option<NextPage> = None;
    let mut seen: HashSet<NextPage> = HashSet::new();
    let mut listed: i32 = 0;
    for _ in 0..PAGES {
        let read = match page_in_turn(ada, claimed, page.as_ref()).await? {
            Ok(read) => read,
            Err(error) => return failed(ada, claimed, &error).await,
        };
        if read.skipped > 0 {
            tracing::warn!(skipped = read.skipped, handoff = %claimed.handoff, "messages of a transcript have no id and were left out");
        }
        let messages: Vec<_> = (listed..).zip(read.messages).map(incoming).collect();
        listed = listed.saturating_add(i32::try_from(messages.len()).unwrap_or(i32::MAX));
        let last = matches!(read.next, Ok(None));
        settle::transcript_page(pool, claimed, &messages, last).await?;
        ada.state.wake(claimed.handoff);
        let next = match read.next {
            Ok(Some(next)) => next,
            Ok(None) => return Ok(()),
            Err(error) => return failed(ada, claimed, &error).await,
        };
        if !seen.insert(next.clone()) {
            return Ok(settle::read_failed(pool, claimed, "Ada's pages of this conversation go round in a circle.", None).await?);
        }
        if !deliveries::renew(pool, claimed, LEASE).await? {
            return Ok(());
        }
        page = Some(next);
    }
    Ok(settle::read_failed(pool, claimed, "This conversation has more messages than the desk reads.", None).await?)
}

/// Reads a page. Behind the first one a turn that is not too far off is waited for: to put the read back would mean to begin it again.
async fn page_in_turn(ada: &Ada<'_>, claimed: &Claimed, page: Option<&NextPage>) -> Result<std::result::Result<Page, AdaError>> {
    let waiting_since = Instant::now();
    loop {
        let read = ada.client.list_messages(&claimed.ada_conversation, page, PAGE).await;
        match &read {
            Err(AdaError::NotNow { wait, .. })
                if page.is_some() && waiting_since.elapsed() < A_MINUTE && !ada.state.stopping.is_cancelled() =>
            {
                tokio::time::sleep(*wait).await;
            }
            _ => return asked(read),
        }
    }
}

async fn failed(ada: &Ada<'_>, claimed: &Claimed, error: &AdaError) -> Result<()> {
    let again: Option<Duration> = match error.next() {
        Next::Retry if claimed.attempts + 1 < ATTEMPTS => Some(backoff::after(claimed.attempts)),
        Next::Wait(asked) => Some(backoff::asked(asked, claimed.attempts)),
        _ => None,
    };
    Ok(settle::read_failed(ada.pool(), claimed, &error.words(), again).await?)
}

/// A message of a transcript: with its place in the list, and without a webhook's time.
pub(super) fn incoming((listed_at, message): (i32, AdaMessage)) -> Incoming {
    Incoming {
        id: message.id,
        author: message.author,
        content: message.content,
        created_at: message.created_at,
        event_at: None,
        listed_at: Some(listed_at),
    }
}
