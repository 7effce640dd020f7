//! Reading what Ada sends, with a bound for each request and one for all of them together: who sends much at once is refused, and
//! memory stays flat.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use futures::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::refuse::Refusal;
use crate::store::failure::Outage;

/// How many bytes may be under way at the same time, from their arrival until their request is answered.
const ROOM: usize = 64 * 1024 * 1024;

/// The room that all requests share. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Room(Arc<Semaphore>);

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(ROOM)))
    }
}

/// A body that has been read, with its headers. It takes up room until it is dropped.
#[derive(Debug)]
pub struct Held {
    pub headers: HeaderMap,
    pub bytes: Bytes,
    _room: Option<OwnedSemaphorePermit>,
}

impl Room {
    /// Reads a request to its end, at most `limit` bytes.
    pub async fn read(&self, request: Request, limit: usize) -> Result<Held, Refusal> {
        let (parts, body) = request.into_parts();
        let announced = parts.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|bytes| bytes > limit as u64) {
            return Err(Refusal::TooLarge { limit });
        }
        let (bytes, room) = self.collect(body, limit).await?;
        Ok(Held { headers: parts.headers, bytes, _room: room })
    }

    async fn collect(&self, body: Body, limit: usize) -> Result<(Bytes, Option<OwnedSemaphorePermit>), Refusal> {
        let mut chunks = body.into_data_stream();
        let mut room: Option<OwnedSemaphorePermit> = None;
        // Most bodies are one chunk, which is not copied.
        let mut first = Bytes::new();
        let mut rest = Vec::new();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| Refusal::Malformed("the body could not be read to its end".to_owned()))?;
            if first.len() + rest.len() + chunk.len() > limit {
                return Err(Refusal::TooLarge { limit });
            }
            let more = self.take(chunk.len())?;
            match &mut room {
                Some(room) => room.merge(more),
                None => room = Some(more),
            }
            if first.is_empty() {
                first = chunk;
            } else {
                rest.extend_from_slice(&chunk);
            }
        }
        let bytes = if rest.is_empty() { first } else { [first.as_ref(), &rest].concat().into() };
        Ok((bytes, room))
    }

    fn take(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Refusal> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.0.clone().try_acquire_many_owned(bytes).map_err(|_| Refusal::Unavailable(Outage::Busy))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(body: Body) -> Request {
        Request::new(body)
    }

    #[tokio::test]
    async fn chunks_are_put_together_and_the_limit_counts_all_of_them() {
        let room = Room::default();
        let chunks = |parts: [&'static str; 3]| Body::from_stream(futures::stream::iter(parts.map(Ok::<_, std::io::Error>)));
        let held = room.read(request(chunks(["ab", "", "cd"])), 4).await.expect("within the limit");
        assert_eq!(held.bytes.as_ref(), b"abcd");
        let refused = room.read(request(chunks(["ab", "cd", "e"])), 4).await;
        assert_eq!(refused.err(), Some(Refusal::TooLarge { limit: 4 }));
    }

    #[tokio::test]
    async fn room_is_given_back_and_no_more_is_taken_than_there_is() {
        let room = Room(Arc::new(Semaphore::new(4)));
        let held = room.read(request(Body::from("abc")), 10).await.expect("there is room");
        let refused = room.read(request(Body::from("de")), 10).await;
        assert_eq!(refused.err(), Some(Refusal::Unavailable(Outage::Busy)));
        drop(held);
        room.read(request(Body::from("de")), 10).await.expect("there is room again");
    }
}
