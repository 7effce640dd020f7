//! Reading a transcript from Ada, page by page; each page is shown as it comes.

use std::time::{Duration, Instant};

use super::hold::LEASE;
use super::read_back::Reading;
use super::stopped::{Result, asked};
use super::{Ada, backoff};
use crate::ada::wire::AdaMessage;
use crate::ada::{AdaError, Next, NextPage, Page};
use crate::store::deliveries::{self, Claimed};
use crate::store::read_back::{self, Why};
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
    let mut reading = Reading::default();
    for _ in 0..PAGES {
        let read = match page_in_turn(ada, claimed, reading.page()).await? {
            Ok(read) => read,
            Err(error) => return failed(ada, claimed, &error).await,
        };
        if read.skipped > 0 {
            tracing::warn!(skipped = read.skipped, handoff = %claimed.handoff, "messages of a transcript have no id and were left out");
        }
        reading.look_at(&read);
        let messages: Vec<_> = (reading.listed()..).zip(read.messages).map(incoming).collect();
        let last = matches!(read.next, Ok(None));
        if last {
            read_back::complete(pool, claimed.conversation, Why::Accept, reading.ended().as_ref()).await?;
        }
        settle::transcript_page(pool, claimed, &messages, last).await?;
        ada.state.wake(claimed.handoff);
        let next = match read.next {
            Ok(Some(next)) => next,
            Ok(None) => return Ok(()),
            Err(error) => return failed(ada, claimed, &error).await,
        };
        if !reading.go_on(next, messages.len()) {
            return Ok(settle::read_failed(pool, claimed, "Ada's pages of this conversation go round in a circle.", None).await?);
        }
        if !deliveries::renew(pool, claimed, LEASE).await? {
            return Ok(());
        }
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
