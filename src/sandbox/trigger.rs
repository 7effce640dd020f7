//! The HTTP Request block that asks the desk for a person.

use std::time::Duration;

use serde_json::{Value, json};

use super::clock;
use super::conversation::{Content, END_USER};
use super::room::Sandbox;

/// Ada documents no time-out; this is a careful guess.
const TIME: Duration = Duration::from_secs(10);

/// What the desk answered.
pub struct Outcome {
    status: Option<u16>,
    at: String,
    took_ms: u64,
}

impl Outcome {
    /// Any 2xx.
    pub fn accepted(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// `status` is null when no answer came.
    pub fn to_json(&self) -> Value {
        json!({ "status": self.status, "accepted": self.accepted(), "at": self.at, "took_ms": self.took_ms })
    }
}

/// Asks the desk once; there is no second attempt.
pub async fn fire(sandbox: &Sandbox, id: &str) -> Outcome {
    let started = tokio::time::Instant::now();
    let status = match request(sandbox, id) {
        Some(body) if !sandbox.config.trigger_url.is_empty() => sandbox
            .http
            .post(&sandbox.config.trigger_url)
            .bearer_auth(&sandbox.config.trigger_key)
            .timeout(TIME)
            .json(&body)
            .send()
            .await
            .ok()
            .map(|answer| answer.status().as_u16()),
        _ => None,
    };
    Outcome { status, at: clock::milliseconds(clock::now()), took_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX) }
}

/// The variables that this AI agent's builder chose to send.
fn request(sandbox: &Sandbox, id: &str) -> Option<Value> {
    let world = sandbox.world();
    let conversation = world.find(id).ok()?;
    let end_user = world.end_user(&conversation.end_user_id).ok()?;
    let question = conversation.messages.iter().find_map(|message| match &message.content {
        Content::Json(content) if message.author.role == END_USER => content["body"].as_str(),
        _ => None,
    });
    let mut body = json!({
        "conversation_id": conversation.id,
        "end_user_id": end_user.id,
        "ai_agent_domain": sandbox.config.domain,
        "name": end_user.word("display_name"),
        "email": end_user.word("email"),
        "issue_category": conversation.topic,
        "language": end_user.word("language"),
        "channel": conversation.channel.name,
        "first_question": question.unwrap_or_default(),
    });
    // The conversation's own words, such as an order number, never replace those above.
    if let Some(body) = body.as_object_mut() {
        for (key, value) in &conversation.metadata {
            body.entry(key).or_insert_with(|| value.clone());
        }
    }
    Some(body)
}
