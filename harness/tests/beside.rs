//! Other subjects beside the judged one: what a file may say, which cases are chosen, and what happens where
//! a release cannot be had.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use assert_cmd::Command;

/// The judged server starts and serves, and then one of another subject beside it: it is to win every time.
const BESIDE: &str = r#"title = "another server beside the judged one"
rules = ["PID-1"]
[matrix.other]
HERE
[subjects]
other = "${matrix.other.is}"
[[step]]
spawn = "server"
role = "server"
[[step]]
handshake = "server"
[[step]]
spawn = "second"
role = "server"
subject = "other"
[[step]]
handshake = "second"
"#;
const FIXTURE: &str = "fixture = { is = \"old-server\" }\n";
const RELEASE: &str = "release = { is = \"memtomem@0.1.24\" }\n";

struct Ran {
    code: Option<i32>,
    text: String,
}

/// Runs `pidproof` with a directory that holds one scenario, where no release can be had.
fn pidproof(command: &str, scenario: &str, args: &[&str]) -> Ran {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    run_in(dir.path(), command, scenario, args)
}

fn run_in(dir: &Path, command: &str, scenario: &str, args: &[&str]) -> Ran {
    let scenarios = dir.join("s");
    fs::create_dir(&scenarios).unwrap();
    fs::write(scenarios.join("it.toml"), scenario).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_pidproof"))
        .env_remove("CI")
        .env_remove("GITHUB_ACTIONS")
        .env("PIDPROOF_CACHE", dir.join("cache"))
        .env("PIDPROOF_PYTHON", "/nowhere/python")
        .current_dir(dir)
        .args([command, "--scenarios"])
        .arg(&scenarios)
        .args(args)
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    Ran {
        code: output.status.code(),
        text: out + &String::from_utf8_lossy(&output.stderr),
    }
}

fn with(labels: &str) -> String {
    BESIDE.replace("HERE", labels)
}

#[test]
fn releases_are_left_out_and_counted_unless_asked_for() {
    let ran = pidproof("run", &with(&format!("{FIXTURE}{RELEASE}")), &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.text);
    for part in [
        "1 more cases start releases",
        "--releases",
        "1 passed, 0 failed, 0 skipped",
    ] {
        assert!(ran.text.contains(part), "no `{part}` in\n{}", ran.text);
    }
}

#[test]
fn releases_alone_are_nothing_selected() {
    let ran = pidproof("run", &with(RELEASE), &[]);
    assert_eq!(ran.code, Some(4), "{}", ran.text);
    assert!(ran.text.contains("--releases"), "{}", ran.text);
}

#[test]
fn listing_shows_them_marked() {
    let ran = pidproof("list", &with(&format!("{FIXTURE}{RELEASE}")), &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.text);
    let marked = |label: &str| {
        let line = ran.text.lines().find(|l| l.contains(label)).unwrap();
        line.contains("only with --releases")
    };
    assert!(marked("other=release"), "{}", ran.text);
    assert!(!marked("other=fixture"), "{}", ran.text);
}

#[test]
fn a_release_that_cannot_be_had_is_a_skip_with_the_reason() {
    let ran = pidproof("run", &with(RELEASE), &["--releases"]);
    assert_eq!(ran.code, Some(0), "{}", ran.text);
    assert!(
        ran.text.contains("0 passed, 0 failed, 1 skipped"),
        "{}",
        ran.text
    );

    let ran = pidproof("run", &with(RELEASE), &["--releases", "--must-run"]);
    assert_eq!(ran.code, Some(3), "{}", ran.text);
    for part in [
        "no memtomem@0.1.24 here",
        "needs Python 3.12",
        "nothing may be skipped",
    ] {
        assert!(ran.text.contains(part), "no `{part}` in\n{}", ran.text);
    }

    let ran = pidproof(
        "run",
        &with(RELEASE),
        &["--releases", "--must-run", "--may-skip", "other=release"],
    );
    assert_eq!(ran.code, Some(0), "{}", ran.text);
}

#[test]
fn a_subject_that_does_not_start_is_no_failure_of_the_judged_one() {
    let dir = tempfile::tempdir().unwrap();
    write_subject(
        dir.path(),
        "#!/bin/sh\necho 'no module named frob' >&2\nexit 7\n",
    );
    let own = "own = { is = \"own.toml\" }\n";
    let ran = run_in(dir.path(), "run", &with(own), &["--must-run"]);
    assert_eq!(ran.code, Some(3), "{}", ran.text);
    for part in [
        "BROKEN it:other=own",
        "no own.toml here",
        "no module named frob",
    ] {
        assert!(ran.text.contains(part), "no `{part}` in\n{}", ran.text);
    }
}

#[test]
fn a_server_of_ones_own_stands_beside_with_its_own_environment() {
    let dir = tempfile::tempdir().unwrap();
    write_subject(
        dir.path(),
        r#"#!/bin/sh
echo "mine is ${MINE-nothing}" >&2
while read -r line; do
    case $line in
    *'"initialize"'*) echo '{"jsonrpc":"2.0","id":1,"result":{}}' ;;
    *tools/list*) echo '{"jsonrpc":"2.0","id":2,"result":{"tools":[]}}' ;;
    esac
done
"#,
    );
    let own = "own = { is = \"own.toml\" }\n";
    let check = "[[step]]\nclose-stdin = \"second\"\n[[step]]\nexpect = \"second\"\nexit = 0\n\
                 stderr.equals = \"mine is its own\\n\"\n";
    let ran = run_in(dir.path(), "run", &(with(own) + check), &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.text);
}

fn write_subject(dir: &Path, server: &str) {
    fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).unwrap();
    let program = dir.join("serve");
    fs::write(&program, server).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let profile = "server = [\"./serve\"]\ncli = [\"./serve\"]\n[env]\nMINE = \"its own\"\n";
    fs::write(dir.join("own.toml"), profile).unwrap();
}

#[test]
fn mistakes_are_told_with_what_would_be_right() {
    for (from, to, told) in [
        ("is = \"old-server\"", "is = \"old-serve\"", "`old-server`"),
        (
            "is = \"old-server\"",
            "is = \"memtomem\"",
            "memtomem@0.1.25",
        ),
        (
            "is = \"old-server\"",
            "is = \"memtomen@0.1.25\"",
            "did you mean `memtomem`?",
        ),
        ("is = \"old-server\"", "is = 7", "expected a string"),
        (
            "subject = \"other\"",
            "subject = \"othr\"",
            "did you mean `other`?",
        ),
        ("subject = \"other\"", "", "nothing of `other` is started"),
        (
            "spawn = \"second\"\nrole = \"server\"",
            "spawn = \"second\"\nrole = \"cli\"",
            "a server without a command",
        ),
        (
            "spawn = \"second\"\nrole = \"server\"",
            "spawn = \"second\"\nrole = \"sleeper\"",
            "is of no subject",
        ),
    ] {
        let text = with(FIXTURE);
        assert!(text.contains(from), "{from}");
        let ran = pidproof("run", &text.replace(from, to), &[]);
        assert_eq!(ran.code, Some(2), "{to}: {}", ran.text);
        assert!(
            ran.text.contains(told),
            "{to}: no `{told}` in\n{}",
            ran.text
        );
        assert!(ran.text.contains("it.toml:"), "{to}: {}", ran.text);
    }
}
