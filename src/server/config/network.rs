//! Addresses and folders.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use url::{Host, Url};

use super::fault::Faults;

const DEFAULT_PORT: u16 = 8090;

pub(super) fn data_dir(value: Option<String>, faults: &mut Faults) -> PathBuf {
    let given = PathBuf::from(value.unwrap_or_else(|| "./data".to_owned()));
    std::path::absolute(&given).unwrap_or_else(|_| {
        faults.add("DATA_DIR", "is relative, but the working directory has no name any more", "/var/lib/babbage");
        given
    })
}

pub(super) fn bind_addr(value: Option<String>, faults: &mut Faults) -> SocketAddr {
    let default = SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT));
    let Some(value) = value else { return default };
    let address = match value.strip_prefix("localhost:") {
        Some(port) => port.parse().ok().map(|port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        None => value.parse().ok(),
    };
    address.unwrap_or_else(|| {
        faults.add("BIND_ADDR", "is not an IP address with a port", "127.0.0.1:8090, or 0.0.0.0:8090 for all interfaces");
        default
    })
}

pub(super) fn database_url(value: Option<String>, faults: &mut Faults) -> Option<SecretString> {
    let value = value?;
    let fit = Url::parse(&value).is_ok_and(|url| matches!(url.scheme(), "postgres" | "postgresql"));
    if !fit {
        let problem = "is not a Postgres address (special characters in the password are percent-encoded)";
        faults.add("DATABASE_URL", problem, "postgres://babbage:PASSWORD@db.example:5432/babbage?sslmode=verify-full");
    }
    fit.then(|| value.into())
}

pub(super) fn public_url(value: Option<String>, bind_addr: SocketAddr, faults: &mut Faults) -> Url {
    let default = default_public_url(bind_addr);
    let Some(value) = value else { return default };
    match http_url(&value).and_then(only_origin) {
        Ok(url) => url,
        Err(problem) => {
            faults.add("PUBLIC_URL", problem, "https://desk.example.com");
            default
        }
    }
}

/// An http or https address without credentials, query and fragment.
pub(super) fn http_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "is not an address")?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("starts with neither http:// nor https://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("has a user name or password in it");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("has a `?` or `#` part");
    }
    Ok(url)
}

pub(super) fn files_url(value: Option<String>, data_dir: &Path, faults: &mut Faults) -> Url {
    let fallback = || Url::from_directory_path(data_dir).unwrap_or_else(|()| blank_file_url());
    let Some(value) = value else {
        return Url::from_file_path(data_dir.join("files")).unwrap_or_else(|()| fallback());
    };
    let url = Url::parse(&value).ok().filter(|url| match url.scheme() {
        "file" => url.to_file_path().is_ok_and(|path| path.parent().is_some()),
        "s3" => url.has_host() && url.username().is_empty() && url.query().is_none(),
        _ => false,
    });
    url.unwrap_or_else(|| {
        let problem = "is neither a file:// address with an absolute path nor an s3:// address";
        faults.add("FILES_URL", problem, "file:///var/lib/babbage/files, or s3://bucket/prefix");
        fallback()
    })
}

pub(super) fn file_hosts(value: Option<String>, faults: &mut Faults) -> Vec<(String, u16)> {
    let value = value.unwrap_or_default();
    let entries = value.split([',', ' ', '\t', '\n']).filter(|entry| !entry.is_empty());
    entries
        .filter_map(|entry| {
            let host = host_and_port(entry);
            if host.is_none() {
                faults.add("ALLOW_FILE_HOSTS", "has an entry that is not a host with a port", "127.0.0.1:8091 files.test:9000");
            }
            host
        })
        .collect()
}

pub(super) fn bus_url(value: Option<String>, faults: &mut Faults) -> Option<Url> {
    let url = Url::parse(&value?).ok().filter(|url| matches!(url.scheme(), "nats" | "tls") && url.has_host());
    if url.is_none() {
        faults.add("BUS_URL", "is not a NATS address", "nats://nats.example:4222");
    }
    url
}

pub(super) fn allowed_origins(public_url: &Url) -> Vec<String> {
    let own = public_url.origin().ascii_serialization();
    let mut origins = vec![own.clone()];
    if public_url.scheme() == "http" && is_loopback(public_url) {
        for host in ["localhost", "127.0.0.1", "[::1]"] {
            let mut other = public_url.clone();
            if other.set_host(Some(host)).is_ok() {
                origins.push(other.origin().ascii_serialization());
            }
        }
        let mut seen = std::collections::HashSet::new();
        origins.retain(|origin| seen.insert(origin.clone()));
    }
    origins
}

/// Whether an address leads to this machine itself.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(domain)) => domain == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// `http://BIND_ADDR`; when that means "every interface", the one that certainly leads here.
fn default_public_url(bind_addr: SocketAddr) -> Url {
    let mut address = bind_addr;
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    let mut url = blank_http_url();
    // Neither can fail on an http address.
    let _ = url.set_ip_host(address.ip());
    let _ = url.set_port(Some(address.port()));
    url
}

fn only_origin(url: Url) -> Result<Url, &'static str> {
    if url.path() == "/" { Ok(url) } else { Err("has a path; the desk lives at the root of its host") }
}

fn host_and_port(entry: &str) -> Option<(String, u16)> {
    let (host, port) = entry.rsplit_once(':')?;
    let port = port.parse().ok().filter(|port| *port != 0)?;
    Some((Host::parse(host).ok()?.to_string(), port))
}

fn blank_http_url() -> Url {
    Url::parse("http://127.0.0.1/").expect("a constant address parses")
}

fn blank_file_url() -> Url {
    Url::parse("file:///").expect("a constant address parses")
}
