//! Files for the customer: upload first, then write a message with what came back.

use std::fmt;

use reqwest::multipart::{Form, Part};

use super::answer::unreadable;
use super::call::{Body, Call, Subject};
use super::client::Client;
use super::error::AdaError;
use super::messages::Outgoing;
use super::wire;
use crate::model::ids::AdaConversationId;

/// A file on its way to Ada.
pub struct Upload {
    filename: String,
    mime_type: String,
    body: reqwest::Body,
    length: Option<u64>,
}

impl Upload {
    /// A file in memory.
    pub fn bytes(filename: &str, mime_type: &str, bytes: Vec<u8>) -> Self {
        Self { filename: plain_name(filename), mime_type: mime_type.to_owned(), length: None, body: bytes.into() }
    }

    /// A file that is read while it is sent; `length` is its size in bytes.
    pub fn stream(filename: &str, mime_type: &str, body: impl Into<reqwest::Body>, length: u64) -> Self {
        Self { filename: plain_name(filename), mime_type: mime_type.to_owned(), length: Some(length), body: body.into() }
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").field("mime_type", &self.mime_type).field("length", &self.length).finish_non_exhaustive()
    }
}

/// A file that Ada keeps for up to 7 days. The customer sees nothing of it until a message names it.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Whoever has this address can read the file: it is a secret.
    pub url: String,
    pub mime_type: String,
    pub filename: String,
}

impl Attachment {
    /// The message that shows it to the customer.
    pub fn into_message(self) -> Outgoing {
        Outgoing::File { url: self.url, mime_type: self.mime_type, filename: self.filename }
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attachment").field("mime_type", &self.mime_type).finish_non_exhaustive()
    }
}

impl Client {
    /// Uploads a file to a conversation that is with a person. Ada takes at most 50 MB, and not every kind of file. Doing it
    /// twice does no harm.
    pub async fn upload_attachment(&self, conversation: &AdaConversationId, upload: Upload) -> Result<Attachment, AdaError> {
        let url = self.base().at(&["conversations", conversation.as_str(), "attachments"], true)?;
        let Upload { filename, mime_type, body, length } = upload;
        let part = match length {
            Some(length) => Part::stream_with_length(body, length),
            None => Part::stream(body),
        };
        let part = part
            .file_name(filename.clone())
            .mime_str(&mime_type)
            .map_err(|_| AdaError::input("This kind of file has no name that can be sent."))?;
        // Names go as browsers send them: as they are, in UTF-8.
        let form = Form::new().percent_encode_noop().part("file", part);
        let json = self.ask(Call::post(Subject::Handoff, url, Body::Form(form))).await?;
        Ok(Attachment {
            url: wire::text(&json["url"]).filter(|url| !url.is_empty()).ok_or_else(|| unreadable("no file", true))?,
            mime_type: wire::text(&json["mime_type"]).unwrap_or(mime_type),
            filename: wire::text(&json["filename"]).unwrap_or(filename),
        })
    }
}

/// The last part of a name, without what could end the header that carries it.
fn plain_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.chars().filter(|sign| !sign.is_control()).map(|sign| if sign == '"' { '\'' } else { sign }).collect();
    if plain.trim().is_empty() { "file".to_owned() } else { plain }
}
