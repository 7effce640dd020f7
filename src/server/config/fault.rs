//! What is wrong with the configuration, all of it at once.

use std::fmt;

use serde::Serialize;
use thiserror::Error;

/// One thing that is wrong with one variable. Holds no value that the operator set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The variable, or `.env`.
    pub variable: String,
    /// What is wrong, as the rest of a sentence that starts with the variable.
    pub problem: String,
    /// What a right value looks like.
    pub example: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}. Example: {}", self.variable, self.problem, self.example)
    }
}

/// The configuration cannot be used. Displays as one line per fault.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}", .0.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n"))]
pub struct ConfigError(pub Vec<Fault>);

/// The faults found so far.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub fn add(&mut self, variable: &str, problem: &str, example: &str) {
        let fault = Fault { variable: variable.to_owned(), problem: problem.to_owned(), example: example.to_owned() };
        // Two entries of one list with the same fault need one line.
        if !self.0.contains(&fault) {
            self.0.push(fault);
        }
    }

    /// The value if nothing is wrong.
    pub fn or<T>(self, value: T) -> Result<T, ConfigError> {
        if self.0.is_empty() { Ok(value) } else { Err(ConfigError(self.0)) }
    }
}
