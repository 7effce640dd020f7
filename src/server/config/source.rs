//! The process environment over `.env`.

use std::collections::HashMap;
use std::env;
use std::io::ErrorKind;

use super::fault::Faults;

/// Every variable that is set. A `.env` that cannot be read is a fault; a missing one is not.
pub(super) fn environment() -> (HashMap<String, String>, Faults) {
    let mut faults = Faults::default();
    let mut variables = dot_env(&mut faults);
    for (name, value) in env::vars_os() {
        let Ok(name) = name.into_string() else {
            continue;
        };
        match value.into_string() {
            Ok(value) => {
                variables.insert(name, value);
            }
            Err(_) if VARIABLES.contains(&name.as_str()) => {
                faults.add(&name, "is not UTF-8 text", "plain text");
            }
            Err(_) => {}
        }
    }
    (variables, faults)
}

/// Every variable that Babbage reads.
const VARIABLES: &[&str] = &[
    "DATABASE_URL",
    "DATA_DIR",
    "BIND_ADDR",
    "PUBLIC_URL",
    "ADA_BASE_URL",
    "ADA_DOMAIN",
    "ADA_API_KEY",
    "WEBHOOK_SECRET",
    "HANDOFF_AUTH_KEY",
    "HANDOFF_INTEGRATION",
    "FILES_URL",
    "ALLOW_FILE_HOSTS",
    "BUS_URL",
    "SECRET_KEY",
    "LOG_FORMAT",
    "RUST_LOG",
];

fn dot_env(faults: &mut Faults) -> HashMap<String, String> {
    let mut variables = HashMap::new();
    // Only the working directory: a file found somewhere above it would be a surprise.
    let lines = match dotenvy::from_path_iter(".env") {
        Ok(lines) => lines,
        Err(dotenvy::Error::Io(error)) if error.kind() == ErrorKind::NotFound => return variables,
        Err(_) => {
            faults.add(".env", "cannot be opened", "chmod 600 .env, owned by the user that runs the desk");
            return variables;
        }
    };
    for line in lines {
        match line {
            Ok((name, value)) => {
                // The first of two lines with one name stands, as everywhere else that `.env` is read.
                variables.entry(name).or_insert(value);
            }
            // The error repeats the line, and the line may hold a secret.
            Err(dotenvy::Error::LineParse(..)) => {
                let problem = "has a line that is not NAME=value (a value with spaces needs quotes)";
                faults.add(".env", problem, "WEBHOOK_SECRET=\"whsec_… whsec_…\"");
            }
            Err(_) => {
                faults.add(".env", "is not UTF-8 text", "NAME=value, one per line");
                break;
            }
        }
    }
    variables
}
