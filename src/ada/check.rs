//! Whether Ada takes the key.

use super::call::{Call, Subject};
use super::client::Client;
use super::error::AdaError;
use super::refusal;
use super::words::said;

/// A conversation that cannot exist, in the form that Ada's identifiers have, so that nothing stumbles over its form.
const NO_CONVERSATION: &str = "000000000000000000000000";

impl Client {
    /// Whether Ada takes the key and answers as Ada does at this address. Changes nothing.
    ///
    /// It asks for a conversation that cannot exist. "No such conversation" (404) is said only to a key that is good, and it
    /// comes from the very endpoints that the desk needs, from those with the higher rate limit, whatever channels or rights
    /// the tenant has. A 404 that is not in Ada's form comes from something else: the address is wrong then.
    pub async fn check_key(&self) -> Result<(), AdaError> {
        let url = self.base().at(&["conversations", NO_CONVERSATION], true)?;
        let answer = self.exchange(Call::get(Subject::Conversation, url)).await?;
        let is_ada = said(&answer.body).is_ada;
        match answer.status.as_u16() {
            200 => answer.json(false).map(drop),
            400 | 404 | 422 if is_ada => Ok(()),
            404 => Err(AdaError::Unexpected {
                words: "Something answers at this address, but not as Ada's API does. Check Ada's address.".to_owned(),
                ambiguous: false,
            }),
            _ => Err(refusal::error(Subject::Conversation, &answer, false, |text| self.without_key(text))),
        }
    }
}
