//! Files that a person wants to send: uploaded here, then named in a message.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::multipart::{Multipart, MultipartRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::sandbox::error::ApiError;
use crate::sandbox::room::Sandbox;

/// Bytes of one attachment.
const ATTACHMENT_LIMIT: usize = 50 * 1024 * 1024;
/// How much more is read, and thrown away, so that the client is still there to hear the refusal.
const PATIENCE: usize = 2 * ATTACHMENT_LIMIT;

/// Extensions that Ada takes, and what they are.
const TYPES: [(&str, &str); 34] = [
    ("txt", "text/plain"),
    ("log", "text/plain"),
    ("csv", "text/csv"),
    ("eml", "message/rfc822"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("gif", "image/gif"),
    ("heif", "image/heif"),
    ("heic", "image/heic"),
    ("avif", "image/avif"),
    ("wav", "audio/wav"),
    ("m4a", "audio/mp4"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("m4v", "video/x-m4v"),
    ("mov", "video/quicktime"),
    ("mpeg", "video/mpeg"),
    ("mpg", "video/mpeg"),
    ("zip", "application/zip"),
    ("pdf", "application/pdf"),
    ("doc", "application/msword"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xls", "application/vnd.ms-excel"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("ppt", "application/vnd.ms-powerpoint"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("key", "application/vnd.apple.keynote"),
    ("keynote", "application/vnd.apple.keynote"),
    ("pages", "application/vnd.apple.pages"),
    ("numbers", "application/vnd.apple.numbers"),
    // Other names under which browsers declare the same things.
    ("", "audio/x-wav"),
    ("", "audio/x-m4a"),
];

/// One uploaded file.
pub struct Upload {
    pub filename: String,
    /// What the sender says it is; empty when they say nothing.
    pub mime_type: String,
    pub data: Bytes,
}

/// `POST conversations/{id}/attachments/`: only during a handoff.
pub async fn create_attachment(
    State(sandbox): State<Arc<Sandbox>>,
    Path(id): Path<String>,
    multipart: Result<Multipart, MultipartRejection>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    sandbox.world().find(&id)?;
    let upload = read_upload(multipart).await?;
    let mime_type = accepted_type(&upload.filename, &upload.mime_type).ok_or_else(|| refuse("This type of file is not allowed"))?;
    if sandbox.world().find(&id)?.handoff().is_none() {
        return Err(ApiError::not_in_handoff());
    }
    let file = sandbox.files.keep(&mime_type, upload.data);
    let url = sandbox.files.link(&file, &upload.filename);
    let answer = json!({ "url": url, "mime_type": mime_type, "filename": upload.filename });
    Ok((StatusCode::CREATED, Json(answer)))
}

/// The part named `file`.
///
/// # Errors
/// 400 when it is missing or broken, 413 above the limit.
pub async fn read_upload(multipart: Result<Multipart, MultipartRejection>) -> Result<Upload, ApiError> {
    let mut multipart = multipart.map_err(|_| refuse("Must be multipart/form-data"))?;
    let broken = |_| refuse("The upload is broken");
    while let Some(mut part) = multipart.next_field().await.map_err(broken)? {
        if part.name() != Some("file") {
            continue;
        }
        let filename = part.file_name().unwrap_or_default().to_owned();
        let mime_type = part.content_type().unwrap_or_default().to_owned();
        let mut data = Vec::new();
        let mut seen = 0;
        while let Some(chunk) = part.chunk().await.map_err(broken)? {
            seen += chunk.len();
            if seen > PATIENCE {
                break;
            }
            if seen <= ATTACHMENT_LIMIT {
                data.extend_from_slice(&chunk);
            }
        }
        if seen > ATTACHMENT_LIMIT {
            return Err(ApiError::too_large("50 MB"));
        }
        if filename.is_empty() {
            return Err(refuse("The file has no name"));
        }
        return Ok(Upload { filename, mime_type, data: data.into() });
    }
    Err(refuse("Field required"))
}

/// The type to keep: the extension must be known, and the declared type must be one of the known types or say nothing.
fn accepted_type(filename: &str, declared: &str) -> Option<String> {
    let (_, extension) = filename.rsplit_once('.')?;
    let extension = extension.to_ascii_lowercase();
    let (_, usual) = TYPES.iter().find(|(known, _)| !known.is_empty() && *known == extension)?;
    let declared = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if declared.is_empty() || declared == "application/octet-stream" {
        return Some((*usual).to_owned());
    }
    TYPES.iter().any(|(_, known)| *known == declared).then_some(declared)
}

fn refuse(why: &str) -> ApiError {
    ApiError::fault("invalid attachment", "$.file", "body", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extension_and_declared_type_both_count() {
        assert_eq!(accepted_type("a.PNG", "image/png").as_deref(), Some("image/png"));
        assert_eq!(accepted_type("a.pdf", "").as_deref(), Some("application/pdf"));
        assert_eq!(accepted_type("a.log", "application/octet-stream").as_deref(), Some("text/plain"));
        for (name, declared) in [("a.webp", "image/webp"), ("a.html", "text/plain"), ("a.png", "text/html"), ("png", "")] {
            assert_eq!(accepted_type(name, declared), None, "{name} as {declared}");
        }
    }
}
