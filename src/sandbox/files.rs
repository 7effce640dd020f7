//! Uploaded files and their links, which look and expire like presigned links of S3.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use subtle::ConstantTimeEq as _;
use svix::webhooks::Webhook;

use super::clock;
use super::room::Sandbox;

/// How long a link works, in seconds: seven days.
const LIFETIME: i64 = 7 * 24 * 60 * 60;
/// Bytes kept in memory at most; beyond it the oldest files go.
const ROOM: usize = 512 * 1024 * 1024;

/// The files of one sandbox.
pub struct Files {
    base: String,
    /// Only its HMAC is of use here: links are signed with a key that nobody else has.
    signer: Option<Webhook>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    files: HashMap<String, File>,
    order: VecDeque<String>,
    bytes: usize,
}

#[derive(Clone)]
struct File {
    mime_type: String,
    data: Bytes,
}

impl Files {
    pub fn new(base: &str) -> Self {
        Self { base: base.to_owned(), signer: Webhook::from_bytes(rand::random::<[u8; 32]>().to_vec()).ok(), kept: Mutex::default() }
    }

    /// Keeps a file; answers with its id.
    pub fn keep(&self, mime_type: &str, data: Bytes) -> String {
        let id = clock::object_id();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += data.len();
        kept.order.push_back(id.clone());
        let mime_type = mime_type.to_owned();
        kept.files.insert(id.clone(), File { mime_type, data });
        while kept.bytes > ROOM {
            let Some(oldest) = kept.order.pop_front() else {
                break;
            };
            let gone = kept.files.remove(&oldest).map_or(0, |file| file.data.len());
            kept.bytes -= gone;
        }
        id
    }

    /// A link that works for seven days from now.
    pub fn link(&self, id: &str, filename: &str) -> String {
        let since = clock::now().unix_timestamp();
        let name: String = url::form_urlencoded::byte_serialize(filename.as_bytes()).collect();
        let name = name.replace('+', "%20");
        format!(
            "{}/files/{id}/{name}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date={since}&X-Amz-Expires={LIFETIME}&X-Amz-Signature={}",
            self.base,
            self.sign(id, since, LIFETIME),
        )
    }

    /// The id of one of our own files, if `link` is one of our own links.
    pub fn own(&self, link: &str) -> Option<String> {
        let path = link.strip_prefix(&self.base)?.strip_prefix("/files/")?;
        let (id, _) = path.split_once('/')?;
        self.find(id).map(|_| id.to_owned())
    }

    fn find(&self, id: &str) -> Option<File> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.files.get(id).cloned()
    }

    fn sign(&self, id: &str, since: i64, lifetime: i64) -> String {
        let signed =
            self.signer.as_ref().and_then(|signer| signer.sign(id, since, lifetime.to_string().as_bytes()).ok()).unwrap_or_default();
        signed.bytes().skip("v1,".len()).fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    fn allows(&self, id: &str, ticket: &Ticket) -> bool {
        let expected = self.sign(id, ticket.since, ticket.lifetime);
        let genuine: bool = expected.as_bytes().ct_eq(ticket.signature.as_bytes()).into();
        genuine && clock::now().unix_timestamp() <= ticket.since.saturating_add(ticket.lifetime)
    }
}

/// `GET /files/{id}/{name}`.
pub fn router() -> Router<Arc<Sandbox>> {
    Router::new().route("/files/{id}/{name}", get(show_file))
}

#[derive(Deserialize)]
struct Ticket {
    #[serde(rename = "X-Amz-Date")]
    since: i64,
    #[serde(rename = "X-Amz-Expires")]
    lifetime: i64,
    #[serde(rename = "X-Amz-Signature")]
    signature: String,
}

async fn show_file(
    State(sandbox): State<Arc<Sandbox>>,
    Path((id, _name)): Path<(String, String)>,
    ticket: Result<Query<Ticket>, QueryRejection>,
) -> Response {
    let expired = sandbox.faults.settings().files_expire;
    if expired || !ticket.is_ok_and(|Query(ticket)| sandbox.files.allows(&id, &ticket)) {
        return refusal(StatusCode::FORBIDDEN, "AccessDenied", "Request has expired");
    }
    let Some(file) = sandbox.files.find(&id) else {
        return refusal(StatusCode::NOT_FOUND, "NoSuchKey", "The specified key does not exist.");
    };
    let kind = HeaderValue::from_str(&file.mime_type).unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"));
    let headers = [
        (header::CONTENT_TYPE, kind),
        // These bytes are a stranger's: on this origin they must not run.
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600")),
    ];
    (headers, file.data).into_response()
}

/// Errors of the file host are XML, not Ada's JSON.
fn refusal(status: StatusCode, code: &str, message: &str) -> Response {
    let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    (status, [(header::CONTENT_TYPE, "application/xml")], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_bound_to_its_file_and_its_time() {
        let files = Files::new("http://ada.test");
        let now = clock::now().unix_timestamp();
        let ticket = |since, lifetime| Ticket { since, lifetime, signature: files.sign("one", since, lifetime) };
        assert!(files.allows("one", &ticket(now, LIFETIME)));
        assert!(!files.allows("two", &ticket(now, LIFETIME)));
        assert!(!files.allows("one", &ticket(now - LIFETIME - 1, LIFETIME)));
        let mut longer = ticket(now - LIFETIME - 1, LIFETIME);
        longer.lifetime *= 2;
        assert!(!files.allows("one", &longer));
    }

    #[test]
    fn own_links_are_recognised() {
        let files = Files::new("http://ada.test");
        let id = files.keep("image/png", Bytes::from_static(b"png"));
        assert_eq!(files.own(&files.link(&id, "a b/c?.png")), Some(id));
        assert_eq!(files.own("http://ada.test/files/unknown/x"), None);
        assert_eq!(files.own("http://elsewhere.test/files/x/x"), None);
    }
}
