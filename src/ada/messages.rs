//! Messages: read a conversation page by page or as a whole, and write to it.

use std::collections::HashSet;
use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use super::answer::unreadable;
use super::call::{Body, Call, Subject};
use super::client::Client;
use super::error::AdaError;
use super::next_page::{NextPage, looping};
use super::wire::{self, AdaMessage};
use crate::model::ids::{AdaConversationId, AdaMessageId};
use crate::model::stamp::Stamp;

/// The most messages that Ada puts on a page.
const PAGE_LIMIT: u16 = 100;
/// The most pages that one conversation is read for as a whole.
const PAGES: usize = 200;

/// A page of a conversation's messages, in Ada's order, which is not promised to be any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub messages: Vec<AdaMessage>,
    /// How many messages could not be kept because they have no identifier.
    pub skipped: usize,
    /// How many rows are of a kind that this version does not know; they are no messages.
    pub other_kinds: usize,
    /// Where it goes on; `None` on the last page. An error if Ada named something that is not a page of this conversation: it is not
    /// asked for, and the messages of this page are good all the same.
    pub next: Result<Option<NextPage>, AdaError>,
}

/// All messages of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whole {
    pub messages: Vec<AdaMessage>,
    /// As in [`Page`].
    pub skipped: usize,
    /// As in [`Page`].
    pub other_kinds: usize,
}

/// The person in whose name a message is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The name that the customer sees. Ada wants one.
    pub display_name: String,
    /// The address of a picture.
    pub avatar: Option<String>,
}

/// What can be written.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Outgoing {
    Text {
        body: String,
    },
    /// A file that was uploaded before: see [`Client::upload_attachment`].
    File {
        url: String,
        mime_type: String,
        filename: String,
    },
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text { .. } => "Text(..)",
            Self::File { .. } => "File(..)",
        })
    }
}

/// A message that Ada has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// Ada does not promise that lists and webhooks call it the same.
    pub id: AdaMessageId,
    pub created_at: Option<Stamp>,
}

impl Client {
    /// Reads one page: the first one, or the one that `page` names. `limit` is how many messages the first page may have (1 to
    /// 100); later pages have what Ada makes of it.
    pub async fn list_messages(&self, conversation: &AdaConversationId, page: Option<&NextPage>, limit: u16) -> Result<Page, AdaError> {
        let list = self.messages_address(conversation)?;
        let url = if let Some(page) = page {
            page.address(conversation, &list)?
        } else {
            let mut url = list.clone();
            url.query_pairs_mut().append_pair("limit", &limit.clamp(1, PAGE_LIMIT).to_string());
            url
        };
        let json = self.ask(Call::get(Subject::Conversation, url)).await?;
        let rows = json["data"].as_array().ok_or_else(|| unreadable("no list of messages", false))?;
        let next = NextPage::read(conversation, &list, &json["meta"]["next_page_url"])
            .and_then(|next| if next.is_some() && next.as_ref() == page { Err(looping()) } else { Ok(next) });
        let known: Vec<&Value> = rows.iter().filter(|row| is_message(row)).collect();
        let messages: Vec<AdaMessage> = known.iter().filter_map(|row| wire::message(row)).collect();
        Ok(Page { skipped: known.len() - messages.len(), other_kinds: rows.len() - known.len(), messages, next })
    }

    /// Reads a whole conversation, page after page, one call to Ada for each hundred messages. Fails as a whole: a part is
    /// never passed off as all of it.
    pub async fn list_all(&self, conversation: &AdaConversationId) -> Result<Whole, AdaError> {
        let mut whole = Whole::default();
        let mut seen: HashSet<NextPage> = HashSet::new();
        let mut page: Option<NextPage> = None;
        for _ in 0..PAGES {
            let read = self.list_messages(conversation, page.as_ref(), PAGE_LIMIT).await?;
            whole.messages.extend(read.messages);
            whole.skipped += read.skipped;
            whole.other_kinds += read.other_kinds;
            let Some(next) = read.next? else {
                return Ok(whole);
            };
            if !seen.insert(next.clone()) {
                return Err(looping());
            }
            page = Some(next);
        }
        Err(AdaError::Unexpected { words: format!("This conversation has more than {PAGES} pages of messages."), ambiguous: false })
    }

    /// Writes a message to the customer in a person's name. Ada has nothing that tells a repeat from a new message: after an
    /// ambiguous error, look whether it is there before it is sent again.
    pub async fn create_message(&self, conversation: &AdaConversationId, sender: &Sender, content: &Outgoing) -> Result<Created, AdaError> {
        if sender.display_name.trim().is_empty() {
            return Err(AdaError::input("Ada needs a name that the customer is shown."));
        }
        let mut author = json!({ "role": "human_agent", "display_name": sender.display_name });
        if let Some(avatar) = &sender.avatar {
            author["avatar"] = json!(avatar);
        }
        let body = Body::Json(json!({ "author": author, "content": content }));
        let json = self.ask(Call::post(Subject::Handoff, self.messages_address(conversation)?, body)).await?;
        let message = wire::message(&json).ok_or_else(|| unreadable("no message", true))?;
        Ok(Created { id: message.id, created_at: message.created_at })
    }

    fn messages_address(&self, conversation: &AdaConversationId) -> Result<Url, AdaError> {
        self.base().at(&["conversations", conversation.as_str(), "messages"], true)
    }
}

/// Whether a row is a message. The only kind there is today is `message_logs`; a row that does not name its kind is taken for one.
fn is_message(row: &Value) -> bool {
    row["type"].as_str().is_none_or(|kind| kind == "message_logs")
}
