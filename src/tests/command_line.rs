//! The program itself: what it prints, and how it ends.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Runs the program in a folder with these variables and nothing else, and with this on its standard input.
fn babbage(folder: &Path, arguments: &[&str], variables: &[(&str, &str)], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_babbage"));
    command.args(arguments).current_dir(folder).env_clear();
    command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.envs(variables.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("starts");
    let mut stdin = child.stdin.take().expect("standard input");
    // The program may end without reading it.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().expect("ends")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn every_fault_is_one_line_that_repeats_no_value() {
    let folder = TempDir::new().expect("a folder");
    let variables = [
        ("BIND_ADDR", "8090"),
        ("PUBLIC_URL", "desk.example/hidden"),
        ("ADA_API_KEY", "hidden-key"),
        ("DATABASE_URL", "mysql://u:hidden@h/d"),
    ];
    let output = babbage(folder.path(), &["serve"], &variables, "");
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.lines().count(), 4, "{said}");
    assert!(said.lines().all(|line| line.starts_with("error: ") && line.contains(" Example: ")), "{said}");
    assert!(variables.iter().all(|(name, _)| said.contains(name)) && !said.contains("hidden"), "{said}");
    assert!(!folder.path().join("data").exists(), "nothing was begun");
}

#[test]
fn the_environment_wins_over_the_file() {
    let folder = TempDir::new().expect("a folder");
    let file = "# a comment\nBIND_ADDR=8090\nRUST_LOG=\"babbage=loudest\"\nBUS_URL=\n";
    std::fs::write(folder.path().join(".env"), file).expect("written");
    let said = |variables: &[(&str, &str)]| {
        let output = babbage(folder.path(), &["doctor"], variables, "");
        assert_eq!(output.status.code(), Some(1));
        text(&output.stdout)
    };
    let from_file = said(&[]);
    assert!(from_file.contains("BIND_ADDR") && from_file.contains("RUST_LOG"), "{from_file}");
    let mixed = said(&[("BIND_ADDR", "127.0.0.1:8090")]);
    assert!(!mixed.contains("BIND_ADDR is") && mixed.contains("RUST_LOG"), "{mixed}");
}

#[test]
fn a_broken_file_is_told_without_its_words() {
    let folder = TempDir::new().expect("a folder");
    std::fs::write(folder.path().join(".env"), "ADA_API_KEY=hidden key\n").expect("written");
    let output = babbage(folder.path(), &["migrate"], &[], "");
    let said = text(&output.stderr);
    assert!(said.contains(".env has a line") && said.contains("quotes") && !said.contains("hidden"), "{said}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_weak_password_is_refused_before_anything_is_started() {
    let folder = TempDir::new().expect("a folder");
    let add = ["user", "add", "ann@example.com", "--name", "Ann"];
    for (password, words) in
        [("short", "at least 12"), ("password1234", "too common"), ("ann@example.com", "too close"), ("", "at least 12")]
    {
        let output = babbage(folder.path(), &add, &[], &format!("{password}\n"));
        let said = text(&output.stderr);
        assert!(said.starts_with("error: Password: ") && said.contains(words), "{said}");
        assert_eq!(output.status.code(), Some(1));
    }
    assert!(!folder.path().join("data").exists(), "nothing was begun");
}

#[test]
fn doctor_speaks_json() {
    let folder = TempDir::new().expect("a folder");
    let output = babbage(folder.path(), &["doctor", "--json"], &[("BIND_ADDR", "nowhere")], "");
    let checks: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(checks[0]["name"], "configuration");
    assert_eq!(checks[0]["outcome"], "fail");
    assert!(checks[0]["remedy"].as_str().is_some_and(|remedy| remedy.contains("127.0.0.1:8090")));
    assert_eq!(output.status.code(), Some(1));
}
