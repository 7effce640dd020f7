//! Webhooks as Ada sends them: whole requests, signed, each with an id of its own and a text that carries its number.

use serde_json::{Value, json};
use svix::webhooks::Webhook;
use time::OffsetDateTime;

use super::Result;
use super::desk::{DOMAIN, INTEGRATION, SECRET};

/// A request that is ready to go.
pub struct Prepared {
    pub number: usize,
    pub bytes: Vec<u8>,
}

/// What is said around the number: as long as a customer's message may well be.
const TEXT: &str = "The parcel was promised for Tuesday and is still on its way. The page with its number says nothing but that it left the \
                    warehouse, and nobody answers the telephone. Could somebody look where it is, please?";

/// Signs as Svix does.
pub struct Signer {
    webhook: Webhook,
}

impl Signer {
    pub fn new() -> Result<Self> {
        Ok(Self { webhook: Webhook::new(SECRET)? })
    }

    /// A customer's message. Its id sorts as its number does, so that messages of one millisecond keep their order.
    pub fn message(&self, conversation: &str, number: usize) -> Result<Prepared> {
        let now = stamp(OffsetDateTime::now_utc())?;
        let (id, text) = (ada_id(number), text(number));
        // Written by hand: a flood is prepared in advance, and a tree of JSON for each would take longer than its signature.
        let body = format!(
            r#"{{"type":"v1.conversation.message","timestamp":"{now}","data":{{"message_id":"{id}","conversation_id":"{conversation}","end_user_id":"user-1","handoff_integration":"{INTEGRATION}","channel":{{"type":"native","id":"chat","name":"Chat","modality":"messaging"}},"created_at":"{now}","author":{{"id":"user-1","role":"end_user","avatar":null,"display_name":"Jane"}},"content":{{"type":"text","body":"{text}"}},"ai_agent_domain":"{DOMAIN}"}}}}"#
        );
        Ok(Prepared { number, bytes: self.request(&format!("msg_{number:012}"), &body)? })
    }

    /// The same message under another svix id, as a replay from Ada's dashboard would be.
    pub fn again(&self, prepared: &Prepared, time: usize) -> Result<Prepared> {
        let text = std::str::from_utf8(&prepared.bytes)?;
        let (_, body) = text.split_once("\r\n\r\n").ok_or("a request without a body")?;
        Ok(Prepared { number: prepared.number, bytes: self.request(&format!("msg_{:012}_{time}", prepared.number), body)? })
    }

    /// Ada shows a reply of ours back.
    pub fn echo(&self, conversation: &str, message: &Value, delivery: &str) -> Result<Vec<u8>> {
        let event = json!({
            "type": "v1.conversation.message",
            "timestamp": message["created_at"],
            "data": {
                "message_id": message["message_id"],
                "conversation_id": conversation,
                "end_user_id": "user-1",
                "handoff_integration": INTEGRATION,
                "created_at": message["created_at"],
                "author": message["author"],
                "content": message["content"],
                "ai_agent_domain": DOMAIN,
            }
        });
        self.request(delivery, &event.to_string())
    }

    fn request(&self, id: &str, body: &str) -> Result<Vec<u8>> {
        let at = OffsetDateTime::now_utc().unix_timestamp();
        let signature = self.webhook.sign(id, at, body.as_bytes())?;
        let length = body.len();
        Ok(format!(
            "POST /webhooks/message HTTP/1.1\r\nhost: desk.test\r\ncontent-type: application/json\r\nsvix-id: {id}\r\nsvix-timestamp: {at}\r\n\
             svix-signature: {signature}\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .into_bytes())
    }
}

/// Ada's id of a message of ours: as long as hers.
pub fn ada_id(number: usize) -> String {
    format!("0bec0000-0000-4000-8000-{number:012}")
}

/// The text of a message: its number between two marks, and words.
pub fn text(number: usize) -> String {
    format!("~{number:010}~ {TEXT}")
}

/// The number that a text carries.
pub fn number_in(text: &str) -> Option<usize> {
    let at = text.find('~')?;
    let digits = text.get(at + 1..at + 11)?;
    (text.as_bytes().get(at + 11) == Some(&b'~')).then(|| digits.parse().ok()).flatten()
}

/// A time in Ada's form, to the millisecond.
pub fn stamp(at: OffsetDateTime) -> Result<String> {
    let form = time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]+00:00");
    Ok(at.format(form)?)
}
