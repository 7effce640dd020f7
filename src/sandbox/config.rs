//! What the sandbox is told when it starts.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// Settings of one sandbox. `Config::default()` fits a desk on its usual port, with keys made up on the spot.
#[derive(Clone)]
pub struct Config {
    /// Where the sandbox is meant to listen; `serve` takes the listener itself.
    pub bind: SocketAddr,
    /// Address that the desk and browsers use, for links in answers. Default: the listener's own.
    pub public_url: Option<String>,
    /// Bearer key of the Conversations API.
    pub api_key: String,
    /// `ai_agent_domain` in events and in the trigger.
    pub domain: String,
    /// Handoff integration label, `handoff_integration` in events.
    pub integration: String,
    /// Where events go. Empty: nowhere.
    pub webhook_url: String,
    /// Signs events: `whsec_` and base64.
    pub webhook_secret: String,
    /// Where a handoff is asked for. Empty: nobody can be reached.
    pub trigger_url: String,
    /// Bearer secret of the trigger.
    pub trigger_key: String,
    /// Multiplies the delays between delivery attempts; 1.0 is Svix' own schedule.
    pub retry_scale: f64,
    /// Messages per page when the caller names no limit, 1 to 100.
    pub page_size: usize,
    /// How long the AI agent seems to think before each message.
    pub reply_delay: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 8091)),
            public_url: None,
            api_key: format!("ada_{}", random_key()),
            // What a desk derives from a base URL on this machine.
            domain: "127.0.0.1".to_owned(),
            integration: "custom-handoff".to_owned(),
            webhook_url: "http://127.0.0.1:8090/webhooks/message".to_owned(),
            webhook_secret: format!("whsec_{}", STANDARD.encode(rand::random::<[u8; 24]>())),
            trigger_url: "http://127.0.0.1:8090/handoffs/start".to_owned(),
            trigger_key: random_key(),
            retry_scale: 1.0,
            page_size: 100,
            reply_delay: Duration::from_millis(900),
        }
    }
}

/// Hides the three secrets.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("bind", &self.bind)
            .field("public_url", &self.public_url)
            .field("api_key", &"[hidden]")
            .field("domain", &self.domain)
            .field("integration", &self.integration)
            .field("webhook_url", &self.webhook_url)
            .field("webhook_secret", &"[hidden]")
            .field("trigger_url", &self.trigger_url)
            .field("trigger_key", &"[hidden]")
            .field("retry_scale", &self.retry_scale)
            .field("page_size", &self.page_size)
            .field("reply_delay", &self.reply_delay)
            .finish()
    }
}

fn random_key() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let config = Config::default();
        let shown = format!("{config:?}");
        for secret in [&config.api_key, &config.webhook_secret, &config.trigger_key] {
            assert!(secret.len() > 20);
            assert!(!shown.contains(secret.as_str()));
        }
        assert!(shown.contains("custom-handoff"));
    }
}
