//! Standard output.

use std::fmt::Display;
use std::io::{Write, stdout};

/// Prints text without what could steer a terminal: some of it came from outside. When nobody reads any more, as behind `head`,
/// the command goes on with its work.
pub fn say(text: impl Display) {
    let plain = |letter: char| {
        if letter.is_control() && letter != '\n' { ' ' } else { letter }
    };
    let text: String = text.to_string().chars().map(plain).collect();
    let _ = writeln!(stdout(), "{text}");
}
