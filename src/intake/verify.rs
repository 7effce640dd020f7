//! Who a request of Ada's comes from. Decided on the raw bytes, before anything is parsed, in constant time.

use std::sync::Arc;

use axum::http::{HeaderMap, header};

use super::event::LONGEST_ID;
use super::refuse::Refusal;
use crate::server::tenants::{AiAgent, Tenants};

/// The AI agents that may have sent a webhook: those one of whose secrets signed it. Several only if they share a secret.
pub fn signers(tenants: &Tenants, headers: &HeaderMap, body: &[u8]) -> Result<Vec<Arc<AiAgent>>, Refusal> {
    if !tenants.hear_webhooks() {
        return Err(Refusal::NotConfigured("WEBHOOK_SECRET"));
    }
    let signers = tenants.signers(body, headers);
    if signers.is_empty() { Err(Refusal::NotSigned) } else { Ok(signers) }
}

/// The AI agent whose trigger key a request bears.
pub fn trigger(tenants: &Tenants, headers: &HeaderMap) -> Result<Arc<AiAgent>, Refusal> {
    if !tenants.hear_triggers() {
        return Err(Refusal::NotConfigured("HANDOFF_AUTH_KEY"));
    }
    let value = headers.get(header::AUTHORIZATION).map_or(&[][..], |value| value.as_bytes());
    let (scheme, key) = value.split_at(value.len().min("Bearer ".len()));
    if !scheme.eq_ignore_ascii_case(b"Bearer ") {
        return Err(Refusal::WrongKey);
    }
    tenants.by_trigger_key(key.trim_ascii()).ok_or(Refusal::WrongKey)
}

/// The delivery's id: the same for each retry. Both spellings of the header are Svix's.
pub fn delivery_id(headers: &HeaderMap) -> Option<&str> {
    let id = ["svix-id", "webhook-id"].iter().find_map(|name| headers.get(*name))?;
    id.to_str().ok().filter(|id| id.len() <= LONGEST_ID)
}
