//! A conversation as the chat page and tests see it.

use serde_json::{Value, json};

use crate::sandbox::clock;
use crate::sandbox::conversation::{Content, Conversation, Message, Notice, State};
use crate::sandbox::end_user::EndUser;
use crate::sandbox::files::Files;
use crate::sandbox::room::Sandbox;

/// Everything about one conversation.
pub fn whole(conversation: &Conversation, end_user: &EndUser, sandbox: &Sandbox) -> Value {
    let handoff = conversation.handoff();
    let presence = handoff
        .and_then(|handoff| handoff.joined.as_ref())
        .map(|person| json!({ "joined": true, "display_name": person.display_name, "avatar": person.avatar }));
    let messages: Vec<Value> = conversation.messages.iter().map(|m| message(m, &sandbox.files)).collect();
    json!({
        "conversation_id": conversation.id,
        "end_user_id": conversation.end_user_id,
        "end_user": end_user.to_json(),
        "channel": conversation.channel.to_json(),
        "topic": conversation.topic,
        "state": conversation.state.name(),
        "asking": matches!(conversation.state, State::Asking),
        "typing": conversation.typing > 0,
        "handoff_integration": handoff.map(|_| &sandbox.config.integration),
        "presence": presence,
        "queue": handoff.and_then(|handoff| handoff.queue).map(crate::sandbox::conversation::Queue::to_json),
        "metadata": conversation.metadata,
        "trigger": conversation.trigger,
        "survey_score": conversation.survey_score,
        "created_at": clock::seconds(conversation.created_at),
        "updated_at": clock::seconds(conversation.updated_at),
        "messages": messages,
        "notices": conversation.notices.iter().map(notice).collect::<Vec<_>>(),
    })
}

/// The newest `limit` conversations in a few words each, newest first.
pub fn summaries(sandbox: &Sandbox, limit: usize) -> Vec<Value> {
    let world = sandbox.world();
    world
        .newest()
        .take(limit)
        .filter_map(|conversation| {
            let end_user = world.end_user(&conversation.end_user_id).ok()?;
            Some(summary(conversation, end_user))
        })
        .collect()
}

fn summary(conversation: &Conversation, end_user: &EndUser) -> Value {
    let last = conversation.messages.last();
    json!({
        "conversation_id": conversation.id,
        "end_user_id": conversation.end_user_id,
        "name": end_user.word("display_name"),
        "language": end_user.word("language"),
        "topic": conversation.topic,
        "channel": conversation.channel.id,
        "state": conversation.state.name(),
        "person": conversation.handoff().and_then(|h| h.joined.as_ref()).and_then(|p| p.display_name.as_ref()),
        "messages": conversation.messages.len(),
        "last_text": last.map(|message| in_short(&message.content)),
        "last_role": last.map(|message| message.author.role),
        "updated_at": clock::seconds(conversation.updated_at),
    })
}

fn message(message: &Message, files: &Files) -> Value {
    json!({
        "message_id": message.id,
        "created_at": clock::seconds(message.at),
        "author": message.author.to_json(),
        "content": message.content.to_json(files),
        "handoff_integration": message.integration,
    })
}

fn notice(notice: &Notice) -> Value {
    json!({ "after": notice.after, "created_at": clock::seconds(notice.at), "text": notice.text })
}

fn in_short(content: &Content) -> String {
    let text = match content {
        Content::File { filename, .. } => filename.as_str(),
        Content::Json(content) => {
            ["body", "link_text", "filename", "url"].iter().find_map(|key| content[*key].as_str()).unwrap_or_default()
        }
    };
    text.chars().take(90).collect()
}
