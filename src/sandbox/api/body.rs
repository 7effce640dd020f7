//! Request bodies: read whole up to the limit, parsed only when the handler gets to it.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use futures::StreamExt as _;
use serde_json::{Map, Value};

use crate::sandbox::error::ApiError;

/// Ada's limit for every endpoint but attachments.
const LIMIT: usize = 10 * 1024 * 1024;
/// How much more is read, and thrown away, so that the client is still there to hear the refusal.
const PATIENCE: usize = 6 * LIMIT;

/// A body that should be a JSON object.
pub struct JsonBody {
    is_json: bool,
    bytes: Bytes,
}

impl JsonBody {
    /// The object itself.
    ///
    /// # Errors
    /// 400 when it is not JSON, not an object, or not called JSON.
    pub fn object(&self) -> Result<Map<String, Value>, ApiError> {
        let refuse = |why| ApiError::fault("invalid request body", "$", "body", why);
        if !self.is_json {
            return Err(refuse("Content-Type must be application/json"));
        }
        match serde_json::from_slice(&self.bytes) {
            Ok(Value::Object(object)) => Ok(object),
            Ok(_) => Err(refuse("Must be an object")),
            Err(_) => Err(refuse("Not valid JSON")),
        }
    }

    /// The object, or an empty one for an empty body.
    ///
    /// # Errors
    /// As [`JsonBody::object`].
    pub fn object_or_empty(&self) -> Result<Map<String, Value>, ApiError> {
        if self.bytes.is_empty() {
            return Ok(Map::new());
        }
        self.object()
    }
}

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let is_json = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
        let mut stream = request.into_body().into_data_stream();
        let mut bytes = Vec::new();
        let mut seen = 0;
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|_| ApiError::fault("invalid request body", "$", "body", "Broke off"))?;
            seen += chunk.len();
            if seen > PATIENCE {
                break;
            }
            if seen <= LIMIT {
                bytes.extend_from_slice(&chunk);
            }
        }
        if seen > LIMIT {
            return Err(ApiError::too_large("10 MB"));
        }
        Ok(Self { is_json, bytes: bytes.into() })
    }
}
