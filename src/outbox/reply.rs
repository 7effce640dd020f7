//! Sending a reply once, whatever happens on the way.

use std::time::Duration;

use sqlx::PgPool;
use time::OffsetDateTime;

use super::{Ada, backoff, transcript};
use crate::ada::{AdaError, Next, Outgoing, Sender};
use crate::model::ids::MessageId;
use crate::model::message::{Content, MessageState};
use crate::store::deliveries::{Claimed, DeliveryState};
use crate::store::failure::Result;
use crate::store::replies;
use crate::store::settle;

/// How many attempts a reply gets before the agent decides.
const ATTEMPTS: i32 = 8;
/// How many times the conversation is read back after an answer that did not tell.
const LOOKS: i32 = 4;
/// Ada lets us speak only after our answer to its trigger has reached it: a refusal this early may be too early, not too late.
const TOO_EARLY: time::Duration = time::Duration::seconds(10);

pub(super) async fn send(ada: &Ada<'_>, claimed: &Claimed) -> Result<()> {
    let pool = ada.pool();
    let Some(message) = claimed.message else { return settle::reply_settled(pool, claimed).await };
    let Some(reply) = replies::begin_attempt(pool, claimed.handoff, message).await? else {
        return settle::reply_settled(pool, claimed).await;
    };
    // The echo came while nobody looked.
    if reply.echoed || reply.state == MessageState::Sent {
        return settle::reply_settled(pool, claimed).await;
    }
    // Shown to the agent, so that the list on their screen tells them that it is on its way.
    ada.state.wake(claimed.handoff);
    if matches!(claimed.before, DeliveryState::Attempting | DeliveryState::Unclear) {
        match look(ada, claimed, message).await? {
            Look::Found | Look::Settled => return Ok(()),
            Look::Absent => {}
        }
    }
    let Content::Text { body } = reply.content else {
        return failed(pool, claimed, "Only text can be sent.").await;
    };
    let sender = Sender { display_name: reply.author, avatar: None };
    match ada.client.create_message(&claimed.ada_conversation, &sender, &Outgoing::Text { body }).await {
        Ok(created) => settle::reply_sent(pool, claimed, message, &created.id, created.created_at).await,
        Err(error) => not_sent(pool, claimed, message, &error).await,
    }
}

async fn not_sent(pool: &PgPool, claimed: &Claimed, message: MessageId, error: &AdaError) -> Result<()> {
    let words = error.words();
    if error.is_ambiguous() {
        // Ada may show what it has only after a moment.
        return settle::reply_later(pool, claimed, message, Duration::from_secs(2), &format!("{words} Looking whether it arrived."), true)
            .await;
    }
    let again = |wait: Duration| {
        let words = format!("{words} Trying again {}.", backoff::words(wait));
        async move { settle::reply_later(pool, claimed, message, wait, &words, false).await }
    };
    match error.next() {
        Next::Retry if claimed.attempts + 1 < ATTEMPTS => again(backoff::after(claimed.attempts)).await,
        Next::Wait(asked) => again(backoff::at_least(asked, claimed.attempts)).await,
        Next::Over if OffsetDateTime::now_utc() - claimed.handed_off_at < TOO_EARLY => again(Duration::from_secs(1)).await,
        Next::Over => settle::reply_failed(pool, claimed, message, MessageState::Failed, &words, true).await,
        _ => settle::reply_failed(pool, claimed, message, MessageState::Failed, &words, false).await,
    }
}

/// What reading back has shown.
enum Look {
    /// Ada has the reply.
    Found,
    /// Ada does not have it: it may be sent.
    Absent,
    /// It could not be told, and what comes next is decided.
    Settled,
}

/// Reads the conversation back. Recording what Ada has matches our own replies with their echoes, count-aware.
async fn look(ada: &Ada<'_>, claimed: &Claimed, message: MessageId) -> Result<Look> {
    let pool = ada.pool();
    match ada.client.list_all(&claimed.ada_conversation).await {
        Ok(whole) => {
            let messages: Vec<_> = (0..).zip(whole.messages).map(transcript::incoming).collect();
            settle::read_back(pool, claimed, &messages).await?;
            let reply = replies::begin_attempt(pool, claimed.handoff, message).await?;
            if reply.is_none_or(|reply| reply.echoed) {
                settle::reply_settled(pool, claimed).await?;
                return Ok(Look::Found);
            }
            Ok(Look::Absent)
        }
        Err(error) if claimed.attempts < LOOKS => {
            let wait = match error.next() {
                Next::Wait(asked) => backoff::at_least(asked, claimed.attempts),
                _ => backoff::after(claimed.attempts),
            };
            let words = format!("Ada did not say whether it arrived. {} Looking again {}.", error.words(), backoff::words(wait));
            settle::reply_later(pool, claimed, message, wait, &words, true).await?;
            Ok(Look::Settled)
        }
        Err(error) => {
            let words = format!("Ada did not say whether it arrived, and the conversation could not be read back. {}", error.words());
            settle::reply_failed(pool, claimed, message, MessageState::Unknown, &words, false).await?;
            Ok(Look::Settled)
        }
    }
}

/// A reply that will not be sent by itself.
pub(super) async fn failed(pool: &PgPool, claimed: &Claimed, words: &str) -> Result<()> {
    match claimed.message {
        Some(message) => settle::reply_failed(pool, claimed, message, MessageState::Failed, words, false).await,
        None => settle::reply_settled(pool, claimed).await,
    }
}
