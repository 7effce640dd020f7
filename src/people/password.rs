//! Passwords: which are good enough, and how they are kept.
//!
//! Kept is an Argon2id hash (19 MiB, two passes, one lane: OWASP's first recommendation). Each takes some 30 ms of one core and
//! its memory, so only two are computed at once; whoever cannot get a turn in time is told so, and the desk goes on for those
//! who are signed in.

mod common;

use std::sync::LazyLock;
use std::time::Duration;

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use rand::Rng;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use tokio::sync::{Semaphore, SemaphorePermit};

/// The fewest characters of a password.
pub const SHORTEST: usize = 12;
/// The most characters of a password.
pub const LONGEST: usize = 128;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// How many are computed at once.
const TURNS: usize = 2;
/// How long somebody waits for a turn.
const PATIENCE: Duration = Duration::from_secs(5);
/// The fewest letters that must be left of a password without the person's own name and address.
const OWN_LETTERS: usize = 6;

static TURN: Semaphore = Semaphore::const_new(TURNS);
/// Stands in for the hash of somebody unknown, so that the answer takes as long as for somebody known.
static NOBODY: LazyLock<String> = LazyLock::new(|| compute(&uuid::Uuid::new_v4().to_string()).unwrap_or_default());

/// Why a password was not taken, or not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PasswordError {
    #[error("Password: at least {SHORTEST} characters; this one has {0}.")]
    TooShort(usize),
    #[error("Password: at most {LONGEST} characters; this one has {0}.")]
    TooLong(usize),
    #[error("Password: too close to your own name or mail address. Take other words.")]
    Personal,
    #[error("Password: too common; it would be among the first that somebody tries. Take several words that do not belong together.")]
    Common,
    #[error("Too many people are signing in at this moment. Wait a few seconds, then try again.")]
    TooBusy,
    /// The memory for a hash could not be had.
    #[error("The password could not be processed.")]
    Failed,
}

/// Whether a password is good enough for this person. No rules about kinds of characters: length and rarity are what counts.
pub fn check(password: &str, email: &str, name: &str) -> Result<(), PasswordError> {
    match password.chars().count() {
        length if length < SHORTEST => return Err(PasswordError::TooShort(length)),
        length if length > LONGEST => return Err(PasswordError::TooLong(length)),
        _ => {}
    }
    let small = password.to_lowercase();
    if is_personal(&small, &email.to_lowercase(), &name.to_lowercase()) {
        return Err(PasswordError::Personal);
    }
    if common::is_common(&small) {
        return Err(PasswordError::Common);
    }
    Ok(())
}

/// The hash to keep, as PHC text. `TooBusy` after some seconds without a turn.
pub async fn hash(password: &SecretString) -> Result<SecretString, PasswordError> {
    let password = password.clone();
    in_turn(move || compute(password.expose_secret()).map(SecretString::from)).await?
}

/// Whether the password is the one that was kept. `None` is for somebody unknown: it takes as long, and is always `false`.
/// `TooBusy` after some seconds without a turn.
pub async fn verify(password: &SecretString, kept: Option<&str>) -> Result<bool, PasswordError> {
    let password = password.clone();
    let kept = kept.map(str::to_owned);
    in_turn(move || {
        let nobody: &str = &NOBODY;
        let right = matches(password.expose_secret(), kept.as_deref().unwrap_or(nobody));
        right && kept.is_some()
    })
    .await
}

async fn in_turn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, PasswordError> {
    let turn: SemaphorePermit<'static> = match tokio::time::timeout(PATIENCE, TURN.acquire()).await {
        Ok(Ok(turn)) => turn,
        _ => return Err(PasswordError::TooBusy),
    };
    let done = tokio::task::spawn_blocking(move || {
        // Given back when the work is done, not when the caller hangs up.
        let _turn = turn;
        work()
    });
    done.await.map_err(|_| PasswordError::Failed)
}

fn compute(password: &str) -> Result<String, PasswordError> {
    let mut salt = [0_u8; 16];
    rand::rng().fill(&mut salt);
    let salt = SaltString::encode_b64(&salt).map_err(|_| PasswordError::Failed)?;
    let hash = hasher()?.hash_password(password.as_bytes(), &salt).map_err(|_| PasswordError::Failed)?;
    Ok(hash.to_string())
}

fn matches(password: &str, kept: &str) -> bool {
    let Ok(kept) = PasswordHash::new(kept) else {
        return false;
    };
    // The parameters that count are those in the kept text.
    Argon2::default().verify_password(password.as_bytes(), &kept).is_ok()
}

fn hasher() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| PasswordError::Failed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Whether little is left when the person's own words are taken out.
fn is_personal(password: &str, email: &str, name: &str) -> bool {
    let local = email.split('@').next().unwrap_or_default();
    let joined: String = name.split_whitespace().collect();
    let parts = name.split_whitespace().chain(email.split(['@', '.', '-', '_', '+']));
    let mut words: Vec<&str> = [email, name, local, &joined].into_iter().chain(parts).filter(|word| word.chars().count() > 2).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let mut left = password.to_owned();
    let whole = left.len();
    for word in words {
        left = left.replace(word, "");
    }
    left.len() < whole && left.chars().filter(|letter| letter.is_alphabetic()).count() < OWN_LETTERS
}

#[cfg(test)]
mod tests;
