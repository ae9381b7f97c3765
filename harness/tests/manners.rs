//! Colours, terminals and what shells and manuals know.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::process::{Command, Output};

const PASSES: &str = "title = \"it\"\nrules = [\"PID-1\"]\n[[step]]\nspawn = \"s\"\nrole = \"server\"\n[[step]]\nhandshake = \"s\"\n";

fn run(variables: &[(&str, &str)]) -> String {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("it.toml"), PASSES).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pidproof"));
    for name in [
        "CI",
        "GITHUB_ACTIONS",
        "NO_COLOR",
        "CLICOLOR",
        "CLICOLOR_FORCE",
    ] {
        command.env_remove(name);
    }
    let output = command
        .envs(variables.iter().copied())
        .args(["run", "--tier", "plain", "--scenarios"])
        .arg(dir.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "no bar on a pipe: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn colours_follow_the_conventions() {
    let coloured = |text: String| text.contains('\u{1b}');
    assert!(!coloured(run(&[])), "a pipe");
    assert!(coloured(run(&[("CLICOLOR_FORCE", "1")])));
    assert!(!coloured(run(&[
        ("CLICOLOR_FORCE", "1"),
        ("NO_COLOR", "1")
    ])));
    assert!(!coloured(run(&[("CLICOLOR", "0")])));
}

#[test]
fn a_narrow_terminal_has_a_bar_that_fits() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("it.toml"), PASSES).unwrap();
    // `script` gives the command a terminal; stty makes it narrow.
    let line = format!(
        "stty rows 24 cols 60; {} run --tier plain --scenarios {}",
        env!("CARGO_BIN_EXE_pidproof"),
        dir.path().display()
    );
    let output = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .env("TERM", "xterm")
        .env_remove("CI")
        .env_remove("NO_COLOR")
        .env_remove("GITHUB_ACTIONS")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("0/1 "), "no bar in {text:?}");
    assert!(text.contains("1 passed, 0 failed, 0 skipped"), "{text:?}");
    for drawn in text.split(['\r', '\n']).filter(|l| l.contains("/1 ")) {
        let plain = anstream::adapter::strip_str(drawn).to_string();
        assert!(plain.chars().count() <= 60, "{drawn:?}");
    }
}

fn printed(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pidproof"))
        .args(args)
        .output()
        .unwrap()
}

#[test]
fn shells_and_the_manual_know_the_command() {
    for shell in ["bash", "zsh", "fish"] {
        let output = printed(&["completions", shell]);
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("repro") && text.contains("junit"), "{text}");
    }
    let page = String::from_utf8(printed(&["man", "run"]).stdout).unwrap();
    assert!(
        page.contains(".TH pidproof-run") && page.contains("junit"),
        "{page}"
    );
    assert!(
        String::from_utf8(printed(&["man"]).stdout)
            .unwrap()
            .contains("pidproof")
    );
    assert_eq!(printed(&["man", "frobnicate"]).status.code(), Some(2));
}
