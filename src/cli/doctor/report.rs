//! What the checks found.

use std::fmt;

use serde::Serialize;

/// What one check found. Texts hold no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It works.
    Ok { detail: String },
    /// It works for now, or only in part.
    Warn { detail: String, remedy: String },
    /// It does not work.
    Fail { detail: String, remedy: String },
    /// It was not looked at, and why.
    Skipped { detail: String },
}

impl Outcome {
    pub fn ok(detail: impl Into<String>) -> Self {
        Self::Ok { detail: detail.into() }
    }

    pub fn warn(detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Warn { detail: detail.into(), remedy: remedy.into() }
    }

    pub fn fail(detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Fail { detail: detail.into(), remedy: remedy.into() }
    }

    pub fn skipped(detail: impl Into<String>) -> Self {
        Self::Skipped { detail: detail.into() }
    }

    fn parts(&self) -> (&'static str, &str, Option<&str>) {
        match self {
            Self::Ok { detail } => ("ok", detail, None),
            Self::Warn { detail, remedy } => ("WARN", detail, Some(remedy)),
            Self::Fail { detail, remedy } => ("FAIL", detail, Some(remedy)),
            Self::Skipped { detail } => ("skipped", detail, None),
        }
    }
}

/// One check and what it found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    pub name: String,
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// All checks, in the order in which they were made. Displays as aligned lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report(pub Vec<Check>);

impl Report {
    /// Adds what a check found.
    pub fn add(&mut self, name: &str, outcome: Outcome) {
        self.0.push(Check { name: name.to_owned(), outcome });
    }

    /// Whether any check failed.
    pub fn must_repair(&self) -> bool {
        self.0.iter().any(|check| matches!(check.outcome, Outcome::Fail { .. }))
    }

    /// The list of checks as JSON.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(&self.0).unwrap_or_else(|_| "[]".to_owned())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.iter().map(|check| check.name.chars().count()).max().unwrap_or(0);
        for check in &self.0 {
            let (word, detail, remedy) = check.outcome.parts();
            writeln!(f, "{word:7}  {:width$}  {}", check.name, one_line(detail))?;
            if let Some(remedy) = remedy {
                writeln!(f, "{:7}  {:width$}  To do: {}", "", "", one_line(remedy))?;
            }
        }
        let count = |wanted: &str| self.0.iter().filter(|check| check.outcome.parts().0 == wanted).count();
        write!(f, "\n{} ok, {} to look at, {} to repair, {} skipped", count("ok"), count("WARN"), count("FAIL"), count("skipped"))
    }
}

/// Some of it was said by other machines: without what could steer a terminal.
fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
