//! Comparing a conversation with what Ada has, from where the last read ended.

use std::collections::HashSet;

use time::OffsetDateTime;

use super::hold::LEASE;
use super::stopped::{Result, asked};
use super::{Ada, backoff, transcript};
use crate::ada::{AdaError, Next, NextPage, Page};
use crate::store::deliveries::{self, Claimed};
use crate::store::read_back::{self, Position, ReadTo, Why};

/// The most messages a page has.
const LIMIT: u16 = 100;
/// The most pages that are read of one conversation.
const PAGES: usize = 1_000;
const ATTEMPTS: i32 = 6;

/// Reads what is owed: whether the conversation goes on, and what was written.
pub(super) async fn read(ada: &Ada<'_>, claimed: &Claimed) -> Result<()> {
    let pool = ada.pool();
    let why = serde_json::from_value(claimed.payload["why"].clone()).unwrap_or(Why::Check);
    let position = read_back::position(pool, claimed).await?;
    // Nobody reads along before somebody accepts: then the whole transcript is read anyway.
    if why == Why::Check || !position.accepted || (why == Why::Polling && position.checked.is_none_or(|ago| ago > ada.pace().poll_idle)) {
        match asked(ada.client.get_conversation(&claimed.ada_conversation).await)? {
            Ok(conversation) if conversation.is_ended() => {
                return Ok(read_back::over(pool, claimed, "Ada says that this conversation has ended.").await?);
            }
            Ok(_) => read_back::checked(pool, claimed.conversation).await?,
            Err(error) => return failed(ada, claimed, &error).await,
        }
    }
    if position.accepted {
        match asked(catch_up(ada, claimed, position, why).await?)? {
            Ok(()) => {}
            Err(error) => return failed(ada, claimed, &error).await,
        }
    }
    Ok(read_back::done(pool, claimed).await?)
}

/// What came last, before the handoff is over. The end waits for it only so long, and comes whatever this brings.
pub(super) async fn before_end(ada: &Ada<'_>, claimed: &Claimed) -> Result<()> {
    let position = read_back::position(ada.pool(), claimed).await?;
    match tokio::time::timeout(ada.pace().before_end, catch_up(ada, claimed, position, Why::End)).await {
        Ok(Ok(Ok(()))) => {}
        Ok(Ok(Err(error))) => tracing::info!(%error, handoff = %claimed.handoff, "not read back before its end"),
        Ok(Err(error)) => return Err(error),
        Err(_) => tracing::info!(handoff = %claimed.handoff, "not read back before its end: Ada took too long"),
    }
    Ok(())
}

async fn failed(ada: &Ada<'_>, claimed: &Claimed, error: &AdaError) -> Result<()> {
    let pool = ada.pool();
    let (again, wanted) = match error.next() {
        Next::Over if OffsetDateTime::now_utc() - claimed.handed_off_at < ada.pace().too_early => (Some(ada.pace().too_early / 6), true),
        Next::Over => return Ok(read_back::over(pool, claimed, &error.words()).await?),
        Next::Retry if claimed.attempts + 1 < ATTEMPTS => (Some(backoff::after(claimed.attempts)), true),
        Next::Retry => (None, true),
        Next::Wait(asked) => (Some(backoff::asked(asked, claimed.attempts)), true),
        _ => (None, false),
    };
    Ok(read_back::failed(pool, claimed, &error.words(), again, wanted).await?)
}

/// Reads from where the last read ended, and from the beginning if that does not fit any more.
async fn catch_up(ada: &Ada<'_>, claimed: &Claimed, position: Position, why: Why) -> Result<std::result::Result<(), AdaError>> {
    let mut reading = Reading::from(claimed, position.read_to);
    for _ in 0..PAGES {
        let page = match ada.client.list_messages(&claimed.ada_conversation, reading.page.as_ref(), LIMIT).await {
            Ok(page) => page,
            // The page that was kept is not one any more.
            Err(error) if reading.is_resumed() && matches!(error.next(), Next::FixInput | Next::Report) => {
                reading = Reading::default();
                continue;
            }
            Err(error) => return Ok(Err(error)),
        };
        if !reading.fits(&page) {
            reading = Reading::default();
            continue;
        }
        let next = page.next.clone();
        reading.look_at(&page);
        let messages: Vec<_> = (reading.listed..).zip(page.messages).map(transcript::incoming).collect();
        let news = read_back::page(ada.pool(), claimed, &messages, why).await?;
        if news {
            ada.state.wake(claimed.handoff);
        }
        let next = match next {
            Ok(Some(next)) if !(reading.newest_first && reading.resumed && !news) => next,
            Ok(_) => {
                read_back::complete(ada.pool(), claimed.conversation, why, reading.ended().as_ref()).await?;
                return Ok(Ok(()));
            }
            Err(error) => return Ok(Err(error)),
        };
        if !reading.go_on(next, messages.len()) {
            return Ok(Err(AdaError::Unexpected {
                words: "Ada's pages of this conversation go round in a circle.".to_owned(),
                ambiguous: false,
            }));
        }
        if !deliveries::renew(ada.pool(), claimed, LEASE).await? {
            return Ok(Ok(()));
        }
    }
    Ok(Err(AdaError::Unexpected { words: "This conversation has more messages than the desk reads.".to_owned(), ambiguous: false }))
}

/// How far a read has come.
#[derive(Default)]
pub(super) struct Reading {
    page: Option<NextPage>,
    /// The place of the page's first message in the whole list.
    listed: i32,
    /// Ada's id of the page's first message.
    first: Option<String>,
    /// What it must be, on the page that was kept.
    expected: Option<String>,
    resumed: bool,
    newest_first: bool,
    /// The time of the first message of the list, to see in which order Ada lists.
    opening: Option<OffsetDateTime>,
    closing: Option<OffsetDateTime>,
    seen: HashSet<NextPage>,
}

impl Reading {
    fn from(claimed: &Claimed, read_to: Option<ReadTo>) -> Self {
        match read_to {
            None => Self::default(),
            Some(ReadTo::Newest) => Self { resumed: true, newest_first: true, ..Self::default() },
            Some(ReadTo::Page { query, listed, first }) => Self {
                page: Some(NextPage::kept(&claimed.ada_conversation, &query)),
                listed,
                expected: Some(first),
                resumed: true,
                ..Self::default()
            },
        }
    }

    /// Whether this page is the one that was kept from an earlier read.
    fn is_resumed(&self) -> bool {
        self.expected.is_some()
    }

    fn fits(&mut self, page: &Page) -> bool {
        let first = page.messages.first().map(|message| message.id.as_str());
        self.expected.take().is_none_or(|expected| first == Some(expected.as_str()))
    }

    /// Notes what the page shows about the list. Must come before [`Self::go_on`].
    pub(super) fn look_at(&mut self, page: &Page) {
        self.first = page.messages.first().map(|message| message.id.as_str().to_owned());
        let time = |message: &crate::ada::wire::AdaMessage| message.created_at.map(|stamp| stamp.at);
        self.opening = self.opening.or_else(|| page.messages.first().and_then(time));
        self.closing = page.messages.last().and_then(time).or(self.closing);
    }

    /// Turns to the next page. `false` if it was read already.
    pub(super) fn go_on(&mut self, next: NextPage, messages: usize) -> bool {
        self.listed = self.listed.saturating_add(i32::try_from(messages).unwrap_or(i32::MAX));
        let new = self.seen.insert(next.clone());
        self.page = Some(next);
        new
    }

    /// Where the next read begins; `None`: at the beginning, since there is only one page.
    pub(super) fn ended(&self) -> Option<ReadTo> {
        if self.newest_first || (!self.resumed && self.page.is_some() && self.opening > self.closing) {
            return Some(ReadTo::Newest);
        }
        let (page, first) = self.page.as_ref().zip(self.first.clone())?;
        Some(ReadTo::Page { query: page.query().to_owned(), listed: self.listed, first })
    }

    pub(super) fn page(&self) -> Option<&NextPage> {
        self.page.as_ref()
    }

    pub(super) fn listed(&self) -> i32 {
        self.listed
    }
}
