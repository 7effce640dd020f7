//! What an agent may send.

use thiserror::Error;

/// The longest reply, in characters. Ada documents no limit but its 10 MB request; people cannot read more than this.
pub const REPLY_LIMIT: usize = 10_000;

/// A reply that cannot be sent as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ReplyError {
    #[error("Reply: write something first.")]
    Empty,
    #[error("Reply: at most {REPLY_LIMIT} characters; this one has {0}. Send it in parts.")]
    TooLong(usize),
}

/// The text as it will be sent: without blank lines around it.
pub fn checked(text: &str) -> Result<&str, ReplyError> {
    let text = text.trim_matches(['\n', '\r', ' ', '\t']);
    if text.trim().is_empty() {
        return Err(ReplyError::Empty);
    }
    match text.chars().count() {
        length if length > REPLY_LIMIT => Err(ReplyError::TooLong(length)),
        _ => Ok(text),
    }
}

/// Whether two texts say the same but for spaces, invisible characters and the marks of Markdown: what may become of a text on its way through
/// Ada and back.
pub fn same_words(one: &str, other: &str) -> bool {
    let words = |text: &str| text.chars().filter(|sign| !is_mark(*sign)).collect::<String>();
    let (one, other) = (words(one), words(other));
    !one.is_empty() && one == other
}

fn is_mark(sign: char) -> bool {
    sign.is_whitespace()
        || sign.is_control()
        || matches!(sign, '*' | '_' | '`' | '~' | '\\' | '#' | '>' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tidied_texts_say_the_same() {
        for (one, other) in [("a  b\n", "a b"), ("see *this*", "see this"), ("x_y", "x\\_y"), ("a\u{200b}b", "ab")] {
            assert!(same_words(one, other), "{one:?} {other:?}");
        }
        for (one, other) in [("yes!", "yes?"), ("Yes", "yes"), ("ok", "ok ok"), ("***", "___"), ("", "")] {
            assert!(!same_words(one, other), "{one:?} {other:?}");
        }
    }

    #[test]
    fn blank_and_endless_replies_are_refused() {
        assert_eq!(checked(" \n\t "), Err(ReplyError::Empty));
        assert_eq!(checked(&"x".repeat(REPLY_LIMIT + 1)), Err(ReplyError::TooLong(REPLY_LIMIT + 1)));
        assert_eq!(checked("\n  two\nlines \n"), Ok("two\nlines"));
    }
}
