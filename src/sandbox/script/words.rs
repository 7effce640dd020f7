//! Looks for whole words in what a customer wrote, in any case and with any punctuation.

/// A text as lower-case words with one space around each.
pub struct Words(String);

impl Words {
    pub fn of(text: &str) -> Self {
        let lower = text.to_lowercase().replace('’', "'");
        let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|word| !word.is_empty()).collect();
        Self(format!(" {} ", words.join(" ")))
    }

    /// Whether this word, or these words in a row, are in it.
    pub fn has(&self, phrase: &str) -> bool {
        self.0.contains(&format!(" {phrase} "))
    }

    pub fn any(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.has(phrase))
    }

    pub fn has_number(&self) -> bool {
        self.0.chars().any(|c| c.is_ascii_digit())
    }

    fn count(&self) -> usize {
        self.0.split_whitespace().count()
    }
}

pub fn is_yes(words: &Words) -> bool {
    words.any(&["yes", "yeah", "yep", "sure", "ok", "okay", "please do", "oui", "ja", "sí", "si"])
}

pub fn is_no(words: &Words) -> bool {
    words.any(&["no", "nope", "not really", "non", "nein"])
}

/// Whether the customer asks for a person.
pub fn wants_person(words: &Words) -> bool {
    let refused = ["a person", "a human", "an agent"]
        .iter()
        .any(|who| words.any(&[&format!("don't want {who}"), &format!("don't need {who}"), &format!("not {who}")]));
    if refused {
        return false;
    }
    let said = words.any(&[
        "human",
        "person",
        "agent",
        "representative",
        "advisor",
        "adviser",
        "operator",
        "manager",
        "supervisor",
        "customer service",
        "customer support",
        "call me",
        "humain",
        "conseiller",
        "conseillère",
        "mensch",
        "mitarbeiter",
        "mitarbeiterin",
        "berater",
        "persona",
        "agente",
        "humano",
        "operatore",
    ]);
    let somebody = words.any(&["someone", "somebody", "staff", "team", "people"])
        && words.any(&["talk", "speak", "chat", "connect", "put me through", "transfer"]);
    // A single word is a command, in a sentence it may be about anything.
    let command = words.count() <= 2 && words.any(&["someone", "support", "help me", "rep"]);
    said || somebody || command
}
