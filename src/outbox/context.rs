//! Reading what Ada knows of a conversation and its end user.

use super::stopped::{Result, asked};
use super::{Ada, backoff};
use crate::ada::{AdaError, Next};
use crate::model::handoff::EndUser;
use crate::store::conversations::Profile;
use crate::store::deliveries::Claimed;
use crate::store::settle::{self, Context};

const ATTEMPTS: i32 = 4;

/// Reads the conversation first: it names the end user if nothing else has.
pub(super) async fn read(ada: &Ada<'_>, claimed: &Claimed) -> Result<()> {
    let pool = ada.pool();
    let conversation = asked(ada.client.get_conversation(&claimed.ada_conversation).await)?;
    if let Err(error) = &conversation
        && let Some(wait) = again(error, claimed)
    {
        return Ok(settle::read_failed(pool, claimed, &error.words(), Some(wait)).await?);
    }
    let mut end_user = conversation.as_ref().ok().and_then(|conversation| conversation.end_user.clone());
    if end_user.is_none() {
        let mut conn = pool.acquire().await?;
        end_user = crate::store::conversations::end_user(&mut conn, claimed.conversation).await?;
    }
    let profile = match &end_user {
        Some(id) => asked(ada.client.get_end_user(id).await)?.map(profile),
        None => Ok(Profile::default()),
    };
    if let Err(error) = &profile
        && let Some(wait) = again(error, claimed)
    {
        return Ok(settle::read_failed(pool, claimed, &error.words(), Some(wait)).await?);
    }
    let context = Context {
        metadata: conversation.map(|conversation| conversation.metadata).map_err(|error| error.words()),
        end_user,
        profile: profile.map_err(|error| error.words()),
    };
    Ok(settle::context_read(pool, claimed, &context).await?)
}

fn again(error: &AdaError, claimed: &Claimed) -> Option<std::time::Duration> {
    match error.next() {
        Next::Retry if claimed.attempts + 1 < ATTEMPTS => Some(backoff::after(claimed.attempts)),
        Next::Wait(asked) => Some(backoff::asked(asked, claimed.attempts)),
        _ => None,
    }
}

fn profile(end_user: EndUser) -> Profile {
    Profile { name: end_user.name, email: end_user.email, language: end_user.language, metavariables: end_user.metavariables }
}
