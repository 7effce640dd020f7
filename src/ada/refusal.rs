//! What a status other than success means. The status decides, not Ada's text, with the one exception that is seen in
//! practice: a 400 that says "Conversation is expired".

use reqwest::StatusCode;
use reqwest::header::LOCATION;
use time::OffsetDateTime;
use url::Url;

use super::answer::Answer;
use super::call::Subject;
use super::error::AdaError;
use super::retry_after;
use super::words::{Said, for_people, said};

/// The error for an answer that is no success. `without_key` takes the key out of a text, should it have been sent back.
pub(super) fn error(subject: Subject, answer: &Answer, writes: bool, without_key: impl Fn(&str) -> String) -> AdaError {
    let status = answer.status.as_u16();
    let said = said(&answer.body);
    // First the key, then the length: a key that is cut in two would not be found.
    let words = Some(for_people(&without_key(&said.text))).filter(|text| !text.is_empty()).unwrap_or_else(|| no_words(answer.status));
    match status {
        300..=399 => redirect(answer, writes),
        401 | 403 => AdaError::FixKey { status, words },
        429 => AdaError::WaitFor { told: retry_after::told(&answer.headers, OffsetDateTime::now_utc()), words },
        // 408: the request may or may not have been read to its end.
        // 504: somebody in front of Ada has not waited for it.
        408 | 500..=599 => AdaError::Retry { reason: words, ambiguous: writes, running: writes && matches!(status, 408 | 504) },
        404 if subject == Subject::EndUser => AdaError::NotFound { words },
        404 => AdaError::HandoffOver { status, words },
        400 if said.expired && subject != Subject::EndUser => AdaError::HandoffOver { status, words },
        422 => unprocessable(subject, &said, words),
        400 | 413 | 415 => AdaError::FixInput { status: Some(status), words },
        _ => AdaError::Unexpected { words: format!("{words} (status {status})"), ambiguous: writes && status < 400 },
    }
}

/// A 422 says that the state does not allow it. Where a handoff is needed, the state that is missing is the handoff,
/// unless the details point at parts of what was sent.
fn unprocessable(subject: Subject, said: &Said, words: String) -> AdaError {
    let status = 422;
    match subject {
        Subject::Handoff if !said.points_at_input => AdaError::HandoffOver { status, words },
        Subject::Queue => AdaError::Refused { status, words },
        Subject::Handoff | Subject::Conversation | Subject::EndUser => AdaError::FixInput { status: Some(status), words },
    }
}

/// A redirect is never followed: it would carry the key, or turn a POST into a GET.
fn redirect(answer: &Answer, writes: bool) -> AdaError {
    let status = answer.status.as_u16();
    let target = answer.headers.get(LOCATION).and_then(|value| value.to_str().ok()).and_then(|text| Url::parse(text).ok());
    let place = target.map(|url| format!(" to {}", for_people(&url.origin().ascii_serialization()))).unwrap_or_default();
    // These three say "ask there instead"; the others may well come after it was done.
    let not_done = matches!(status, 301 | 307 | 308);
    let words = format!("Ada answered with a redirect{place} (status {status}), which the desk does not follow. Check Ada's address.");
    AdaError::Unexpected { words, ambiguous: writes && !not_done }
}

fn no_words(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("Ada answered \"{reason}\" ({}) and said nothing more.", status.as_u16()),
        None => format!("Ada answered {} and said nothing more.", status.as_u16()),
    }
}
