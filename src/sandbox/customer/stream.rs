//! Live updates for the chat page. Each event carries a whole state, so a browser that was away misses nothing.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use super::view;
use crate::sandbox::room::Sandbox;

/// Changes that come closer together than this share an event.
const PAUSE: Duration = Duration::from_millis(40);
/// Conversations in the list.
const LISTED: usize = 60;

#[derive(Deserialize)]
pub struct StreamQuery {
    conversation: Option<String>,
}

/// `GET stream?conversation=ID`: `list` whenever the list changes, `conversation` whenever that one does.
pub async fn watch_changes(
    State(sandbox): State<Arc<Sandbox>>,
    Query(query): Query<StreamQuery>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut changes = sandbox.watch();
    changes.mark_changed();
    let watcher = Watcher {
        sandbox,
        changes,
        conversation: query.conversation,
        looked: Instant::now(),
        version: None,
        list: Value::Null,
        waiting: Vec::new(),
    };
    let stream = futures::stream::unfold(watcher, |mut watcher| async move {
        let event = watcher.next().await?;
        Some((Ok(event), watcher))
    });
    Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}

struct Watcher {
    sandbox: Arc<Sandbox>,
    changes: watch::Receiver<u64>,
    conversation: Option<String>,
    /// When it last looked.
    looked: Instant,
    /// Version last sent.
    version: Option<u64>,
    /// List last sent.
    list: Value,
    waiting: Vec<Event>,
}

impl Watcher {
    /// The next event; `None` when the sandbox stops.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop() {
                return Some(event);
            }
            tokio::select! {
                () = self.sandbox.stop.cancelled() => return None,
                changed = self.changes.changed() => changed.ok()?,
            }
            tokio::time::sleep_until(self.looked + PAUSE).await;
            self.look();
            self.looked = Instant::now();
        }
    }

    fn look(&mut self) {
        let list = json!(view::summaries(&self.sandbox, LISTED));
        if list != self.list {
            self.waiting.extend(event("list", &list));
            self.list = list;
        }
        let Some(id) = self.conversation.as_deref() else {
            return;
        };
        let world = self.sandbox.world();
        let Ok(conversation) = world.find(id) else {
            if self.version != Some(u64::MAX) {
                self.version = Some(u64::MAX);
                self.waiting.extend(event("gone", &json!({ "conversation_id": id })));
            }
            return;
        };
        if self.version == Some(conversation.version) {
            return;
        }
        self.version = Some(conversation.version);
        if let Ok(end_user) = world.end_user(&conversation.end_user_id) {
            let whole = view::whole(conversation, end_user, &self.sandbox);
            self.waiting.extend(event("conversation", &whole));
        }
    }
}

fn event(name: &str, data: &Value) -> Option<Event> {
    Event::default().event(name).json_data(data).ok()
}
