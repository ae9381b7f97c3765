//! Servers that do not speak MCP: a text that they say shows that they are ready.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use assert_cmd::Command;

/// A daemon in the foreground, which never looks at its standard input. It makes its pidfile before it says so.
const SERVER: &str = r#"#!/bin/sh
dir=$XDG_RUNTIME_DIR/memtomem
trap 'rm -f "$dir/server.pid"; kill $!; exit 0' TERM
if [ -e "$HOME/no" ]; then
    echo "there is a no" >&2
    exit 3
fi
mkdir -p "$dir"
echo $$ >"$dir/server.pid"
echo "listening on 7" SAYS
sleep 1000 &
wait
"#;

const SCENARIO: &str = r#"
title = "a pidfile is there when the server is ready, and goes with it"
rules = ["PID-2"]
[[step]]
spawn = "server"
role = "server"
[[step]]
handshake = "server"
[[step]]
expect-fs = "${pidfile}"
line = "${server.pid}"
[[step]]
signal = "server"
send = "TERM"
[[step]]
expect = "server"
exit = 0
"#;

const REFUSED: &str = r#"
title = "it does not start beside a no"
rules = ["DIR-10"]
[[step]]
write = "${home}/no"
content = ""
[[step]]
spawn = "server"
role = "server"
[[step]]
handshake = "server"
refused = true
[[step]]
expect = "server"
exit = 3
"#;

const CALLS: &str = r#"
title = "a call is answered"
rules = ["HOME-3"]
[[step]]
spawn = "server"
role = "server"
[[step]]
handshake = "server"
[[step]]
call = "server"
tool = "mem_add"
ok = true
"#;

/// Judges the server, which says its text where `says` puts it, by a profile with this `ready`.
fn judge(server: &str, ready: &str) -> (Option<i32>, String) {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(at("server"), server).unwrap();
    fs::set_permissions(at("server"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(
        at("mine.toml"),
        format!("server = [\"./server\"]\n{ready}\n"),
    )
    .unwrap();
    fs::create_dir(at("s")).unwrap();
    for (name, text) in [("it", SCENARIO), ("no", REFUSED), ("calls", CALLS)] {
        fs::write(at("s").join(format!("{name}.toml")), text).unwrap();
    }
    let output = Command::new(env!("CARGO_BIN_EXE_pidproof"))
        .env_remove("CI")
        .args(["run", "--subject"])
        .arg(at("mine.toml"))
        .arg("--scenarios")
        .arg(at("s"))
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

#[test]
fn a_text_on_either_stream_shows_that_it_serves() {
    for (says, ready) in [
        (">&2", "ready = { stderr = \"listening on\" }"),
        ("", "ready = { stdout = \"listening on\" }"),
    ] {
        let (code, text) = judge(&SERVER.replace("SAYS", says), ready);
        assert_eq!(code, Some(0), "{text}");
        assert!(text.contains("skipped (1): no MCP"), "{text}");
        assert!(text.contains("not judged: no MCP: HOME-3"), "{text}");
        assert!(text.contains("2 passed, 0 failed, 1 skipped"), "{text}");
    }
}

#[test]
fn one_that_is_ready_in_spite_of_a_refusal_fails() {
    let server = SERVER
        .replace("SAYS", ">&2")
        .replace("$HOME/no", "$HOME/other");
    let (code, text) = judge(&server, "ready = { stderr = \"listening on\" }");
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("FAIL no"), "{text}");
    assert!(
        text.contains("server ends before it says \"listening on\" on stderr"),
        "{text}"
    );
}

#[test]
fn one_that_ends_before_it_is_ready_does_not_start() {
    let server = SERVER
        .replace("SAYS", ">&2; exit 4")
        .replace("listening", "no room");
    let (code, text) = judge(&server, "ready = { stderr = \"listening on\" }");
    assert_eq!(code, Some(3), "{text}");
    for part in ["does not start here", "exit status 4", "no room on 7"] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
}

#[test]
fn what_can_show_nothing_is_a_mistake_of_the_profile() {
    for (ready, says) in [
        (
            "ready = { exit = 0 }",
            "a server that has ended shows nothing more",
        ),
        (
            "ready = { stdout = \"a\", stderr = \"b\" }",
            "one text, on one stream",
        ),
        ("ready = { stdout = \"\" }", "an empty text is always there"),
        ("ready = \"initialise\"", "did you mean `initialize`?"),
        ("ready = {}", "one text, on one stream"),
    ] {
        let (code, text) = judge(SERVER, ready);
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains(says), "no `{says}` in\n{text}");
        assert!(text.contains("mine.toml:2:"), "{text}");
    }
}
