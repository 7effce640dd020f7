use clap::{CommandFactory, Parser};

use super::*;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(line.split_whitespace())
}

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_explains_itself() {
    fn visit(command: &clap::Command, path: &str) {
        for command in command.get_subcommands() {
            let path = format!("{path} {}", command.get_name());
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            assert!(about.len() > 10 || command.get_name() == "help", "{path} has no description");
            for argument in command.get_arguments().filter(|argument| !matches!(argument.get_id().as_str(), "help" | "version")) {
                assert!(argument.get_help().is_some(), "{path} does not explain {}", argument.get_id());
            }
            let shown = Cli::try_parse_from(format!("{path} --help").split_whitespace()).expect_err("help ends the program");
            assert_eq!(shown.exit_code(), 0, "{path}");
            visit(command, &path);
        }
    }
    visit(&Cli::command(), "babbage");
}

#[test]
fn the_promised_commands_parse() {
    for line in [
        "babbage serve",
        "babbage demo",
        "babbage sandbox",
        "babbage sandbox --listen 127.0.0.1:9000",
        "babbage migrate",
        "babbage doctor",
        "babbage doctor --json",
        "babbage user add ann@example.com --name Ann --role administrator",
        "babbage user add ann@example.com --name Ann",
        "babbage user list",
        "babbage user disable ann@example.com",
        "babbage user reset-password ann@example.com",
        "babbage agent add https://example.ada.support/api --domain example.ada.support --integration custom-handoff",
        "babbage agent list",
        "babbage agent remove example.ada.support",
        "babbage events list --limit 5",
        "babbage events replay 01890a5d-ac96-774b-bcce-b302099a8057",
        "babbage events replay --all",
    ] {
        parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
}

#[test]
fn what_is_wrong_is_refused_before_anything_is_done() {
    for line in [
        "babbage",
        "babbage user add ann --name Ann",
        "babbage user add ann@example.com",
        "babbage user add ann@example.com --name Ann --role king",
        "babbage agent add example.ada.support",
        "babbage agent add https://key@example.ada.support/api",
        "babbage agent add https://example.ada.support/api --domain https://example.ada.support",
        "babbage events replay",
        "babbage events replay yesterday",
        "babbage events list --limit 0",
    ] {
        assert_eq!(parse(line).expect_err(line).exit_code(), 2, "{line}");
    }
}
