//! Asking for what must not stand on the command line, where every user of the machine and the shell's history see it.

use std::io::{self, BufRead, IsTerminal, Read, stdin};

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use super::CliError;

/// More than any password or key has.
const LINE_LIMIT: u64 = 4096;

/// A new password: asked twice without echo on a terminal, else the first line of standard input.
pub fn new_password() -> Result<SecretString, CliError> {
    if !stdin().is_terminal() {
        return line();
    }
    let first = hidden("Password: ")?;
    let second = hidden("The same password again: ")?;
    if first.expose_secret() == second.expose_secret() {
        Ok(first)
    } else {
        Err(CliError::refused("The two passwords differ. Nothing was changed."))
    }
}

/// A secret: asked without echo on a terminal, else the next line of standard input. May be empty.
pub fn secret(question: &str) -> Result<SecretString, CliError> {
    if stdin().is_terminal() { hidden(question) } else { line() }
}

fn hidden(question: &str) -> Result<SecretString, CliError> {
    Ok(rpassword::prompt_password(question)?.into())
}

fn line() -> Result<SecretString, CliError> {
    Ok(read_line(&mut stdin().lock())?.into())
}

fn read_line(input: &mut impl BufRead) -> io::Result<String> {
    let mut line = Zeroizing::new(String::new());
    input.take(LINE_LIMIT).read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_one_answer_and_keeps_its_blanks() {
        let mut input = &b" spaced out \r\nsecond\n\nlast"[..];
        let mut next = || read_line(&mut input).expect("a line");
        assert_eq!([next(), next(), next(), next(), next()], [" spaced out ", "second", "", "last", ""]);
    }
}
