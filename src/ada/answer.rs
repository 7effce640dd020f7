//! An answer as it came over the wire, read within limits.

use reqwest::header::HeaderMap;
use reqwest::{Response, StatusCode};
use serde_json::Value;

use super::call::lost;
use super::error::AdaError;

/// The most that is read of a success, in bytes. A page of a hundred ordinary messages has some ten thousand.
pub(super) const SUCCESS_LIMIT: usize = 16 * 1024 * 1024;
/// The most that is read of a refusal, in bytes.
const REFUSAL_LIMIT: usize = 64 * 1024;

/// A status, its headers and as much of the body as was wanted.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// Why the body is not whole.
    fault: Option<AdaError>,
}

impl Answer {
    /// Reads an answer to its end or to its limit. A refusal that breaks off is still a refusal: its status has said enough.
    pub(super) async fn read(mut response: Response, writes: bool) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let limit = if status.is_success() { SUCCESS_LIMIT } else { REFUSAL_LIMIT };
        let mut body = Vec::new();
        let fault = loop {
            match response.chunk().await {
                Ok(None) => break None,
                Ok(Some(chunk)) if body.len() + chunk.len() <= limit => {
                    body.extend_from_slice(&chunk);
                }
                Ok(Some(_)) => break Some(unreadable("too long", writes)),
                Err(error) => break Some(lost(&error, writes)),
            }
        };
        Self { status, headers, body, fault }
    }

    /// Whether there is no body at all, and none was lost.
    pub(super) fn is_empty(&self) -> bool {
        self.body.is_empty() && self.fault.is_none()
    }

    /// The body of a success as JSON.
    pub(super) fn json(self, writes: bool) -> Result<Value, AdaError> {
        match self.fault {
            Some(fault) => Err(fault),
            None => serde_json::from_slice(&self.body).map_err(|_| unreadable("not the JSON that it should be", writes)),
        }
    }
}

/// A success that cannot be used.
pub(super) fn unreadable(why: &str, writes: bool) -> AdaError {
    AdaError::Unexpected { words: format!("Ada said yes, but its answer is {why}."), ambiguous: writes }
}
