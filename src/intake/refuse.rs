//! What Ada is told when the desk does not take something.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::store::StoreError;
use crate::store::failure::Outage;

/// Why a request of Ada's is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No secret or key is configured: open routes are not served.
    NotConfigured(&'static str),
    /// Missing or wrong bearer key.
    WrongKey,
    /// Bad signature or timestamp.
    NotSigned,
    TooLarge {
        limit: usize,
    },
    /// Names the field.
    Malformed(String),
    /// Nothing can be stored just now: try again.
    Unavailable(Outage),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Self::NotConfigured(variable) => {
                (StatusCode::SERVICE_UNAVAILABLE, format!("{variable} is not configured, so this route is closed"))
            }
            Self::WrongKey => (StatusCode::UNAUTHORIZED, "Authorization: missing or wrong; send `Bearer <HANDOFF_AUTH_KEY>`".to_owned()),
            Self::NotSigned => (StatusCode::BAD_REQUEST, "the signature or its timestamp is missing, wrong or too old".to_owned()),
            Self::TooLarge { limit } => (StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {limit} bytes")),
            Self::Malformed(message) => (StatusCode::BAD_REQUEST, message),
            Self::Unavailable(outage) => {
                (StatusCode::SERVICE_UNAVAILABLE, format!("the desk cannot do this just now ({outage}); try again"))
            }
        };
        let body = Json(json!({ "status": "error", "error": message }));
        let mut response = (status, body).into_response();
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl Refusal {
    /// For a request that cannot be done without the store.
    pub fn from_store(error: &StoreError) -> Self {
        Self::Unavailable(error.outage().unwrap_or(Outage::Refuses))
    }
}
