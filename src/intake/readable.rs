//! A kept event as text that a person can read.

use serde_json::Value;

use crate::model::ids::EventId;
use crate::model::kept_event::Payload;

/// The most that is shown, in bytes of text.
const MOST: usize = 64 * 1024;

/// JSON with line breaks where it is JSON; otherwise the bytes as they are, with a mark for what is no text.
pub fn show(id: EventId, bytes: &[u8]) -> Payload {
    let mut text = serde_json::from_slice::<Value>(bytes)
        .ok()
        .and_then(|json| serde_json::to_string_pretty(&json).ok())
        .unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned());
    let cut = text.len() > MOST;
    if cut {
        let end = (0..=MOST).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
    }
    // Nought has no sign of its own, and Postgres and browsers stumble over it.
    let text = text.replace('\0', "\u{fffd}");
    Payload { id, text, size: u64::try_from(bytes.len()).unwrap_or(u64::MAX), cut }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_laid_out_and_other_bytes_are_shown_as_they_are() {
        let id = EventId::new();
        assert_eq!(show(id, br#"{"a":[true],"b":1}"#).text, "{\n  \"a\": [\n    true\n  ],\n  \"b\": 1\n}");
        assert_eq!(show(id, b"not {json \xff\0").text, "not {json \u{fffd}\u{fffd}");
        let long = show(id, "é".repeat(MOST).as_bytes());
        assert!(long.cut && long.text.len() <= MOST && long.text.ends_with('é'));
        assert_eq!(long.size, 2 * 64 * 1024);
    }
}
