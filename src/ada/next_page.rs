//! The next page of a list. Ada names it by a whole address, which is checked before anything is sent there.

use serde_json::Value;
use url::Url;

use super::error::AdaError;
use super::words::for_people;
use crate::model::ids::AdaConversationId;

/// A further page of one conversation's messages.
///
/// It keeps only what comes after the `?` of Ada's address, and only if all before it was this conversation's list at this
/// tenant. The address that is asked is made anew, so nothing in it can lead elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NextPage {
    conversation: AdaConversationId,
    query: String,
}

impl NextPage {
    /// Checks Ada's `next_page_url`. `list` is the address of this conversation's messages without a query. `None` after the
    /// last page.
    pub(super) fn read(conversation: &AdaConversationId, list: &Url, value: &Value) -> Result<Option<Self>, AdaError> {
        let text = match value {
            Value::Null => return Ok(None),
            Value::String(text) if text.is_empty() => return Ok(None),
            Value::String(text) => text,
            _ => {
                return Err(refused("Ada named a next page in a form that is no address."));
            }
        };
        let url = list.join(text).map_err(|_| refused("Ada named a next page in a form that is no address."))?;
        if !is_same_list(list, &url) {
            let place = for_people(&url.origin().ascii_serialization());
            return Err(refused(format!("Ada named a next page that is not one of this conversation's ({place}). It was not asked for.")));
        }
        match url.query() {
            Some(query) if !query.is_empty() => Ok(Some(Self { conversation: conversation.clone(), query: query.to_owned() })),
            _ => Err(looping()),
        }
    }

    /// A page that was kept from an earlier read, as [`Self::query`] gave it.
    pub fn kept(conversation: &AdaConversationId, query: &str) -> Self {
        Self { conversation: conversation.clone(), query: query.to_owned() }
    }

    /// What tells this page from the others of its conversation.
    pub fn query(&self) -> &str {
        &self.query
    }

    /// The address of this page. Refused for another conversation than the one that it is of.
    pub(super) fn address(&self, conversation: &AdaConversationId, list: &Url) -> Result<Url, AdaError> {
        if self.conversation != *conversation {
            return Err(AdaError::input("This page belongs to another conversation."));
        }
        let mut url = list.clone();
        url.set_query(Some(&self.query));
        Ok(url)
    }
}

/// Ada leads in a circle.
pub(super) fn looping() -> AdaError {
    refused("Ada named a next page that was read already.")
}

fn is_same_list(list: &Url, url: &Url) -> bool {
    let path = |url: &Url| url.path().strip_suffix('/').unwrap_or(url.path()).to_owned();
    url.scheme() == list.scheme()
        && url.host() == list.host()
        && url.port_or_known_default() == list.port_or_known_default()
        && url.username().is_empty()
        && url.password().is_none()
        && path(url) == path(list)
}

fn refused(words: impl Into<String>) -> AdaError {
    AdaError::NextPageRefused { words: words.into() }
}
