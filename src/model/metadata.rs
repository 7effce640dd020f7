//! A conversation's metadata at Ada: names with text, a number or yes/no. Ada merges what is sent; null removes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Ada's limit for a conversation's metadata, in bytes of JSON.
pub const METADATA_LIMIT: usize = 4 * 1024;
/// The longest name that the desk accepts, in characters.
pub const NAME_LIMIT: usize = 100;

/// One value. Whatever else Ada might hold (a list, say) is kept as JSON text, to be seen but not edited.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum MetadataValue {
    Flag(bool),
    Number(serde_json::Number),
    Text(String),
}

impl Eq for MetadataValue {}

impl MetadataValue {
    /// The value as people read it.
    pub fn display(&self) -> String {
        match self {
            Self::Flag(true) => "yes".to_owned(),
            Self::Flag(false) => "no".to_owned(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// A conversation's metadata.
pub type Metadata = BTreeMap<String, MetadataValue>;

/// A change to metadata: a value sets, `None` removes.
pub type MetadataPatch = BTreeMap<String, Option<MetadataValue>>;

/// A patch that Ada would refuse.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MetadataError {
    #[error("name: an entry needs a name")]
    NoName,
    #[error("name: at most {NAME_LIMIT} characters; this one has {0}")]
    LongName(usize),
    #[error("value: the metadata would have {0} bytes; Ada keeps at most {METADATA_LIMIT}")]
    TooBig(usize),
}

/// What the metadata would be after a patch, if Ada would take it.
pub fn patched(metadata: &Metadata, patch: &MetadataPatch) -> Result<Metadata, MetadataError> {
    let mut merged = metadata.clone();
    for (name, value) in patch {
        if name.trim().is_empty() {
            return Err(MetadataError::NoName);
        }
        let length = name.chars().count();
        if length > NAME_LIMIT {
            return Err(MetadataError::LongName(length));
        }
        match value {
            Some(value) => merged.insert(name.clone(), value.clone()),
            None => merged.remove(name),
        };
    }
    let size = size(&merged);
    // Removing from what is too big already is a way out of it.
    if size > METADATA_LIMIT && patch.values().any(Option::is_some) {
        return Err(MetadataError::TooBig(size));
    }
    Ok(merged)
}

/// How many bytes of Ada's limit the metadata takes.
pub fn size(metadata: &Metadata) -> usize {
    serde_json::to_vec(metadata).map_or(0, |json| json.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> MetadataValue {
        MetadataValue::Text(value.to_owned())
    }

    #[test]
    fn a_patch_adds_changes_and_removes() {
        let before = Metadata::from([("a".into(), MetadataValue::Flag(true)), ("b".into(), MetadataValue::Number(1.into()))]);
        let after =
            patched(&before, &MetadataPatch::from([("a".into(), None), ("b".into(), Some(text("two"))), ("c".into(), Some(text("new")))]));
        let expected = Metadata::from([("b".into(), text("two")), ("c".into(), text("new"))]);
        assert_eq!(after, Ok(expected));
    }

    #[test]
    fn what_ada_would_refuse_is_refused_by_name() {
        let empty = Metadata::new();
        assert_eq!(patched(&empty, &MetadataPatch::from([(" ".into(), Some(text("x")))])), Err(MetadataError::NoName));
        let big = patched(&empty, &MetadataPatch::from([("x".into(), Some(text(&"y".repeat(METADATA_LIMIT))))]));
        assert!(matches!(big, Err(MetadataError::TooBig(_))));
    }

    #[test]
    fn values_keep_their_kind_on_the_wire() {
        let json = r#"{"age":3,"name":"J","score":0.5,"vip":true}"#;
        let metadata: Metadata = serde_json::from_str(json).expect("metadata");
        assert_eq!(serde_json::to_string(&metadata).expect("json"), json);
    }
}
