//! Which addresses a person may be sent to.

use serde::{Deserialize, Serialize};
use url::Url;

/// An address that came from outside and is fit for a link: `http`, `https` or `mailto`, and nothing that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SafeUrl(Url);

impl SafeUrl {
    /// The address if it is safe to link to. `javascript:`, `data:` and whatever else could run or fool gives `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text.trim()).ok()?;
        let fit = match url.scheme() {
            "http" | "https" => url.has_host() && url.username().is_empty() && url.password().is_none(),
            "mailto" => !url.path().is_empty(),
            _ => false,
        };
        fit.then_some(Self(url))
    }

    /// The whole address, percent-encoded.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// What a person should see of where the link leads: the host, or the mail address.
    pub fn destination(&self) -> &str {
        self.0.host_str().unwrap_or(self.0.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_run_or_fool_are_refused() {
        for text in [
            "javascript:alert(1)",
            " JaVaScRiPt:alert(1)",
            "java\nscript:alert(1)",
            "data:text/html,<script>alert(1)</script>",
            "vbscript:x",
            "file:///etc/passwd",
            "//example.com",
            "https://example.com@evil.example/",
            "https://user:pw@evil.example/",
            "mailto:",
            "",
        ] {
            assert_eq!(SafeUrl::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn ordinary_links_pass() {
        let url = SafeUrl::parse("https://files.example/a.png?X-Amz-Signature=abc").expect("https");
        assert_eq!(url.destination(), "files.example");
        assert_eq!(SafeUrl::parse("mailto:jane@example.com").expect("mail").destination(), "jane@example.com");
    }
}
