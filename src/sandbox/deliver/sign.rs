//! The headers of one attempt.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use svix::webhooks::Webhook;
use time::OffsetDateTime;

use super::fate::Spoiled;
use crate::sandbox::faults::{Headers, Webhooks};

/// How far off a stale time is, in seconds; Svix allows five minutes.
const OFF: i64 = 600;

/// Keys of one sandbox.
pub struct Keys {
    right: Webhook,
    /// Signs what shall be refused.
    wrong: Option<Webhook>,
}

impl Keys {
    pub fn new(right: Webhook) -> Self {
        Self { right, wrong: Webhook::from_bytes(rand::random::<[u8; 32]>().to_vec()).ok() }
    }

    /// Id, time and signature. `None`: it cannot be signed.
    pub fn sign(
        &self,
        id: &str,
        at: OffsetDateTime,
        body: &str,
        spoiled: Option<Spoiled>,
        style: (&Webhooks, Headers),
    ) -> Option<HeaderMap> {
        let (faults, names) = style;
        let seconds = match spoiled {
            Some(Spoiled::Past) => at.unix_timestamp() - OFF,
            Some(Spoiled::Future) => at.unix_timestamp() + OFF,
            Some(Spoiled::Signature) | None => at.unix_timestamp(),
        };
        let by = |key: &Webhook| key.sign(id, seconds, body.as_bytes()).ok();
        let wrong = self.wrong.as_ref().and_then(by);
        let signature = match spoiled {
            Some(Spoiled::Signature) => wrong?,
            // As during a rotation: one signature by either key.
            _ if faults.two_signatures => format!("{} {}", wrong?, by(&self.right)?),
            _ => by(&self.right)?,
        };
        let [id_name, time_name, signature_name] = match names {
            Headers::Webhook => ["webhook-id", "webhook-timestamp", "webhook-signature"],
            Headers::Svix | Headers::Mixed => ["svix-id", "svix-timestamp", "svix-signature"],
        };
        let mut headers = HeaderMap::new();
        for (name, value) in [(id_name, id), (time_name, seconds.to_string().as_str()), (signature_name, signature.as_str())] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).ok()?);
        }
        Some(headers)
    }
}
