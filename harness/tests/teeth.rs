//! The scenarios bite: a server with one thing wrong fails the case that judges it, and the same server
//! without it passes. The servers are shell scripts, so nothing of the reference helps here.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use assert_cmd::Command;

/// A server as small as the judged rules allow.
const GOOD: &str = r#"#!/bin/sh
umask 077
state=$HOME/.memtomem
dir=$XDG_RUNTIME_DIR/memtomem
if [ -d "$state" ]; then
    exec 8>>"$state/.server.pid"
    if ! flock -n 8; then
        echo "another memtomem-server holds a lock at $state/.server.pid" >&2
        exit 1
    fi
fi
[ -d "$dir" ] || mkdir "$dir"
exec 9>>"$dir/server.pid"
if ! flock -n 9; then exit 1; fi
echo $$ >"$dir/server.pid"
while read -r line; do
    case $line in
    *'"initialize"'*) echo '{"jsonrpc":"2.0","id":1,"result":{}}' ;;
    *tools/list*) echo '{"jsonrpc":"2.0","id":2,"result":{"tools":[]}}' ;;
    esac
done
rm "$dir/server.pid"
exit 0
"#;

const HANDSHAKE: &str = "home.handshake-creates-nothing";
const OLD_SERVER: &str = "leg.old-server-stops-new:umask=0022";

/// Runs built-in cases on a server; what was printed, and the exit status.
fn judge(server: &str, cases: &[&str]) -> (Option<i32>, String) {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = dir.path().join("server");
    fs::write(&program, server).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let profile = dir.path().join("subject.toml");
    fs::write(&profile, "server = [\"./server\"]\ncli = [\"./server\"]\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_pidproof"))
        .env_remove("CI")
        .env_remove("GITHUB_ACTIONS")
        .args(["run", "--exact"])
        .args(cases)
        .arg("--subject")
        .arg(&profile)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), text + &errors)
}

/// Replaces one line of the good server, which must be there, and expects the rule to be told broken.
fn bites(good: &str, wrong: &str, case: &str, rule: &str, found: &str) {
    assert!(GOOD.contains(good), "{good}");
    let (code, text) = judge(&GOOD.replace(good, wrong), &[case]);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains(&format!("{rule} (core)")),
        "no {rule} in\n{text}"
    );
    assert!(text.contains(found), "no `{found}` in\n{text}");
}

#[test]
fn the_good_server_passes_what_the_wrong_ones_fail() {
    let (code, text) = judge(GOOD, &[HANDSHAKE, OLD_SERVER]);
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn a_state_dir_made_for_a_moment_is_seen() {
    let wrong = "mkdir \"$state\"; rmdir \"$state\"; [ -d \"$dir\" ] || mkdir \"$dir\"";
    bites(
        "[ -d \"$dir\" ] || mkdir \"$dir\"",
        wrong,
        HANDSHAKE,
        "HOME-1",
        "created after",
    );
}

#[test]
fn a_pidfile_without_a_lock_is_seen() {
    bites(
        "flock -n 9",
        "true",
        HANDSHAKE,
        "PID-1",
        "a probe says free",
    );
}

#[test]
fn a_shared_lock_is_not_an_exclusive_one() {
    bites(
        "flock -n 9",
        "flock -s -n 9",
        HANDSHAKE,
        "PID-1",
        "a probe says shared",
    );
}

#[test]
fn another_pid_in_the_file_is_seen() {
    bites("echo $$", "echo 1$$", HANDSHAKE, "PID-2", "bytes");
}

#[test]
fn a_pidfile_left_behind_is_seen() {
    bites(
        "rm \"$dir/server.pid\"",
        "true",
        HANDSHAKE,
        "END-2",
        "server.pid",
    );
}

#[test]
fn an_end_that_is_no_success_is_seen() {
    bites("exit 0", "exit 5", HANDSHAKE, "END-2", "exit status 5");
}

#[test]
fn a_server_that_does_not_look_at_the_legacy_lock_is_seen() {
    bites("flock -n 8", "true", OLD_SERVER, "LEG-2", "it answered");
}

#[test]
fn a_refusal_that_has_made_something_is_seen() {
    bites(
        "if [ -d",
        "mkdir \"$dir\"\nif [ -d",
        OLD_SERVER,
        "LEG-2",
        "absent, as before",
    );
}

#[test]
fn a_refusal_that_is_a_success_is_seen() {
    bites(
        "exit 1\n    fi",
        "exit 0\n    fi",
        OLD_SERVER,
        "LEG-1",
        "exit status 0",
    );
}

#[test]
fn a_refusal_that_says_nothing_is_seen() {
    bites(
        "echo \"another",
        "true \"another",
        OLD_SERVER,
        "LEG-1",
        "(nothing)",
    );
}
