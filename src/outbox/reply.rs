//! Sending a reply once, whatever happens on the way.

use std::time::{Duration, Instant};

use sqlx::PgPool;
use time::OffsetDateTime;

use super::doubt::{self, Doubt, Seen, Verdict};
use super::stopped::{Result, asked};
use super::{Ada, backoff, transcript};
use crate::ada::{AdaError, Next, Outgoing, Sender};
use crate::model::ids::MessageId;
use crate::model::message::{Content, MessageState};
use crate::store::deliveries::{Claimed, DeliveryState};
use crate::store::replies;
use crate::store::{postpone, settle};

/// For how long a reply that surely has not left is tried again before the agent decides.
const GIVE_UP: Duration = Duration::from_secs(10 * 60);
/// Ada lets us speak only after our answer to its trigger has reached it: a refusal this early may be too early, not too late.
const TOO_EARLY: time::Duration = time::Duration::seconds(10);

pub(super) async fn send(ada: &Ada<'_>, claimed: &Claimed) -> Result<()> {
    let pool = ada.pool();
    let Some(message) = claimed.message else { return Ok(settle::reply_settled(pool, claimed).await?) };
    let Some(reply) = replies::begin_attempt(pool, claimed.handoff, message).await? else {
        return Ok(settle::reply_settled(pool, claimed).await?);
    };
    // The echo came while nobody looked, or somebody has decided.
    if reply.echoed || reply.state != MessageState::Sending {
        return Ok(settle::reply_settled(pool, claimed).await?);
    }
    // Shown to the agent, so that the list on their screen tells them that it is on its way.
    ada.state.wake(claimed.handoff);
    if matches!(claimed.before, DeliveryState::Attempting | DeliveryState::Unclear) && !is_absent(ada, claimed, message).await? {
        return Ok(());
    }
    let Content::Text { body } = reply.content else {
        return failed(pool, claimed, "Only text can be sent.").await;
    };
    let sender = Sender { display_name: reply.author, avatar: None };
    match asked(ada.client.create_message(&claimed.ada_conversation, &sender, &Outgoing::Text { body }).await)? {
        Ok(created) => Ok(settle::reply_sent(pool, claimed, message, &created.id, created.created_at).await?),
        Err(error) => not_sent(pool, claimed, message, &error).await,
    }
}

async fn not_sent(pool: &PgPool, claimed: &Claimed, message: MessageId, error: &AdaError) -> Result<()> {
    let words = error.words();
    if error.is_ambiguous() {
        // Its echo may still come, or it may be found in the conversation.
        let words = format!("{words} Looking whether it arrived.");
        let absent_in = doubt::absent_in(error.may_still_run());
        return Ok(postpone::in_doubt(pool, claimed, message, doubt::first_look(), absent_in, &words).await?);
    }
    let again = |wait: Duration| {
        let words = format!("{words} Trying again {}.", backoff::words(wait));
        async move { Ok(settle::reply_later(pool, claimed, message, wait, &words, false).await?) }
    };
    match error.next() {
        Next::Retry if claimed.age < GIVE_UP => again(backoff::after(claimed.attempts)).await,
        Next::Wait(asked) => again(backoff::asked(asked, claimed.attempts)).await,
        Next::Over if OffsetDateTime::now_utc() - claimed.handed_off_at < TOO_EARLY => again(Duration::from_secs(1)).await,
        Next::Over => Ok(settle::reply_failed(pool, claimed, message, MessageState::Failed, &words, true).await?),
        _ => Ok(settle::reply_failed(pool, claimed, message, MessageState::Failed, &words, false).await?),
    }
}

/// Looks whether Ada has the reply. `true` if it surely does not, so that it may be sent; otherwise what comes next is decided and written.
async fn is_absent(ada: &Ada<'_>, claimed: &Claimed, message: MessageId) -> Result<bool> {
    let (pool, began) = (ada.pool(), Instant::now());
    let (seen, words, over) = look(ada, claimed, message).await?;
    let age = claimed.doubt.unwrap_or_default() + began.elapsed();
    let absent_in = claimed.absent_in.saturating_sub(began.elapsed());
    let stands = Doubt { age, absent_in, times: claimed.doubts, looks: claimed.looks };
    match doubt::after(stands, seen) {
        Verdict::Sent => settle::reply_settled(pool, claimed).await?,
        Verdict::SendAgain => return Ok(true),
        Verdict::LookAgain(wait) if !over => {
            let words = format!("Ada did not say whether it arrived. {words} Looking again {}.", backoff::words(wait));
            settle::reply_later(pool, claimed, message, wait, &words, true).await?;
        }
        Verdict::LookAgain(_) | Verdict::Unknown => {
            let words = format!("Ada did not say whether it arrived, and it could not be found out. {words}");
            settle::reply_failed(pool, claimed, message, MessageState::Unknown, words.trim(), over).await?;
        }
    }
    Ok(false)
}

/// Reads the whole conversation back. Recording what Ada has matches our own replies with their echoes, count-aware. The last value says
/// whether Ada says that it is over.
async fn look(ada: &Ada<'_>, claimed: &Claimed, message: MessageId) -> Result<(Seen, String, bool)> {
    let nothing = |words: String| (Seen::Nothing { asked: Duration::ZERO }, words, false);
    let whole = match tokio::time::timeout(doubt::LOOK, ada.client.list_all(&claimed.ada_conversation)).await {
        Err(_) => return Ok(nothing("The conversation could not be read in time.".to_owned())),
        Ok(Err(error)) => {
            let (seen, words, _) = nothing(error.words());
            return Ok(match error.next() {
                Next::Wait(asked) => (Seen::Nothing { asked: backoff::asked(asked, claimed.looks) }, words, false),
                Next::Over => (seen, words, OffsetDateTime::now_utc() - claimed.handed_off_at >= TOO_EARLY),
                _ => (seen, words, false),
            });
        }
        Ok(Ok(whole)) => whole,
    };
    let (is_whole, pool) = (whole.skipped == 0, ada.pool());
    let messages: Vec<_> = (0..).zip(whole.messages).map(transcript::incoming).collect();
    settle::read_back(pool, claimed, &messages).await?;
    let reply = replies::begin_attempt(pool, claimed.handoff, message).await?;
    if reply.is_none_or(|reply| reply.echoed || reply.state != MessageState::Sending) {
        return Ok((Seen::Present, String::new(), false));
    }
    if is_whole {
        return Ok((Seen::Absent, "It is not in the conversation yet.".to_owned(), false));
    }
    Ok(nothing("Some messages of the conversation could not be read.".to_owned()))
}

/// A reply that will not be sent by itself.
pub(super) async fn failed(pool: &PgPool, claimed: &Claimed, words: &str) -> Result<()> {
    match claimed.message {
        Some(message) => settle::reply_failed(pool, claimed, message, MessageState::Failed, words, false).await?,
        None => settle::reply_settled(pool, claimed).await?,
    }
    Ok(())
}
