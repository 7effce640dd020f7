//! What Ada is told when the desk does not take something.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

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
    /// The store does not answer: try again.
    Unavailable,
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
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "the desk cannot store this just now; try again".to_owned()),
        };
        let body = Json(json!({ "status": "error", "error": message }));
        let mut response = (status, body).into_response();
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// The body of a request, or why it is not taken.
pub fn body(read: Result<axum::body::Bytes, axum::extract::rejection::BytesRejection>, limit: usize) -> Result<axum::body::Bytes, Refusal> {
    read.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::TooLarge { limit },
        _ => Refusal::Malformed("the body could not be read to its end".to_owned()),
    })
}
