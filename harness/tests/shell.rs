//! `pidproof shell`: a look into the live world of a case, through pipes.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::io::Write;
use std::process::{Command, Output, Stdio};

const CASE: &str = "leg.stale-legacy-pidfile-is-no-obstacle:says=dead-pid";
const AT: &str = "expect-lock:${pidfile}";

fn shell(args: &[&str], typed: &str) -> Output {
    let mut suite = Command::new(env!("CARGO_BIN_EXE_pidproof"))
        .env("SHELL", "/bin/sh")
        .args(["shell", CASE])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = suite.stdin.take().unwrap();
    stdin.write_all(typed.as_bytes()).unwrap();
    drop(stdin);
    suite.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn the_world_is_live_and_the_case_goes_on() {
    for tier in ["plain", "ids"] {
        let looked = shell(
            &["--at", AT, "--tier", tier],
            "echo home=$HOME umask=$(umask)\n[ -d /proc/$server_pid ] && echo alive\n\
             cat \"$pidfile\"; flock -n \"$pidfile\" true || echo held\nexit 7\n",
        );
        assert_eq!(looked.status.code(), Some(0), "{looked:?}");
        let said = text(&looked.stdout);
        assert!(
            said.contains("umask=0022") && said.contains("home/user"),
            "{said}"
        );
        assert!(
            said.contains("\nalive\n") && said.contains("\nheld\n"),
            "{said}"
        );
        assert_eq!(said.lines().last(), Some(&*format!("pass {CASE}")));
        let situation = text(&looked.stderr);
        assert!(situation.contains("stopped before line 42"), "{situation}");
        assert!(situation.contains("server (pid "), "{situation}");
    }
}

#[test]
fn what_is_done_there_is_judged_and_may_end_the_case() {
    let spoiled = shell(&["--at", "42"], "rm \"$pidfile\"\n");
    assert_eq!(spoiled.status.code(), Some(1), "{spoiled:?}");
    assert!(
        text(&spoiled.stdout).contains("FAIL leg.stale"),
        "{spoiled:?}"
    );
    let ended = shell(&["--at", "42", "--stop"], "rm \"$pidfile\"\n");
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert_eq!(text(&ended.stdout).lines().last(), Some("torn down"));
}

#[test]
fn a_step_that_is_not_there_is_told_with_those_that_are() {
    let missing = shell(&["--at", "spawn:nobody"], "");
    assert_eq!(missing.status.code(), Some(2));
    let said = text(&missing.stderr);
    assert!(
        said.contains("no step `spawn:nobody`") && said.contains("spawn:server"),
        "{said}"
    );
}
