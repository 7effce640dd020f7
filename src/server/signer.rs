//! One webhook secret: whether it signed what came.

use std::fmt;

use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use svix::webhooks::Webhook;
use time::{Duration, OffsetDateTime};

/// How far the time of a signature may be from ours, as the Svix library has it.
const TOLERANCE: Duration = Duration::minutes(5);

/// A webhook secret that can be checked against.
pub struct Signer {
    svix: Webhook,
    key: Vec<u8>,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").finish_non_exhaustive()
    }
}

impl Signer {
    /// Reads a secret, `whsec_…`. `None` if it is malformed.
    pub fn new(secret: &str) -> Option<Self> {
        let svix = Webhook::new(secret).ok()?;
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(secret)).ok()?;
        Some(Self { svix, key })
    }

    /// Whether this secret signed these bytes, lately.
    pub fn has_signed(&self, body: &[u8], headers: &HeaderMap) -> bool {
        if str::from_utf8(body).is_ok() {
            return self.svix.verify(body, headers).is_ok();
        }
        // The library signs text alone. Bytes that are none are signed the same way, and must not be lost for being odd.
        self.has_signed_bytes(body, headers).is_some()
    }

    fn has_signed_bytes(&self, body: &[u8], headers: &HeaderMap) -> Option<()> {
        let header = |names: [&str; 2]| names.iter().find_map(|name| headers.get(*name))?.to_str().ok();
        let id = header(["svix-id", "webhook-id"])?;
        let timestamp: i64 = header(["svix-timestamp", "webhook-timestamp"])?.parse().ok()?;
        let signatures = header(["svix-signature", "webhook-signature"])?;
        let away = OffsetDateTime::now_utc() - OffsetDateTime::from_unix_timestamp(timestamp).ok()?;
        if away.abs() > TOLERANCE {
            return None;
        }
        let mut signed = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        signed.update(format!("{id}.{timestamp}.").as_bytes());
        signed.update(body);
        signatures
            .split(' ')
            .filter_map(|signature| signature.strip_prefix("v1,"))
            .filter_map(|signature| STANDARD.decode(signature).ok())
            .any(|signature| signed.clone().verify_slice(&signature).is_ok())
            .then_some(())
    }
}
