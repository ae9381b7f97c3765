//! Colours, terminals and what shells and manuals know.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Output, Stdio};

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

#[test]
fn a_reader_that_goes_away_ends_it_in_peace() {
    for args in [&["list"][..], &["run", "run.", "--tier", "plain"]] {
        let mut suite = Command::new(env!("CARGO_BIN_EXE_pidproof"))
            .args(args)
            .env_remove("CI")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        let mut lines = BufReader::new(suite.stdout.take().unwrap());
        lines.read_line(&mut first).unwrap();
        drop(lines);
        let output = suite.wait_with_output().unwrap();
        assert!(!first.is_empty());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!said.contains("panicked"), "{said}");
        // As after Ctrl-C: nobody was told of the rest. What was short enough was written before.
        assert!(matches!(output.status.code(), Some(130 | 0)), "{args:?}");
    }
}

/// A command on a terminal of 60 columns, with what is typed on it once it has said `awaited`.
fn on_a_narrow_terminal(args: &str, awaited: &str, typed: &[u8]) -> (Option<i32>, String) {
    let line = format!(
        "stty rows 24 cols 60; exec {} {args}",
        env!("CARGO_BIN_EXE_pidproof")
    );
    let mut script = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .env("TERM", "xterm")
        .env_remove("CI")
        .env_remove("COLUMNS")
        .env_remove("GITHUB_ACTIONS")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = script.stdout.take().unwrap();
    let mut input = script.stdin.take().unwrap();
    let mut text = Vec::new();
    let mut more = [0; 4096];
    while !String::from_utf8_lossy(&text).contains(awaited) {
        let n = out.read(&mut more).unwrap();
        assert!(n > 0, "{}", String::from_utf8_lossy(&text));
        text.extend(&more[..n]);
    }
    input.write_all(typed).unwrap();
    out.read_to_end(&mut text).unwrap();
    drop(input);
    let code = script.wait().unwrap().code();
    (code, String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn what_is_read_as_text_fits_a_narrow_terminal() {
    for args in [
        "explain PID-7 LEG-4 UNI-15",
        "doctor",
        "--help",
        "run --help",
    ] {
        let (code, text) = on_a_narrow_terminal(args, "", b"");
        assert_eq!(code, Some(0), "{text}");
        for line in text.lines() {
            let plain = anstream::adapter::strip_str(line.trim_end()).to_string();
            // What has no blank in it cannot be wrapped: a path, a name.
            let words = plain.trim_start().split(' ').count();
            let fits = plain.chars().count() <= 60 || words == 1;
            assert!(fits, "{args}: {plain:?}");
        }
    }
}

#[test]
fn ctrl_c_on_a_terminal_ends_the_run_and_says_what_was_done() {
    let dir = tempfile::tempdir().unwrap();
    let hangs = "title = \"it\"\nrules = [\"PID-1\"]\n[[step]]\nspawn = \"s\"\nrole = \"sleeper\"\n\
        [[step]]\nawait = \"s\"\nstdout = \"never\"\n[[step]]\nexpect = \"s\"\nexit = 0\n";
    std::fs::write(dir.path().join("hangs.toml"), hangs).unwrap();
    let args = format!("run --tier plain --scenarios {}", dir.path().display());
    let (code, text) = on_a_narrow_terminal(&args, "0/1 ", b"\x03");
    assert_eq!(code, Some(130), "{text}");
    assert!(
        text.contains("interrupted: 0 of 1 cases were judged"),
        "{text}"
    );
}

/// Asks for a release that is not there yet, where something is missing.
fn provision(variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_pidproof"))
        .args(["run", "run.", "--subject", "memtomem@0.1.25"])
        // Version managers are found by variables of their own.
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!said.contains("panicked"), "{said}");
    (output.status.code(), said)
}

#[test]
fn without_python_it_says_what_to_install() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().to_str().unwrap();
    let (code, said) = provision(&[("PATH", dir), ("HOME", dir), ("PIDPROOF_CACHE", dir)]);
    assert_eq!(code, Some(3), "{said}");
    for part in ["needs Python 3.", "none was found", "install one"] {
        assert!(said.contains(part), "no `{part}` in {said}");
    }
}

#[test]
fn a_cache_that_cannot_be_written_is_said_with_what_would_help() {
    // Nobody can make a directory below a file, not even root.
    let file = tempfile::NamedTempFile::new().unwrap();
    let cache = file.path().join("cache");
    let (code, said) = provision(&[("PIDPROOF_CACHE", cache.to_str().unwrap())]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains(file.path().to_str().unwrap()), "{said}");
    assert!(said.contains("PIDPROOF_CACHE can name another"), "{said}");
}

#[test]
fn an_index_that_cannot_be_reached_is_said_with_what_would_help() {
    let dir = tempfile::tempdir().unwrap();
    let pyenv = std::env::var("PYENV_ROOT").unwrap_or_default();
    let (code, said) = provision(&[
        ("PYENV_ROOT", &pyenv),
        ("PIDPROOF_CACHE", dir.path().to_str().unwrap()),
        ("PIP_CONFIG_FILE", "/dev/null"),
        // Nobody listens at the port of `discard`.
        ("PIP_INDEX_URL", "http://127.0.0.1:9/simple"),
        ("PIP_EXTRA_INDEX_URL", ""),
        ("PIP_FIND_LINKS", ""),
        ("PIP_RETRIES", "0"),
    ]);
    assert_eq!(code, Some(3), "{said}");
    // A host without a Python that is new enough comes no further than that.
    let asked = !said.contains("install one");
    assert_eq!(
        said.contains("Can the package index be reached"),
        asked,
        "{said}"
    );
}
