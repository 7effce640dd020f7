//! Errors in Ada's shape: `{"errors":[{type,message,details}]}`.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// One refused request.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    kind: &'static str,
    message: String,
    details: Value,
}

impl ApiError {
    fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, message: message.into(), details: Value::Null }
    }

    /// 401: no key, or a wrong one.
    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Invalid or missing API key")
    }

    /// 403: a browser asked on behalf of another site.
    pub fn other_site() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Requests from other sites are refused")
    }

    /// 404: there is no such thing. `what` is a word like "Conversation".
    pub fn not_found(what: &str, id: &str) -> Self {
        let mut error = Self::new(StatusCode::NOT_FOUND, "resource_not_found", format!("{what} not found"));
        error.details = json!(format!("No {} {id}", what.to_lowercase()));
        error
    }

    /// 404: no such path.
    pub fn no_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, "resource_not_found", "Not found")
    }

    /// 405: the path exists, the method does not.
    pub fn wrong_method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed")
    }

    /// 400: the request's shape is wrong; one line per fault.
    pub fn invalid(message: &str, faults: Vec<Fault>) -> Self {
        let mut error = Self::new(StatusCode::BAD_REQUEST, "validation_error", message);
        error.details = faults.into_iter().map(Fault::into_json).collect();
        error
    }

    /// 400 with a single fault.
    pub fn fault(message: &str, parameter: impl Into<String>, location: &'static str, text: impl Into<String>) -> Self {
        Self::invalid(message, vec![Fault::new(parameter, location, text)])
    }

    /// 400: the conversation has ended.
    pub fn expired() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "conversation_expired", "Conversation is expired")
    }

    /// 413: more bytes than allowed.
    pub fn too_large(limit: &str) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "content_too_large", format!("The request is larger than {limit}"))
    }

    /// 429: too often.
    pub fn too_many() -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "Too many requests")
    }

    /// 500: a fault of Ada's.
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_server_error", "Something went wrong")
    }

    /// 422: right shape, wrong moment.
    pub fn not_in_handoff() -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "conversation_not_in_handoff", "Conversation is not in a handoff state")
    }

    /// 422: the queue banner cannot be shown here.
    pub fn no_banner(why: &'static str) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "handoff_queue_unavailable", why)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = json!({ "errors": [{ "type": self.kind, "message": self.message, "details": self.details }] });
        (self.status, Json(body)).into_response()
    }
}

/// One thing that is wrong with a request.
#[derive(Debug)]
pub struct Fault {
    parameter: String,
    location: &'static str,
    message: String,
}

impl Fault {
    /// `parameter` is a JSON path such as `$.author.role`; `location` is `body`, `query` or `path`.
    pub fn new(parameter: impl Into<String>, location: &'static str, message: impl Into<String>) -> Self {
        Self { parameter: parameter.into(), location, message: message.into() }
    }

    fn into_json(self) -> Value {
        json!({ "parameter": self.parameter, "location": self.location, "message": self.message })
    }
}
