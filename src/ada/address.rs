//! Where the tenant's API lives, and the only way to make an address there.

use std::net::IpAddr;

use url::{Host, Url};

use super::client::TenantError;
use super::error::AdaError;

/// The longest identifier that is put into an address, in bytes. Ada's have 24 to 36.
const ID_LIMIT: usize = 512;

/// A tenant's checked base address, such as `https://example.ada.support/api`.
#[derive(Clone)]
pub(super) struct Base(Url);

impl Base {
    /// Checks an address. `http` is for a sandbox on the same machine only: elsewhere it would show the key to the network.
    pub(super) fn new(mut url: Url) -> Result<Self, TenantError> {
        if !url.has_host() || url.cannot_be_a_base() {
            return Err(TenantError::Address("it needs a host"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(TenantError::Address("it must not hold a user name or password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(TenantError::Address("it must end with its path, without ? or #"));
        }
        let is_private = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
        if !is_private {
            return Err(TenantError::Address("it must begin with https:// (http:// only for this machine itself)"));
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }

    /// Whether the key travels unencrypted, which only happens within this machine.
    pub(super) fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// The address `<base>/v2/<segments>`, with a slash at its end if `slash`. Each segment stays one segment, whatever is in it.
    pub(super) fn at(&self, segments: &[&str], slash: bool) -> Result<Url, AdaError> {
        let mut url = self.0.clone();
        {
            let mut path = url.path_segments_mut().map_err(|()| AdaError::input("Ada's address has no path."))?;
            path.pop_if_empty().push("v2");
            for segment in segments {
                path.push(checked(segment)?);
            }
            if slash {
                path.push("");
            }
        }
        Ok(url)
    }

    /// Whether an address is below this one.
    pub(super) fn owns(&self, url: &Url) -> bool {
        let below = url.path().strip_prefix(self.0.path().trim_end_matches('/')).is_some_and(|rest| rest.starts_with("/v2/"));
        below && url.origin() == self.0.origin() && url.username().is_empty() && url.password().is_none()
    }

    /// The address as text.
    pub(super) fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// The segment if it can stand in a path: dots alone would climb, and control characters would be dropped on the way.
fn checked(segment: &str) -> Result<&str, AdaError> {
    let climbs = segment == "." || segment == "..";
    if segment.is_empty() || climbs || segment.len() > ID_LIMIT || segment.chars().any(char::is_control) {
        return Err(AdaError::input("This identifier cannot be one of Ada's."));
    }
    Ok(segment)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn base(text: &str) -> Result<Base, TenantError> {
        Base::new(Url::parse(text).expect("address"))
    }

    #[test]
    fn a_base_address_is_https_or_this_machine_and_nothing_but_an_address() {
        for good in [
            "https://example.ada.support/api",
            "https://example.eu.ada.support/api/",
            "http://127.0.0.1:8091/api",
            "http://[::1]:1/api",
            "http://localhost:8091",
        ] {
            assert!(base(good).is_ok(), "{good}");
        }
        for bad in [
            "http://example.ada.support/api",
            "ftp://example.ada.support",
            "https://me:pw@example.ada.support/api",
            "https://example.ada.support/api?x=1",
            "https://example.ada.support/api#x",
            "mailto:a@example.com",
        ] {
            assert!(base(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn paths_follow_the_base_with_or_without_a_slash_at_its_end() {
        for text in ["https://example.ada.support/api", "https://example.ada.support/api/"] {
            let url = base(text).expect("base").at(&["conversations", "a1"], true).expect("address");
            assert_eq!(url.as_str(), "https://example.ada.support/api/v2/conversations/a1/");
        }
        let bare = base("http://localhost:8091").expect("base").at(&["end-users", "u"], false).expect("address");
        assert_eq!(bare.as_str(), "http://localhost:8091/v2/end-users/u");
    }

    #[test]
    fn hostile_identifiers_are_refused_or_stay_one_segment() {
        let base = base("https://example.ada.support/api").expect("base");
        for refused in ["", ".", "..", ".\t.", "a\nb", "\0", &"x".repeat(513)] {
            assert!(matches!(base.at(&["conversations", refused], true), Err(AdaError::FixInput { status: None, .. })), "{refused:?}");
        }
        let url = base.at(&["conversations", "../x?y#z%2e%2e"], true).expect("address");
        assert_eq!(url.as_str(), "https://example.ada.support/api/v2/conversations/..%2Fx%3Fy%23z%252e%252e/");
    }

    proptest! {
        #[test]
        fn no_identifier_leaves_its_segment(id in "\\PC{0,40}|[./%2eE\\\\?#;:@]{0,12}") {
            let base = base("https://example.ada.support/api").expect("base");
            if let Ok(url) = base.at(&["conversations", &id, "messages"], true) {
                let segments: Vec<&str> = url.path_segments().expect("path").collect();
                prop_assert_eq!(segments.len(), 6, "{}", url);
                prop_assert_eq!(&segments[..3], &["api", "v2", "conversations"][..]);
                prop_assert_eq!(&segments[4..], &["messages", ""][..]);
                prop_assert!(url.query().is_none() && url.fragment().is_none() && base.owns(&url));
                let decoded = url::form_urlencoded::parse(format!("x={}", segments[3].replace('+', "%2B").replace('&', "%26")).as_bytes()).next().map(|(_, value)| value.into_owned());
                prop_assert_eq!(decoded, Some(id));
            }
        }
    }
}
