//! Another site that happens to be open in the same browser must not play the customer.

use axum::extract::Request;
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;

use crate::sandbox::error::ApiError;

/// Refuses what a browser sends for another site. Programs do not send this header and pass.
pub async fn same_site_only(request: Request, next: Next) -> Result<Response, ApiError> {
    let site = request.headers().get("sec-fetch-site").map(HeaderValue::as_bytes);
    match site {
        None | Some(b"same-origin" | b"same-site" | b"none") => Ok(next.run(request).await),
        Some(_) => Err(ApiError::other_site()),
    }
}
