//! The HTTP Request block that asks the desk for a person.

use std::time::Duration;

use serde_json::{Value, json};

use super::clock;
use super::conversation::{Content, END_USER};
use super::faults::Trigger;
use super::room::Sandbox;

/// Ada documents no time-out; this is a careful guess.
const TIME: Duration = Duration::from_secs(10);

/// What the desk answered.
pub struct Outcome {
    status: Option<u16>,
    /// The desk has answered, but Ada never heard it.
    lost: bool,
    at: String,
    took_ms: u64,
}

impl Outcome {
    /// Any 2xx that arrived.
    pub fn accepted(&self) -> bool {
        !self.lost && self.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// `status` is null when no answer came.
    pub fn to_json(&self) -> Value {
        json!({ "status": self.status, "accepted": self.accepted(), "lost": self.lost, "at": self.at, "took_ms": self.took_ms })
    }
}

/// Asks the desk once; there is no second attempt, unless a fault makes one.
pub async fn fire(sandbox: &Sandbox, id: &str) -> Outcome {
    let settings = sandbox.faults.settings();
    let faults = &settings.trigger;
    let dice = sandbox.faults.dice("trigger", Some(id));
    if faults.message_first {
        write_first(sandbox, id).await;
    }
    if faults.late_ms > 0 {
        tokio::time::sleep(Duration::from_millis(faults.late_ms)).await;
    }
    let started = tokio::time::Instant::now();
    let status = if dice.hits(faults.twice, "twice") {
        tokio::join!(call(sandbox, id, faults), call(sandbox, id, faults)).0
    } else {
        call(sandbox, id, faults).await
    };
    Outcome {
        status,
        lost: dice.hits(faults.lose_answer, "lose_answer"),
        at: clock::milliseconds(sandbox.now()),
        took_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    }
}

async fn call(sandbox: &Sandbox, id: &str, faults: &Trigger) -> Option<u16> {
    let url = &sandbox.config.trigger_url;
    let body = request(sandbox, id, faults).filter(|_| !url.is_empty())?;
    let key = if faults.wrong_key { "not the key" } else { &sandbox.config.trigger_key };
    let answer = sandbox.http.post(url).bearer_auth(key).timeout(TIME).json(&body).send().await.ok()?;
    Some(answer.status().as_u16())
}

/// A message that reaches the desk before the trigger does.
async fn write_first(sandbox: &Sandbox, id: &str) {
    let author = {
        let world = sandbox.world();
        world.find(id).and_then(|found| world.end_user(&found.end_user_id)).map(super::end_user::EndUser::author)
    };
    let Ok(author) = author else { return };
    let sent = sandbox.say_early(id, author, Content::text("Hello? Is anybody there?"));
    if let Ok(Some(event)) = sent {
        sandbox.deliveries.tried(&event, TIME).await;
    }
}

/// The variables that this AI agent's builder chose to send.
fn request(sandbox: &Sandbox, id: &str, faults: &Trigger) -> Option<Value> {
    let world = sandbox.world();
    let conversation = world.find(id).ok()?;
    if faults.missing_fields {
        return Some(json!({ "ada_conversation_id": conversation.id }));
    }
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
        if faults.extra_fields {
            // A variable that was never set, one that is not flat, one that is long.
            body.insert("account_number".to_owned(), json!("{account_number}"));
            body.insert("unset".to_owned(), json!(null));
            body.insert("cart".to_owned(), json!([{ "item": "lamp", "amount": 2 }]));
            body.insert("notes".to_owned(), json!("x".repeat(2_000)));
        }
    }
    Some(body)
}
