//! The scripts of `pidproof repro`: with a shell alone they show what a wrong server does, and nothing on a right one.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::io::Write;
use std::process::{Command, Output, Stdio};

/// Wrong servers, and a case each that shows it.
const SHOWN: [(&str, &str); 14] = [
    (
        "truncates-the-legacy-pidfile",
        "leg.stale-legacy-pidfile-is-no-obstacle:says=dead-pid",
    ),
    ("never-locks", "pid.killed-server-leaves-no-lock:form=xdg"),
    ("two-newlines", "pid.killed-server-leaves-no-lock:form=xdg"),
    // A file that is not there, which ends a shell whose exec is to open it.
    (
        "no-uid-in-the-name",
        "pid.killed-server-leaves-no-lock:form=temp",
    ),
    (
        "end-of-input-leaves-the-pidfile",
        "end.end-of-input-unlinks-and-exits:state-dir=absent:form=xdg",
    ),
    (
        "exits-with-the-signal",
        "end.term-unlinks-and-exits:state-dir=absent:form=xdg",
    ),
    (
        "only-term-is-handled",
        "end.interrupt-and-hangup-end-it-in-order:signal=int:form=xdg",
    ),
    (
        "history-in-home",
        "home.nothing-else-appears-in-home:start=first-ever",
    ),
    (
        "follows-a-linked-dir",
        "dir.symlink-is-refused:target=safe:form=xdg",
    ),
    (
        "refusal-without-a-remedy",
        "dir.symlink-is-refused:target=safe:form=xdg",
    ),
    (
        "makes-the-dir-as-usual",
        "dir.missing-one-is-made-private:umask=0000:form=xdg",
    ),
    (
        "a-refusal-exits-as-a-success",
        "uni.running-server-stops-it:flags=yes:form=xdg",
    ),
    (
        "forgets-the-legacy-pidfile",
        "uni.cleaning-removes-everything:form=xdg",
    ),
    (
        "no-uid-in-the-name",
        "dir.missing-one-is-made-private:umask=0000:form=temp",
    ),
];

fn script(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pidproof"))
        .arg("repro")
        .args(args)
        .output()
        .unwrap()
}

/// Runs a script as `... | sh` does, in an environment with nothing of ours.
fn sh(text: &[u8]) -> Output {
    let mut shell = Command::new("sh")
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = shell.stdin.take().unwrap();
    stdin.write_all(text).unwrap();
    drop(stdin);
    shell.wait_with_output().unwrap()
}

#[test]
fn a_script_shows_the_failure_and_none_on_the_reference() {
    for (defect, case) in SHOWN {
        let made = script(&[case]);
        assert!(made.status.success(), "{made:?}");
        let right = sh(&made.stdout);
        let told = String::from_utf8_lossy(&right.stdout).into_owned();
        assert_eq!(right.status.code(), Some(0), "{case}: {right:?}");
        assert!(
            told.contains("ok: ") && !told.contains("NOT AS EXPECTED"),
            "{told}"
        );

        let subject = format!("defect:{defect}");
        let made = script(&[case, "--subject", &subject]);
        let wrong = sh(&made.stdout);
        assert_eq!(wrong.status.code(), Some(1), "{defect}: {case}: {wrong:?}");
        assert!(String::from_utf8_lossy(&wrong.stdout).contains("NOT AS EXPECTED: "));
    }
}

#[test]
fn what_no_shell_can_do_is_said_where_it_would_stand() {
    for (case, comment) in [
        (
            "pid.own-recycled-pid-is-taken-over:says=as-left",
            "# The very pid of another",
        ),
        (
            "uni.capital-yes-is-a-yes",
            "# A terminal cannot be said in a shell",
        ),
        (
            "pid.failed-lock-is-not-a-held-one:errno=eio:found=stale",
            "# Left out: it has a system call fail.",
        ),
    ] {
        let made = script(&[case]);
        assert!(made.status.success(), "{made:?}");
        let text = String::from_utf8(made.stdout).unwrap();
        assert!(text.contains(comment), "no `{comment}` in\n{text}");
        let ran = sh(text.as_bytes());
        assert_eq!(ran.status.code(), Some(2), "{case}: {ran:?}");
        assert!(!String::from_utf8_lossy(&ran.stdout).contains("NOT AS EXPECTED"));
    }
    for case in [
        "sweep.life-ended",
        "sweep.life-ended:mkdir.runtime_dir.1:kill-before",
    ] {
        let made = script(&[case]);
        assert_eq!(made.status.code(), Some(3), "{made:?}");
    }
    assert_eq!(script(&["no.such.case"]).status.code(), Some(4));
}

#[test]
fn a_step_that_cannot_be_done_is_a_failure_whatever_the_pid() {
    let case = "pid.recycled-pid-is-taken-over:form=temp";
    let of = |args: &[&str]| sh(&script(&[&[case], args].concat()).stdout);
    let right = of(&[]);
    assert_eq!(right.status.code(), Some(2), "{right:?}");
    let wrong = of(&["--subject", "defect:no-uid-in-the-name"]);
    assert_eq!(wrong.status.code(), Some(1), "{wrong:?}");
    let told = String::from_utf8_lossy(&wrong.stdout).into_owned();
    assert!(
        told.contains("NOT AS EXPECTED: writing a file is done"),
        "{told}"
    );
}

#[test]
fn a_script_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let made = script(&["end.end-of-input-unlinks-and-exits:state-dir=absent:form=xdg"]);
    let mut text = format!("TMPDIR='{}'; export TMPDIR\n", dir.path().display()).into_bytes();
    text.extend(made.stdout);
    assert_eq!(sh(&text).status.code(), Some(0));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

/// Else an installation that only its owner can use would show every refusal, and every failure.
#[test]
fn what_could_not_be_started_is_not_judged() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let open = || std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(dir.path(), open()).unwrap();
    let server = dir.path().join("server");
    std::fs::write(&server, "#!/no/such/interpreter\n").unwrap();
    std::fs::set_permissions(&server, open()).unwrap();
    let profile = dir.path().join("it.toml");
    std::fs::write(&profile, format!("server = [{server:?}]\n")).unwrap();
    for case in [
        // A refusal is asked for, and an answer.
        "leg.refused-start-leaves-no-legacy-pidfile",
        "end.end-of-input-unlinks-and-exits:state-dir=absent:form=xdg",
    ] {
        let made = script(&[case, "--subject", profile.to_str().unwrap()]);
        assert!(made.status.success(), "{made:?}");
        let ran = sh(&made.stdout);
        assert_eq!(ran.status.code(), Some(2), "{case}: {ran:?}");
        assert!(String::from_utf8_lossy(&ran.stderr).contains("could not be started"));
    }
}
