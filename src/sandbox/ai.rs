//! How the scripted AI agent takes part: it hears, thinks for a moment, speaks, and asks for a person.

use std::sync::Arc;

use super::conversation::{Content, Conversation, State};
use super::error::ApiError;
use super::room::Sandbox;
use super::{script, trigger};

impl Sandbox {
    /// Greets the customer of a new conversation.
    pub fn greet(self: &Arc<Self>, id: String) {
        let lines = {
            let world = self.world();
            let Ok(conversation) = world.find(&id) else {
                return;
            };
            let Ok(end_user) = world.end_user(&conversation.end_user_id) else {
                return;
            };
            script::greeting(end_user.word("first_name"), end_user.word("language"), &conversation.topic)
        };
        self.speak(id, lines.into_iter().map(|line| Content::text(&line)).collect());
    }

    /// Thinks about what a customer said. The caller holds the conversation; the answer comes later.
    pub fn hear(self: &Arc<Self>, conversation: &mut Conversation, content: &Content) {
        let turn = match content {
            Content::File { .. } => script::Turn::about_a_file(),
            Content::Json(said) if said["type"] == "text" => {
                script::answer(&mut conversation.mind, said["body"].as_str().unwrap_or_default())
            }
            Content::Json(_) => script::Turn::about_a_link(),
        };
        if let Some(category) = turn.category {
            category.clone_into(&mut conversation.topic);
        }
        conversation.typing += 1;
        let sandbox = self.clone();
        let id = conversation.id.clone();
        tokio::spawn(async move {
            let lines = turn.say.iter().map(|line| Content::text(line)).collect();
            sandbox.say_slowly(&id, lines).await;
            if turn.person {
                sandbox.ask_for_person(&id).await;
            }
        });
    }

    /// Speaks again after a handoff, and asks how it went if the customer met a person.
    pub fn come_back(self: &Arc<Self>, id: String, met_a_person: bool) {
        let mut lines = vec![Content::text(script::back(met_a_person))];
        if met_a_person {
            let survey = format!("{}/survey/{id}", self.base);
            lines.push(Content::link(&survey, "How did we do? Take a one-question survey"));
        }
        self.speak(id, lines);
    }

    /// Fires the trigger and waits for its answer. Only a 2xx makes it a handoff; otherwise the AI agent goes on.
    /// Does nothing when a handoff is active or being asked for already.
    pub async fn ask_for_person(self: &Arc<Self>, id: &str) {
        let asked = self.change(id, |conversation, _| {
            if !matches!(conversation.state, State::Ai) {
                return Ok(false);
            }
            conversation.state = State::Asking;
            Ok(true)
        });
        if !matches!(asked, Ok(true)) {
            return;
        }
        // A task of its own: the answer counts even if whoever waits for it goes away.
        let sandbox = self.clone();
        let id = id.to_owned();
        let call = tokio::spawn(async move {
            let result = trigger::fire(&sandbox, &id).await;
            sandbox.settle(&id, &result);
        });
        if call.await.is_err() {
            tracing::error!("the sandbox's trigger call broke off");
        }
    }

    /// Enters the handoff, or lets the AI agent explain that nobody could be reached.
    fn settle(&self, id: &str, result: &trigger::Outcome) {
        let reached = self.change(id, |conversation, _| {
            conversation.trigger = Some(result.to_json());
            if !matches!(conversation.state, State::Asking) {
                return Ok(true); // the customer closed the chat meanwhile
            }
            if !result.accepted() {
                conversation.state = State::Ai;
                return Ok(false);
            }
            conversation.enter_handoff(self.now());
            Ok(true)
        });
        if matches!(reached, Ok(false)) {
            self.say(id, Content::text(script::NOBODY_REACHED));
        }
    }

    fn speak(self: &Arc<Self>, id: String, lines: Vec<Content>) {
        let sandbox = self.clone();
        let started = self.change(&id, |conversation, _| -> Result<(), ApiError> {
            conversation.typing += 1;
            Ok(())
        });
        if started.is_ok() {
            tokio::spawn(async move { sandbox.say_slowly(&id, lines).await });
        }
    }

    /// Says one line after the other, then stops typing.
    async fn say_slowly(&self, id: &str, lines: Vec<Content>) {
        for line in lines {
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(self.config.reply_delay) => self.say(id, line),
            }
        }
        let stopped = self.change(id, |conversation, _| {
            conversation.typing = conversation.typing.saturating_sub(1);
            Ok(())
        });
        debug_assert!(stopped.is_ok(), "conversations are never forgotten");
    }
}
