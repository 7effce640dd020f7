//! End users: the customers as Ada knows them.

use serde_json::Value;

use super::answer::unreadable;
use super::call::{Call, Subject};
use super::client::Client;
use super::error::AdaError;
use super::wire;
use crate::model::context::{self, ContextEntry};
use crate::model::handoff::EndUser;
use crate::model::ids::EndUserId;

impl Client {
    /// Reads an end user. One that Ada does not know is [`AdaError::NotFound`].
    pub async fn get_end_user(&self, id: &EndUserId) -> Result<EndUser, AdaError> {
        let url = self.base().at(&["end-users", id.as_str()], false)?;
        let json = self.ask(Call::get(Subject::EndUser, url)).await?;
        read(&json).ok_or_else(|| unreadable("no end user", false))
    }
}

fn read(json: &Value) -> Option<EndUser> {
    let id = wire::id(&json["end_user_id"]).or_else(|| wire::id(&json["id"]))?;
    let profile = &json["profile"];
    Some(EndUser {
        id: Some(EndUserId(id)),
        name: said(&profile["display_name"]).or_else(|| full_name(profile)),
        email: said(&profile["email"]),
        language: said(&profile["language"]),
        metavariables: context::entries(&profile["metadata"])
            .into_iter()
            .map(|entry| ContextEntry { name: wire::clean(&entry.name), value: wire::clean(&entry.value) })
            .collect(),
    })
}

fn full_name(profile: &Value) -> Option<String> {
    let parts: Vec<String> = [&profile["first_name"], &profile["last_name"]].into_iter().filter_map(said).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// A text that is not blank.
fn said(value: &Value) -> Option<String> {
    wire::text(value).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}
