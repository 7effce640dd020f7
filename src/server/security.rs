//! What keeps other sites out of a signed-in browser: Origin checks, headers, and what a page may load.

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::state::AppState;

/// What a page may load and run: its own files, the scripts that carry this page's nonce, and nothing else.
pub fn content_security_policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
         font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
         object-src 'none'"
    )
}

/// Whether the request says that it comes from a page of ours. Saying nothing is not enough.
pub fn same_origin(headers: &HeaderMap, allowed: &[String]) -> bool {
    let Some(origin) = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok()) else { return false };
    allowed.iter().any(|known| known == origin)
}

/// Refuses requests that change something unless a page of ours sends them. The routes that Ada calls are not behind this: they
/// carry no cookie and prove themselves otherwise.
pub async fn check_origin(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || same_origin(request.headers(), &state.config.allowed_origins()) {
        return next.run(request).await;
    }
    let words = format!("This request does not come from a page of this desk. Open the desk at {} and try again.", state.config.public_url);
    (StatusCode::FORBIDDEN, words).into_response()
}

const HEADERS: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
];

/// Headers of every answer.
pub async fn set_headers(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if state.config.secure_cookies() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000; includeSubDomains"));
    }
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    }
    // What people see is theirs alone; files with a hash in their name say otherwise themselves.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_desks_own_origin_counts() {
        let allowed = vec!["https://desk.example".to_owned()];
        let from = |origin: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ORIGIN, origin.parse().expect("a header"));
            same_origin(&headers, &allowed)
        };
        assert!(from("https://desk.example"));
        for other in
            ["https://desk.example.evil.example", "http://desk.example", "https://desk.example:444", "null", "", "https://evil.example"]
        {
            assert!(!from(other), "{other}");
        }
        assert!(!same_origin(&HeaderMap::new(), &allowed));
    }
}
