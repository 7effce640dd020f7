use std::collections::HashMap;

use secrecy::ExposeSecret;

use super::*;

const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3";
const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let map: HashMap<_, _> = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::from_source(&|name| map.get(name).cloned())
}

fn good(variables: &[(&str, &str)]) -> Config {
    read(variables).expect("a fit configuration")
}

/// The variables at fault, in order, after checking that no line repeats the value.
fn at_fault(variables: &[(&str, &str)]) -> Vec<String> {
    let error = read(variables).expect_err("a fault");
    for fault in &error.0 {
        assert!(variables.iter().all(|(_, value)| !fault.problem.contains(value)), "{fault} repeats a value");
    }
    assert_eq!(error.to_string().lines().count(), error.0.len());
    error.0.into_iter().map(|fault| fault.variable).collect()
}

#[test]
fn nothing_set_is_a_desk_on_this_machine() {
    let config = good(&[]);
    assert!(config.database_url.is_none() && config.ai_agent.is_none() && config.bus_url.is_none());
    assert!(config.secret_key.is_none() && config.allow_file_hosts.is_empty());
    assert!(config.data_dir.is_absolute() && config.data_dir.ends_with("data"));
    assert_eq!(config.bind_addr.to_string(), "127.0.0.1:8090");
    assert_eq!(config.public_url.as_str(), "http://127.0.0.1:8090/");
    assert_eq!(config.files_url.to_file_path(), Ok(config.data_dir.join("files")));
    assert_eq!((config.log_format, config.rust_log.as_ref()), (LogFormat::Pretty, None));
    assert!(!config.secure_cookies());
}

#[test]
fn blank_is_not_set() {
    let config = good(&[("ADA_API_KEY", ""), ("DATABASE_URL", "  "), ("PUBLIC_URL", "")]);
    assert!(config.database_url.is_none() && config.ai_agent.is_none());
}

#[test]
fn all_faults_are_told_at_once() {
    let variables = [
        ("DATABASE_URL", "mysql://u:topsecret@h/d"),
        ("BIND_ADDR", "8090"),
        ("PUBLIC_URL", "desk.example.com"),
        ("ADA_BASE_URL", "example.ada.support"),
        ("ADA_API_KEY", "with a blank"),
        ("WEBHOOK_SECRET", "whsec_short"),
        ("HANDOFF_AUTH_KEY", "tooshort"),
        ("SECRET_KEY", "c2hvcnQ="),
        ("LOG_FORMAT", "xml"),
    ];
    let mut expected: Vec<_> = variables.iter().map(|(name, _)| (*name).to_owned()).collect();
    let mut found = at_fault(&variables);
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn database_url() {
    let url = "postgres://u:p%40ss@db:5432/babbage?sslmode=require";
    assert_eq!(good(&[("DATABASE_URL", url)]).database_url.expect("set").expose_secret(), url);
    for wrong in ["mysql://h/d", "db.example:5432", "/var/run/postgresql"] {
        assert_eq!(at_fault(&[("DATABASE_URL", wrong)]), ["DATABASE_URL"]);
    }
}

#[test]
fn bind_addr() {
    assert_eq!(good(&[("BIND_ADDR", "localhost:1234")]).bind_addr.to_string(), "127.0.0.1:1234");
    assert_eq!(good(&[("BIND_ADDR", "[::1]:8090")]).public_url.as_str(), "http://[::1]:8090/");
    assert_eq!(good(&[("BIND_ADDR", "0.0.0.0:9000")]).public_url.as_str(), "http://127.0.0.1:9000/");
    for wrong in ["8090", "127.0.0.1", "desk.example:8090", "127.0.0.1:99999", "localhost:x"] {
        assert_eq!(at_fault(&[("BIND_ADDR", wrong)]), ["BIND_ADDR"], "{wrong}");
    }
}

#[test]
fn public_url() {
    assert!(good(&[("PUBLIC_URL", "https://desk.example.com")]).secure_cookies());
    for wrong in [
        "desk.example.com",
        "ftp://desk.example.com",
        "https://desk.example.com/desk",
        "https://desk.example.com/?a",
        "https://desk.example.com/#a",
        "https://user@desk.example.com",
        "https://",
    ] {
        assert_eq!(at_fault(&[("PUBLIC_URL", wrong)]), ["PUBLIC_URL"], "{wrong}");
    }
}

#[test]
fn origins() {
    assert_eq!(good(&[("PUBLIC_URL", "https://desk.example.com/")]).allowed_origins(), ["https://desk.example.com"]);
    assert_eq!(good(&[("PUBLIC_URL", "http://desk.example.com:81")]).allowed_origins(), ["http://desk.example.com:81"]);
    // https on loopback has one certificate for one name.
    assert_eq!(good(&[("PUBLIC_URL", "https://localhost:8443")]).allowed_origins(), ["https://localhost:8443"]);
    let loopback = good(&[("PUBLIC_URL", "http://localhost:81")]).allowed_origins();
    assert_eq!(loopback, ["http://localhost:81", "http://127.0.0.1:81", "http://[::1]:81"]);
    assert_eq!(good(&[]).allowed_origins()[0], "http://127.0.0.1:8090");
}

#[test]
fn the_first_ai_agent() {
    let agent = good(&[
        ("ADA_BASE_URL", "https://example.ada.support/api/"),
        ("ADA_API_KEY", "k"),
        ("WEBHOOK_SECRET", &format!("{SECRET} {SECRET}")),
        ("HANDOFF_AUTH_KEY", "0123456789abcdef  fedcba9876543210"),
    ])
    .ai_agent
    .expect("an AI agent");
    assert_eq!(agent.base_url.as_str(), "https://example.ada.support/api");
    assert_eq!((agent.domain.as_str(), agent.integration.as_str()), ("example.ada.support", "custom-handoff"));
    assert_eq!((agent.webhook_secrets.len(), agent.trigger_keys.len()), (2, 2));

    let bare = good(&[("ADA_BASE_URL", "http://127.0.0.1:8091/api"), ("ADA_DOMAIN", "acme")]).ai_agent.expect("an AI agent");
    assert_eq!(bare.domain, "acme");
    assert!(bare.api_key.is_none() && bare.webhook_secrets.is_empty() && bare.trigger_keys.is_empty());
}

#[test]
fn what_describes_an_ai_agent_needs_its_address() {
    for variable in ["ADA_DOMAIN", "ADA_API_KEY", "WEBHOOK_SECRET", "HANDOFF_AUTH_KEY", "HANDOFF_INTEGRATION"] {
        assert_eq!(at_fault(&[(variable, "anything-at-all")]), [variable]);
    }
}

#[test]
fn faults_of_an_ai_agent() {
    let base = ("ADA_BASE_URL", "https://example.ada.support/api");
    for (variable, wrong) in [
        ("ADA_API_KEY", "two words"),
        ("ADA_DOMAIN", "https://example.ada.support"),
        ("HANDOFF_INTEGRATION", "a\tb"),
        ("WEBHOOK_SECRET", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"),
        ("WEBHOOK_SECRET", "whsec_!!!!"),
        ("WEBHOOK_SECRET", "whsec_MDEyMzQ1Njc4OWFiY2Rl"),
        ("WEBHOOK_SECRET", "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3 whsec_x"),
        ("HANDOFF_AUTH_KEY", "fifteen-letters"),
        ("HANDOFF_AUTH_KEY", "0123456789abcdef short"),
        ("HANDOFF_AUTH_KEY", "schlüsselschlüsselschlüssel"),
    ] {
        assert_eq!(at_fault(&[base, (variable, wrong)]), [variable], "{wrong}");
    }
    for wrong in ["example.ada.support", "ftp://h/api", "https://u:passwd@h/api", "https://h/api?x=1", "http://example.ada.support/api"] {
        assert_eq!(at_fault(&[("ADA_BASE_URL", wrong)]), ["ADA_BASE_URL"], "{wrong}");
    }
}

#[test]
fn files_url() {
    assert_eq!(good(&[("FILES_URL", "s3://bucket/prefix")]).files_url.host_str(), Some("bucket"));
    assert_eq!(good(&[("DATA_DIR", "/a b")]).files_url.as_str(), "file:///a%20b/files");
    for wrong in ["/srv/files", "files", "http://h/files", "s3:///prefix", "file:///"] {
        assert_eq!(at_fault(&[("FILES_URL", wrong)]), ["FILES_URL"], "{wrong}");
    }
}

#[test]
fn file_hosts() {
    let hosts = good(&[("ALLOW_FILE_HOSTS", "127.0.0.1:8091, Files.Test:80 [::1]:9000")]).allow_file_hosts;
    assert_eq!(hosts, [("127.0.0.1".into(), 8091), ("files.test".into(), 80), ("[::1]".into(), 9000)]);
    for wrong in ["files.test", "files.test:0", "http://files.test:80", "::1:90000", "a b:80"] {
        assert_eq!(at_fault(&[("ALLOW_FILE_HOSTS", wrong)]), ["ALLOW_FILE_HOSTS"], "{wrong}");
    }
}

#[test]
fn bus_url() {
    assert!(good(&[("BUS_URL", "nats://u:p@nats:4222")]).bus_url.is_some());
    for wrong in ["nats.example:4222", "redis://h:1", "nats://"] {
        assert_eq!(at_fault(&[("BUS_URL", wrong)]), ["BUS_URL"], "{wrong}");
    }
}

#[test]
fn keys_and_logs() {
    let config = good(&[("SECRET_KEY", KEY), ("LOG_FORMAT", "json"), ("RUST_LOG", "warn,babbage=debug")]);
    assert!(config.secret_key.is_some());
    assert_eq!((config.log_format, config.rust_log.as_deref()), (LogFormat::Json, Some("warn,babbage=debug")));
    assert_eq!(at_fault(&[("SECRET_KEY", "not base64 at all")]), ["SECRET_KEY"]);
    assert_eq!(at_fault(&[("LOG_FORMAT", "JSON lines")]), ["LOG_FORMAT"]);
    assert_eq!(at_fault(&[("RUST_LOG", "babbage=loudest")]), ["RUST_LOG"]);
}

#[test]
fn debug_shows_no_secret() {
    let config = good(&[
        ("DATABASE_URL", "postgres://u:hidden-1@db/babbage"),
        ("BUS_URL", "nats://u:hidden-2@nats:4222"),
        ("ADA_BASE_URL", "https://example.ada.support/api"),
        ("ADA_API_KEY", "hidden-3"),
        ("WEBHOOK_SECRET", SECRET),
        ("HANDOFF_AUTH_KEY", "hidden-4-hidden-4"),
        ("SECRET_KEY", KEY),
    ]);
    let shown = format!("{config:#?}");
    for secret in ["hidden", &SECRET[6..], KEY] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
