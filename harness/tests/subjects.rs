//! Subjects that misbehave: the suite says what they did, and neither hangs nor leaks with them.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;

/// A server in shell: it answers a handshake, and does `EXTRA` before it reads the first line.
const SERVER: &str = r#"#!/bin/sh
EXTRA
while read -r line; do
    case $line in
    *'"initialize"'*) echo '{"jsonrpc":"2.0","id":1,"result":{}}' ;;
    *tools/list*) echo '{"jsonrpc":"2.0","id":2,"result":{"tools":[]}}' ;;
    esac
done
"#;

const SCENARIO: &str = r#"
title = "a server answers and ends"
rules = ["END-2"]
[env]
IN_CASE = "1"
[[step]]
spawn = "server"
role = "server"
[[step]]
handshake = "server"
[[step]]
close-stdin = "server"
[[step]]
expect = "server"
exit = 0
"#;

/// Judges a server that does `extra` first.
fn judge(extra: &str, scenario: &str) -> Output {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    write_program(&dir.path().join("server"), &SERVER.replace("EXTRA", extra));
    fs::write(
        dir.path().join("subject.toml"),
        "server = [\"./server\"]\ncli = [\"./server\"]\n",
    )
    .unwrap();
    fs::create_dir(dir.path().join("s")).unwrap();
    fs::write(dir.path().join("s/it.toml"), scenario).unwrap();
    Command::new(env!("CARGO_BIN_EXE_pidproof"))
        .env_remove("CI")
        .env_remove("GITHUB_ACTIONS")
        .arg("run")
        .arg("--subject")
        .arg(dir.path().join("subject.toml"))
        .arg("--scenarios")
        .arg(dir.path().join("s"))
        .output()
        .unwrap()
}

fn write_program(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[test]
fn a_shell_script_is_a_subject_like_any_other() {
    let output = judge("", SCENARIO);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}

#[test]
fn a_subject_that_does_not_start_is_one_message_and_3() {
    let output = judge("echo 'no module named frob' >&2; exit 7", SCENARIO);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    let text = text(&output);
    assert!(text.contains("does not start here"), "{text}");
    assert!(text.contains("no module named frob"), "{text}");
    assert!(text.contains("exit status 7"), "{text}");
    assert!(!text.contains("FAIL"), "{text}");
}

#[test]
fn a_flood_on_stderr_stops_nothing() {
    let output = judge("head -c 20000000 /dev/zero | tr '\\0' x >&2", SCENARIO);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}

#[test]
fn a_hang_is_told_from_a_wrong_answer() {
    let output = judge("[ -z \"$IN_CASE\" ] || exec sleep 1000", SCENARIO);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let text = text(&output);
    assert!(text.contains("TIMED OUT it"), "{text}");
    assert!(text.contains("no answer in time"), "{text}");
}

#[test]
fn a_crash_in_the_handshake_is_told_with_its_signal() {
    let output = judge("[ -z \"$IN_CASE\" ] || kill -SEGV $$", SCENARIO);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let text = text(&output);
    assert!(text.contains("FAIL it"), "{text}");
    assert!(text.contains("ended by signal 11"), "{text}");
}

#[test]
fn noise_on_stdout_is_a_broken_protocol() {
    let output = judge("[ -z \"$IN_CASE\" ] || echo starting up", SCENARIO);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(
        text(&output).contains("on stdout: starting up"),
        "{}",
        text(&output)
    );
}

#[test]
fn a_child_that_outlives_its_server_ends_with_the_case() {
    // It keeps every pipe open and ignores what it can; the suite must not wait for it.
    let output = judge("( trap '' TERM HUP INT; exec sleep 1000 ) & ", SCENARIO);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}

#[test]
fn a_server_that_ignores_term_is_caught_and_ended() {
    let scenario = SCENARIO.replace(
        "close-stdin = \"server\"",
        "signal = \"server\"\nsend = \"TERM\"",
    );
    let output = judge("trap '' TERM", &scenario);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("it still runs"), "{}", text(&output));
}
