//! Finds addresses in plain text. What it finds is safe to link to; what it does not trust stays text.

use crate::model::safe_url::SafeUrl;

/// A stretch of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Text(String),
    /// An address, as it was written and as it leads.
    Link {
        text: String,
        url: SafeUrl,
    },
}

/// Cuts text into plain stretches and `http(s)` addresses. Put together again, the pieces give the text.
pub fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut plain = 0;
    let mut from = 0;
    while let Some(start) = next_start(text, from) {
        let end = start + address_length(&text[start..]);
        match SafeUrl::parse(&text[start..end]) {
            Some(url) => {
                if plain < start {
                    pieces.push(Piece::Text(text[plain..start].to_owned()));
                }
                pieces.push(Piece::Link { text: text[start..end].to_owned(), url });
                plain = end;
                from = end;
            }
            None => from = start + 4,
        }
    }
    if plain < text.len() {
        pieces.push(Piece::Text(text[plain..].to_owned()));
    }
    pieces
}

/// Where the next address may begin: a scheme that does not continue a word.
fn next_start(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    (from..bytes.len()).find(|&at| {
        let rest = &bytes[at..];
        let scheme = [b"http://".as_slice(), b"https://"]
            .into_iter()
            .any(|scheme| rest.len() > scheme.len() && rest[..scheme.len()].eq_ignore_ascii_case(scheme));
        scheme && !text[..at].chars().next_back().is_some_and(char::is_alphanumeric)
    })
}

/// How much of the text belongs to the address that it begins with: up to white space or a quote, without the
/// punctuation of the sentence around it.
fn address_length(text: &str) -> usize {
    let end = text.find(|letter: char| letter.is_whitespace() || letter.is_control() || "<>\"`".contains(letter)).unwrap_or(text.len());
    let mut address = &text[..end];
    while let Some(last) = address.chars().next_back() {
        let closes = |open: char| address.matches(last).count() > address.matches(open).count();
        let outside = match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '”' | '’' | '»' | '…' => true,
            ')' => closes('('),
            ']' => closes('['),
            '}' => closes('{'),
            _ => false,
        };
        if !outside {
            break;
        }
        address = &address[..address.len() - last.len_utf8()];
    }
    address.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn links(text: &str) -> Vec<String> {
        pieces(text)
            .into_iter()
            .filter_map(|piece| match piece {
                Piece::Link { text, .. } => Some(text),
                Piece::Text(_) => None,
            })
            .collect()
    }

    #[test]
    fn addresses_are_found_without_the_sentence_around_them() {
        assert_eq!(links("See https://example.com/a?b=c#d, please."), ["https://example.com/a?b=c#d"]);
        assert_eq!(
            links("(https://en.example/wiki/Ada_(name)) HTTP://EXAMPLE.COM!"),
            ["https://en.example/wiki/Ada_(name)", "HTTP://EXAMPLE.COM"]
        );
        assert_eq!(links("“https://exämple.com/ü”"), ["https://exämple.com/ü"]);
    }

    #[test]
    fn what_could_run_or_fool_stays_text() {
        for text in [
            "javascript:alert(1)",
            "xhttps://a.example",
            "http://",
            "https://user:pw@evil.example/",
            "www.example.com",
            "data:text/html,https",
        ] {
            assert!(links(text).is_empty(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost(text in "(\\PC|\n|https://a\\.b/|http://|[)(.,]){0,40}") {
            let together: String = pieces(&text).into_iter().map(|piece| match piece {
                Piece::Text(text) | Piece::Link { text, .. } => text,
            }).collect();
            prop_assert_eq!(together, text);
        }
    }
}
