//! What the AI agent says: a few topics, small talk, and the way to a person. Pure: text in, text out.

mod topics;
mod words;

use topics::{TOPICS, Topic};
use words::{Words, is_no, is_yes, wants_person};

/// Said when the trigger failed.
pub const NOBODY_REACHED: &str = "I'm sorry, I couldn't reach a person just now; our team may be offline. I'm still \
     here: tell me more and I'll do what I can, or ask for a person again in a while.";

/// Said before the trigger is fired.
pub const CONNECTING: &str = "Of course. One moment, I'm looking for a person who can help you.";

/// Customers who were not understood twice are handed to a person.
const MISSES_ALLOWED: u32 = 1;

/// What the AI agent remembers of a conversation.
#[derive(Default)]
pub struct Mind {
    topic: Option<&'static Topic>,
    misses: u32,
    offered_person: bool,
}

/// One turn of the AI agent.
#[derive(Default)]
pub struct Turn {
    pub say: Vec<String>,
    /// Ask for a person afterwards.
    pub person: bool,
    /// What it is about, once that is clear.
    pub category: Option<&'static str>,
}

/// The first lines of a conversation.
pub fn greeting(first_name: &str, language: &str, topic: &str) -> Vec<String> {
    let name = if first_name.is_empty() { String::new() } else { format!(" {first_name}") };
    let hello = match language.split('-').next() {
        Some("fr") => format!("Bonjour{name} ! I answer best in English, and a person can help you in French."),
        Some("de") => {
            format!("Hallo{name}! I answer best in English, and a person can help you in German.")
        }
        Some("es") => {
            format!("¡Hola{name}! I answer best in English, and a person can help you in Spanish.")
        }
        _ => format!("Hi{name}, I'm Lumi, the AI agent of Lumen & Oak."),
    };
    let question = match TOPICS.iter().find(|known| known.category == topic) {
        Some(known) => format!("I see that it's about {}. What happened?", known.name),
        None => "How can I help you today?".to_owned(),
    };
    vec![hello, question]
}

/// The first line after a handoff.
pub fn back(met_a_person: bool) -> &'static str {
    if met_a_person {
        "I'm back! Lumi here, the AI agent. Is there anything else I can do for you?"
    } else {
        "I'm back! You've left the line. If you'd like a person after all, just say so."
    }
}

/// Answers what the customer wrote.
pub fn answer(mind: &mut Mind, text: &str) -> Turn {
    let words = Words::of(text);
    if words.has("are you a") {
        mind.offered_person = true;
        return say(["I'm an AI agent, so not a person. Would you like me to connect you with one?"]);
    }
    if wants_person(&words) || (mind.offered_person && is_yes(&words)) {
        return hand_off(CONNECTING, mind);
    }
    mind.offered_person = false;
    if words.any(&["didn't help", "not helpful", "useless", "doesn't work", "still not"]) {
        return miss(mind);
    }
    if let Some(topic) = TOPICS.iter().find(|topic| words.any(topic.keywords)) {
        return open_topic(mind, topic);
    }
    if let Some(topic) = mind.topic.take() {
        return follow_up(mind, topic, &words);
    }
    small_talk(mind, &words).unwrap_or_else(|| miss(mind))
}

impl Turn {
    pub fn about_a_file() -> Self {
        say(["Thanks, I've added your file to this chat. I can't look into files myself, but a person can: \
              just say that you'd like to talk to one."])
    }

    pub fn about_a_link() -> Self {
        say(["Thanks for the link, I've kept it with this chat. What should I know about it?"])
    }
}

fn open_topic(mind: &mut Mind, topic: &'static Topic) -> Turn {
    mind.misses = 0;
    mind.topic = Some(topic);
    Turn { category: Some(topic.category), ..say([topic.answer, topic.question]) }
}

/// The customer answered the topic's question.
fn follow_up(mind: &mut Mind, topic: &'static Topic, words: &Words) -> Turn {
    if is_yes(words) {
        return say([topic.after_yes]);
    }
    if is_no(words) {
        return say([topic.after_no]);
    }
    if words.has_number() {
        return say([topic.after_number]);
    }
    small_talk(mind, words).unwrap_or_else(|| miss(mind))
}

fn small_talk(mind: &mut Mind, words: &Words) -> Option<Turn> {
    let line = if words.any(&["thanks", "thank you", "merci", "danke", "gracias", "great", "perfect"]) {
        "You're welcome! Is there anything else?"
    } else if words.any(&["hi", "hello", "hey", "bonjour", "hallo", "hola", "good morning"]) {
        "Hello! Tell me what it's about: an order, a bill, a return, your account or our opening hours."
    } else if words.any(&["bye", "goodbye", "that's all", "nothing else"]) || is_no(words) {
        "All right. You can close this chat, or write again any time. Have a lovely day!"
    } else if is_yes(words) {
        "Go ahead, I'm listening."
    } else {
        return None;
    };
    mind.misses = 0;
    Some(say([line]))
}

/// The AI agent has no answer: once it asks, the second time it fetches a person.
fn miss(mind: &mut Mind) -> Turn {
    mind.topic = None;
    if mind.misses >= MISSES_ALLOWED {
        return hand_off("I'm sorry, I'm not getting this right. Let me bring in a person who can help.", mind);
    }
    mind.misses += 1;
    say(["I'm not sure that I understood. Could you say it in other words? I know about deliveries, bills, returns, \
          passwords and our opening hours."])
}

fn hand_off(line: &str, mind: &mut Mind) -> Turn {
    let category = mind.topic.map(|topic| topic.category);
    *mind = Mind::default();
    Turn { person: true, category, ..say([line]) }
}

fn say<const N: usize>(lines: [&str; N]) -> Turn {
    Turn { say: lines.map(str::to_owned).to_vec(), ..Turn::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_asked_for_in_many_ways() {
        for text in [
            "I want to talk to a human",
            "Agent!",
            "can I speak to someone please",
            "REPRESENTATIVE",
            "Put me through to customer service",
            "Je veux parler à un conseiller",
            "Ich möchte mit einem Mitarbeiter sprechen",
            "quiero hablar con una persona",
        ] {
            assert!(answer(&mut Mind::default(), text).person, "{text}");
        }
        for text in ["Where is my order?", "someone stole my parcel", "I don't want a person", "Are you a person?"] {
            assert!(!answer(&mut Mind::default(), text).person, "{text}");
        }
    }

    #[test]
    fn a_topic_is_answered_and_followed_up() {
        let mut mind = Mind::default();
        let first = answer(&mut mind, "I was charged twice on my card");
        assert_eq!(first.category, Some("billing"));
        assert_eq!(first.say.len(), 2);
        let second = answer(&mut mind, "yes");
        assert!(!second.person);
        assert_ne!(second.say, first.say);
    }

    #[test]
    fn two_failed_answers_bring_a_person() {
        let mut mind = Mind::default();
        assert!(!answer(&mut mind, "qwertz").person);
        assert!(answer(&mut mind, "flurble wob").person);
        // And the count starts again.
        assert!(!answer(&mut mind, "qwertz").person);
    }

    #[test]
    fn an_offer_is_taken_up() {
        let mut mind = Mind::default();
        assert!(!answer(&mut mind, "are you a robot?").person);
        assert!(answer(&mut mind, "yes please").person);
    }
}
