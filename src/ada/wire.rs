//! Ada's JSON, read leniently: messages, authors, content, metadata. Used for what the API answers and for what webhooks bring.
//!
//! Only identifiers are needed. A field that is missing or of another type is treated as absent, an unknown one is ignored,
//! and an unknown kind of content is kept and marked as such.

use serde_json::Value;

use crate::model::context::display;
use crate::model::ids::{AdaMessageId, EndUserId};
use crate::model::message::{Author, AuthorRole, Content};
use crate::model::metadata::{Metadata, MetadataValue};
use crate::model::stamp::Stamp;

/// What stands for a kind of content that has no name.
const NAMELESS: &str = "unknown";

/// A message as Ada tells it in a list or in a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdaMessage {
    pub id: AdaMessageId,
    pub created_at: Option<Stamp>,
    pub author: Author,
    /// Who wrote it, if it was an end user and Ada says which.
    pub end_user: Option<EndUserId>,
    pub content: Content,
}

/// Reads a message: a row of a list, the answer to a created one, or a webhook's `data`. `None` if it has no identifier.
pub fn message(value: &Value) -> Option<AdaMessage> {
    let id = id(&value["message_id"]).or_else(|| id(&value["id"]))?;
    let author = author(&value["author"]);
    let end_user = self::id(&value["author"]["id"]).filter(|_| author.role == AuthorRole::EndUser).map(EndUserId);
    Some(AdaMessage {
        id: AdaMessageId(id),
        created_at: stamp(&value["created_at"]),
        author,
        end_user,
        content: content(&value["content"]),
    })
}

/// Reads who wrote a message. An unknown or missing role becomes `System`; the name is kept in any case.
pub fn author(value: &Value) -> Author {
    let role = match value["role"].as_str() {
        Some("end_user") => AuthorRole::EndUser,
        Some("ai_agent") => AuthorRole::AiAgent,
        Some("human_agent") => AuthorRole::HumanAgent,
        _ => AuthorRole::System,
    };
    let name = text(&value["display_name"]).map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    Author { role, name }
}

/// Reads what a message says. What cannot be read as the kind that it claims to be is `Unsupported`, with whatever text there is.
pub fn content(value: &Value) -> Content {
    let kind = text(&value["type"]).filter(|kind| !kind.is_empty());
    let known = match kind.as_deref() {
        Some("text") => text(&value["body"]).map(|body| Content::Text { body }),
        Some("presence") => text(&value["body"]).map(|body| Content::Presence { body }),
        Some("link") => text(&value["url"]).map(|url| Content::Link { url, link_text: text(&value["link_text"]) }),
        Some("file") => {
            text(&value["url"]).map(|url| Content::File { url, mime_type: text(&value["mime_type"]), filename: text(&value["filename"]) })
        }
        _ => None,
    };
    known.unwrap_or_else(|| Content::Unsupported { kind: kind.unwrap_or_else(|| NAMELESS.to_owned()), body: leftover(value) })
}

/// Reads a conversation's metadata. What is neither text, number nor yes/no is kept as JSON text; a null is nothing.
pub fn metadata(value: &Value) -> Metadata {
    let Value::Object(map) = value else {
        return Metadata::new();
    };
    map.iter().filter_map(|(name, value)| Some((clean(name), metadata_value(value)?))).collect()
}

/// Reads a timestamp.
pub fn stamp(value: &Value) -> Option<Stamp> {
    value.as_str().and_then(Stamp::parse)
}

/// Reads an identifier. They are opaque: a number is taken as its digits, should Ada ever send one.
pub fn id(value: &Value) -> Option<String> {
    match value {
        Value::String(id) if !id.trim().is_empty() => Some(clean(id)),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

/// Reads a text.
pub fn text(value: &Value) -> Option<String> {
    value.as_str().map(clean)
}

/// The text with each NUL character replaced by U+FFFD: Postgres takes none.
pub fn clean(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn metadata_value(value: &Value) -> Option<MetadataValue> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(flag) => MetadataValue::Flag(*flag),
        Value::Number(number) => MetadataValue::Number(number.clone()),
        Value::String(text) => MetadataValue::Text(clean(text)),
        // JSON text writes a NUL as six harmless characters, which a column for JSON would take as a NUL again.
        Value::Array(_) | Value::Object(_) => MetadataValue::Text(value.to_string().replace("\\u0000", "\u{fffd}")),
    })
}

/// What there is to read in content that is not understood: its body, another text of it, or the text that stands in its place.
fn leftover(value: &Value) -> Option<String> {
    let candidates = [value, &value["body"], &value["link_text"], &value["filename"], &value["url"]];
    candidates.into_iter().filter(|candidate| !candidate.is_object()).find_map(display).map(|body| clean(&body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn known_content_is_read() {
        assert_eq!(content(&json!({"type": "text", "body": "Hi"})), Content::Text { body: "Hi".into() });
        assert_eq!(content(&json!({"type": "presence", "body": "P joined"})), Content::Presence { body: "P joined".into() });
        assert_eq!(
            content(&json!({"type": "link", "url": "https://s.example", "link_text": null})),
            Content::Link { url: "https://s.example".into(), link_text: None }
        );
        assert_eq!(
            content(&json!({"type": "file", "url": "https://s3.example/x", "mime_type": "image/png", "filename": "x.png", "size": 3})),
            Content::File { url: "https://s3.example/x".into(), mime_type: Some("image/png".into()), filename: Some("x.png".into()) }
        );
    }

    #[test]
    fn unknown_or_odd_content_is_kept_and_marked() {
        let cases = [
            (json!({"type": "carousel", "body": "Pick one"}), "carousel", Some("Pick one")),
            (json!({"type": "carousel"}), "carousel", None),
            (json!({"type": "text"}), "text", None),
            (json!({"type": "text", "body": 7}), "text", Some("7")),
            (json!({"type": "file", "filename": "x.png"}), "file", Some("x.png")),
            (json!({"body": "no kind"}), "unknown", Some("no kind")),
            (json!("just text"), "unknown", Some("just text")),
            (json!(null), "unknown", None),
            (json!({"type": 3, "body": ["a"]}), "unknown", Some("[\"a\"]")),
        ];
        for (value, kind, body) in cases {
            let expected = Content::Unsupported { kind: kind.into(), body: body.map(Into::into) };
            assert_eq!(content(&value), expected, "{value}");
        }
    }

    #[test]
    fn authors_keep_their_names() {
        let roles = [
            ("end_user", AuthorRole::EndUser),
            ("ai_agent", AuthorRole::AiAgent),
            ("human_agent", AuthorRole::HumanAgent),
            ("handoff_system", AuthorRole::System),
        ];
        for (word, role) in roles {
            assert_eq!(author(&json!({"role": word, "display_name": " Priya "})), Author { role, name: Some("Priya".into()) });
        }
        for odd in [json!(null), json!({}), json!({"role": 1, "display_name": ""}), json!("x")] {
            assert_eq!(author(&odd), Author { role: AuthorRole::System, name: None }, "{odd}");
        }
    }

    #[test]
    fn a_message_needs_an_identifier_and_nothing_else() {
        let bare = message(&json!({"message_id": "m1"})).expect("message");
        assert_eq!((bare.id.as_str(), bare.created_at, bare.end_user), ("m1", None, None));
        assert_eq!(message(&json!({"id": "m2"})).expect("message").id.as_str(), "m2");
        for odd in [json!({}), json!({"message_id": ""}), json!({"message_id": null}), json!({"message_id": {}}), json!(null), json!([])] {
            assert_eq!(message(&odd), None, "{odd}");
        }
    }

    #[test]
    fn only_an_end_users_identifier_is_one() {
        let from = |role: &str| message(&json!({"message_id": "m", "author": {"id": "u1", "role": role}})).expect("message").end_user;
        assert_eq!(from("end_user"), Some("u1".into()));
        assert_eq!(from("human_agent"), None);
    }

    #[test]
    fn metadata_keeps_its_kinds_and_shows_the_rest() {
        let read = metadata(&json!({"a": "x", "b": 0.5, "c": true, "d": ["\u{0}"], "e": null, "f": {"g": 1}}));
        let kept = serde_json::to_value(&read).expect("json");
        assert_eq!(kept, json!({"a": "x", "b": 0.5, "c": true, "d": "[\"\u{fffd}\"]", "f": "{\"g\":1}"}));
        assert!(metadata(&json!([1])).is_empty());
    }

    #[test]
    fn no_text_keeps_a_nul() {
        let all = message(
            &json!({"message_id": "m\0", "author": {"role": "x", "display_name": "a\0"}, "content": {"type": "t\0", "body": "b\0"}}),
        );
        assert!(!format!("{all:?}").contains("\\0"), "{all:?}");
        assert_eq!(clean("a\0b"), "a\u{fffd}b");
    }
}
