//! What every request shares: the settings, the conversations, the deliveries.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::calls::Calls;
use super::clock;
use super::config::Config;
use super::conversation::{Conversation, State};
use super::deliver::Deliveries;
use super::end_user::EndUser;
use super::error::ApiError;
use super::events::Event;
use super::faults::Faults;
use super::files::Files;

/// Svix waits this long for an answer.
const DELIVERY_TIME: Duration = Duration::from_secs(15);

/// One running sandbox.
pub struct Sandbox {
    pub config: Config,
    /// Address for links in answers, without a final slash.
    pub base: String,
    pub files: Files,
    pub deliveries: Deliveries,
    pub faults: Faults,
    /// Calls of the Conversations API.
    pub calls: Calls,
    pub http: reqwest::Client,
    /// Cancelled when the sandbox stops.
    pub stop: CancellationToken,
    world: Mutex<World>,
    changes: watch::Sender<u64>,
}

/// Everything that is remembered.
#[derive(Default)]
pub struct World {
    conversations: HashMap<String, Conversation>,
    order: Vec<String>,
    end_users: HashMap<String, EndUser>,
    version: u64,
}

impl Sandbox {
    /// Gets ready to serve at `address`.
    ///
    /// # Errors
    /// `InvalidInput` for a webhook secret that cannot sign.
    pub fn open(config: Config, address: SocketAddr) -> io::Result<Arc<Self>> {
        let signer = svix::webhooks::Webhook::new(&config.webhook_secret)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "the webhook secret is not whsec_ and base64"))?;
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(DELIVERY_TIME)
            .no_proxy()
            .user_agent("babbage-sandbox")
            .build()
            .map_err(io::Error::other)?;
        let base = config
            .public_url
            .as_deref()
            .map_or_else(|| format!("http://{}", reachable(address)), |url| url.trim_end_matches('/').to_owned());
        let stop = CancellationToken::new();
        let changes = watch::Sender::new(0);
        let faults = Faults::default();
        Ok(Arc::new(Self {
            files: Files::new(&base),
            deliveries: Deliveries::new(&config, signer, http.clone(), faults.clone(), stop.clone(), changes.clone()),
            faults,
            calls: Calls::default(),
            config,
            base,
            http,
            stop,
            world: Mutex::default(),
            changes,
        }))
    }

    /// What Ada's clock shows.
    pub fn now(&self) -> OffsetDateTime {
        clock::now() + self.faults.clock_offset()
    }

    /// Everything remembered, for reading.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes one conversation and sends, in their order, the events that the change makes.
    ///
    /// # Errors
    /// 404 when there is no such conversation, and whatever `change` refuses.
    pub fn change<T>(
        &self,
        id: &str,
        change: impl FnOnce(&mut Conversation, &mut Vec<Event>) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let mut world = self.world();
        world.version += 1;
        let version = world.version;
        let conversation = world.find_mut(id)?;
        conversation.version = version;
        let mut events = Vec::new();
        let result = change(conversation, &mut events);
        // Still under the lock, so that the log has the order in which things happened.
        for event in events {
            self.deliveries.send(event);
        }
        drop(world);
        self.tell();
        result
    }

    /// Wakes whoever watches.
    pub fn tell(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Resolves anew with every change of anything.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

impl World {
    pub fn insert(&mut self, conversation: Conversation) {
        self.order.push(conversation.id.clone());
        self.conversations.insert(conversation.id.clone(), conversation);
    }

    pub fn insert_end_user(&mut self, end_user: EndUser) {
        self.end_users.insert(end_user.id.clone(), end_user);
    }

    /// # Errors
    /// 404.
    pub fn find(&self, id: &str) -> Result<&Conversation, ApiError> {
        self.conversations.get(id).ok_or_else(|| ApiError::not_found("Conversation", id))
    }

    fn find_mut(&mut self, id: &str) -> Result<&mut Conversation, ApiError> {
        self.conversations.get_mut(id).ok_or_else(|| ApiError::not_found("Conversation", id))
    }

    /// # Errors
    /// 404.
    pub fn end_user(&self, id: &str) -> Result<&EndUser, ApiError> {
        self.end_users.get(id).ok_or_else(|| ApiError::not_found("End user", id))
    }

    /// # Errors
    /// 404.
    pub fn end_user_mut(&mut self, id: &str) -> Result<&mut EndUser, ApiError> {
        self.end_users.get_mut(id).ok_or_else(|| ApiError::not_found("End user", id))
    }

    /// Newest first.
    pub fn newest(&self) -> impl Iterator<Item = &Conversation> {
        self.order.iter().rev().filter_map(|id| self.conversations.get(id))
    }

    /// Oldest first.
    pub fn oldest(&self) -> impl Iterator<Item = &Conversation> {
        self.order.iter().filter_map(|id| self.conversations.get(id))
    }

    pub fn count(&self) -> usize {
        self.order.len()
    }

    /// How many conversations wait for the trigger's answer, and how many turns the AI agent is still writing.
    pub fn under_way(&self) -> (usize, u32) {
        let asking = self.conversations.values().filter(|one| matches!(one.state, State::Asking)).count();
        (asking, self.conversations.values().map(|one| one.typing).sum())
    }
}

/// An address that others can use: "any address" is reached over loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        let loopback: std::net::IpAddr =
            if address.is_ipv4() { std::net::Ipv4Addr::LOCALHOST.into() } else { std::net::Ipv6Addr::LOCALHOST.into() };
        return SocketAddr::new(loopback, address.port());
    }
    address
}
