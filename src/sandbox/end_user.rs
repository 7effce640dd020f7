//! The customer's profile.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::clock;
use super::conversation::{Author, END_USER};

/// An end user.
pub struct EndUser {
    pub id: String,
    pub profile: Map<String, Value>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl EndUser {
    /// Somebody new. An empty word means that it is not known.
    pub fn new(name: &str, email: &str, language: &str) -> Self {
        let (first, last) = name.split_once(' ').unwrap_or((name, ""));
        let known = |word: &str| (!word.is_empty()).then(|| word.to_owned());
        let profile = json!({
            "first_name": known(first),
            "last_name": known(last),
            "display_name": known(name),
            "avatar": null,
            "email": known(email),
            "language": known(language),
            "metadata": {},
        });
        let now = clock::now();
        Self { id: clock::object_id(), profile: profile.as_object().cloned().unwrap_or_default(), created_at: now, updated_at: now }
    }

    /// One word of the profile; empty when unknown.
    pub fn word(&self, key: &str) -> &str {
        self.profile.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// The customer as a message's author.
    pub fn author(&self) -> Author {
        let known = |key| self.profile.get(key).and_then(Value::as_str).map(str::to_owned);
        Author { role: END_USER, id: Some(self.id.clone()), avatar: known("avatar"), display_name: known("display_name") }
    }

    /// Takes over what `changes` names; `metadata` is merged key by key and null removes a key.
    pub fn update(&mut self, changes: &Map<String, Value>) {
        for (key, value) in changes {
            match (key.as_str(), value.as_object()) {
                ("metadata", Some(added)) => {
                    let kept = self.profile.entry("metadata").or_insert_with(|| json!({}));
                    if let Some(kept) = kept.as_object_mut() {
                        merge(kept, added);
                    }
                }
                _ => {
                    self.profile.insert(key.clone(), value.clone());
                }
            }
        }
        self.updated_at = clock::now();
    }

    pub fn to_json(&self) -> Value {
        json!({
            "end_user_id": self.id,
            "external_id": null,
            "profile": self.profile,
            "created_at": clock::seconds(self.created_at),
            "updated_at": clock::seconds(self.updated_at),
        })
    }
}

/// Adds `added` to `kept`; a null removes its key.
pub fn merge(kept: &mut Map<String, Value>, added: &Map<String, Value>) {
    for (key, value) in added {
        if value.is_null() {
            kept.remove(key);
        } else {
            kept.insert(key.clone(), value.clone());
        }
    }
}
