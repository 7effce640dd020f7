//! The body of a new message, checked field by field.

use serde_json::{Map, Value};

use crate::sandbox::conversation::{Author, Content, END_USER, HUMAN_AGENT};
use crate::sandbox::error::{ApiError, Fault};
use crate::sandbox::files::Files;

/// Author and content of a new message.
///
/// # Errors
/// 400 that lists every fault at once.
pub fn read(body: &Map<String, Value>, files: &Files) -> Result<(Author, Content), ApiError> {
    let mut faults = Faults::default();
    let author = read_author(body, &mut faults);
    let content = read_content(body, files, &mut faults);
    match (author, content) {
        (Some(author), Some(content)) if faults.0.is_empty() => Ok((author, content)),
        _ => Err(ApiError::invalid("invalid message data", faults.0)),
    }
}

fn read_author(body: &Map<String, Value>, faults: &mut Faults) -> Option<Author> {
    let Some(author) = body.get("author").and_then(Value::as_object) else {
        return faults.add("$.author", "Field required");
    };
    let role = match author.get("role").and_then(Value::as_str) {
        Some(END_USER) => END_USER,
        Some(HUMAN_AGENT) => HUMAN_AGENT,
        Some(_) => return faults.add("$.author.role", "Must be end_user or human_agent"),
        None => return faults.add("$.author.role", "Field required"),
    };
    let mut word = |key: &str, required: bool| {
        let parameter = format!("$.author.{key}");
        match author.get(key) {
            Some(Value::String(word)) if !word.trim().is_empty() => Some(word.clone()),
            None | Some(Value::Null | Value::String(_)) if required => faults.add(&parameter, &format!("Field required for role {role}")),
            None | Some(Value::Null | Value::String(_)) => None,
            Some(_) => faults.add(&parameter, "Must be a string"),
        }
    };
    Some(Author {
        role,
        id: word("id", role == END_USER),
        display_name: word("display_name", role == HUMAN_AGENT),
        avatar: word("avatar", false),
    })
}

fn read_content(body: &Map<String, Value>, files: &Files, faults: &mut Faults) -> Option<Content> {
    let Some(content) = body.get("content").and_then(Value::as_object) else {
        return faults.add("$.content", "Field required");
    };
    let mut word = |key: &str| match content.get(key) {
        Some(Value::String(word)) if !word.trim().is_empty() => Some(word.clone()),
        Some(Value::String(_)) => faults.add(&format!("$.content.{key}"), "Must not be empty"),
        Some(Value::Null) | None => faults.add(&format!("$.content.{key}"), "Field required"),
        Some(_) => faults.add(&format!("$.content.{key}"), "Must be a string"),
    };
    match content.get("type").and_then(Value::as_str) {
        Some("text") => word("body").map(|body| Content::text(&body)),
        Some("file") => {
            let (url, mime_type, filename) = (word("url"), word("mime_type"), word("filename"));
            let (url, mime_type, filename) = (url?, mime_type?, filename?);
            if !url::Url::parse(&url).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
                return faults.add("$.content.url", "Must be a URL");
            }
            Some(match files.own(&url) {
                Some(id) => Content::File { id, mime_type, filename },
                None => Content::Json(serde_json::json!({ "type": "file", "url": url, "mime_type": mime_type, "filename": filename })),
            })
        }
        Some(_) => faults.add("$.content.type", "Must be text or file"),
        None => faults.add("$.content.type", "Field required"),
    }
}

#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    /// Notes a fault; always `None`, in place of the value that is not there.
    fn add<T>(&mut self, parameter: &str, message: &str) -> Option<T> {
        self.0.push(Fault::new(parameter, "body", message));
        None
    }
}
