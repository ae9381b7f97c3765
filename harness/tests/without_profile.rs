//! A server, or a command, that is judged as it is typed, and subjects that are only one of the two.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use assert_cmd::Command;

mod own;
use own::{PINNED, Subject};

/// A case of the command, which is no more than its exit status.
const COMMAND: &str = r#"
title = "nothing to remove is a success"
rules = ["UNI-11", "UNI-8"]
[[step]]
spawn = "mm"
role = "cli"
args = ["uninstall", "-y"]
[[step]]
expect = "mm"
rule = "UNI-11"
exit = 0
"#;

/// Runs `pidproof` in the subject's directory, with its scenarios.
fn run(subject: &Subject, words: &[&str], typed: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_pidproof"))
        .env_remove("CI")
        .current_dir(subject.path("."))
        .args(words)
        .args(["--scenarios", "s"])
        .args(typed)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

/// A subject with a case of the server and one of the command.
fn both(extra: &str) -> Subject {
    let subject = Subject::new(extra, "");
    subject.write("s/command.toml", COMMAND);
    subject
}

#[test]
fn a_typed_server_is_judged_and_what_needs_a_command_is_named() {
    let subject = both("");
    let (code, text) = run(&subject, &["run"], &["--", "./server", "--an-argument"]);
    assert_eq!(code, Some(1), "{text}");
    for part in [
        "judging ./server --an-argument with 2 cases",
        "FAIL it:umask=0022",
        "rerun: pidproof run --exact 'it:umask=0022' --scenarios s -- ./server --an-argument",
        "skipped (1): no command: the subject has no `cli`",
        "not judged: no command: UNI-11 UNI-8",
        "0 passed, 2 failed, 1 skipped",
    ] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
}

#[test]
fn what_is_left_out_does_not_fail_where_nothing_may_be_skipped() {
    let mended =
        "mkdir -p $XDG_RUNTIME_DIR/memtomem; echo $$ >$XDG_RUNTIME_DIR/memtomem/server.pid";
    let subject = both(mended);
    let (code, text) = run(&subject, &["run", "--must-run"], &["--", "./server"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("2 passed, 0 failed, 1 skipped"), "{text}");
}

#[test]
fn a_typed_command_alone_is_judged_too() {
    let subject = both("");
    subject.write(
        "mm.py",
        "import sys\nimport helper\nsys.exit(helper.STATUS)\n",
    );
    subject.write("helper.py", "STATUS = 0\n");
    // Its file is meant from here, and finds what stands beside it.
    let (code, text) = run(&subject, &["run"], &["--cli", "/usr/bin/python3 -B mm.py"]);
    assert_eq!(code, Some(0), "{text}");
    for part in [
        "not judged: no server: PID-2",
        "1 passed, 0 failed, 2 skipped",
    ] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
    let (code, text) = run(&subject, &["run"], &["--cli", "sh -c 'exit 127'"]);
    assert_eq!(code, Some(3), "{text}");
    subject.write("helper.py", "STATUS = 3\n");
    let (code, text) = run(&subject, &["run"], &["--cli", "/usr/bin/python3 -B mm.py"]);
    assert_eq!(code, Some(1), "{text}");
    let rerun =
        "rerun: pidproof run --exact command --scenarios s --cli '/usr/bin/python3 -B mm.py'";
    assert!(text.contains(rerun), "{text}");
}

#[test]
fn nothing_that_can_be_asked_is_4_and_what_is_no_program_is_told() {
    let subject = both("");
    let (code, text) = run(&subject, &["run", "command"], &["--", "./server"]);
    assert_eq!(code, Some(4), "{text}");
    assert!(
        text.contains("nothing to judge, 1 case left out: no command"),
        "{text}"
    );
    let (code, text) = run(&subject, &["run"], &["--", "./serve"]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("the command line: `server` starts ./serve, which is no program here"));
    let (code, text) = run(&subject, &["run"], &["--cli", "sh -c 'x"]);
    assert_eq!(code, Some(2), "{text}");
    let (code, text) = run(
        &subject,
        &["run", "--subject", "reference"],
        &["--", "./server"],
    );
    assert_eq!(code, Some(2), "{text}");
}

#[test]
fn a_profile_in_the_working_directory_is_the_subject_where_none_is_named() {
    let subject = both("");
    subject.write(
        "pidproof.toml",
        "server = [\"./server\"]\ndeviations = \"mine.deviations.toml\"\n",
    );
    subject.write("mine.deviations.toml", PINNED);
    let (code, text) = run(&subject, &["run"], &[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("judging pidproof.toml with 2 cases"),
        "{text}"
    );
    assert!(text.contains("deviates (2)"), "{text}");
    let (_, text) = run(&subject, &["run", "--subject", "reference"], &[]);
    assert!(text.contains("judging reference with 3 cases"), "{text}");
    let (_, text) = run(&subject, &["list"], &[]);
    assert!(text.contains("not for this subject: no command"), "{text}");
}

#[test]
fn a_rule_that_does_not_apply_is_left_out_with_its_reason() {
    let subject = both("");
    let profile = |exempt: &str| {
        let programs = "server = [\"./server\"]\ncli = [\"true\"]\n";
        subject.write("mine.toml", &format!("{programs}{exempt}"));
        subject.judge(&["run", "--must-run"], false)
    };
    let (code, text) =
        profile("[[does-not-apply]]\nrule = \"PID-2\"\nreason = \"it keeps no pidfile\"\n");
    assert_eq!(code, Some(0), "{text}");
    for part in [
        "skipped (2): PID-2 does not apply: it keeps no pidfile",
        "not judged: PID-2 does not apply: PID-2",
        "1 passed, 0 failed, 2 skipped",
    ] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
    let (code, text) =
        profile("[[does-not-apply]]\nrule = \"PID\"\nreason = \"it keeps no pidfile\"\n");
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = profile("[[does-not-apply]]\nrule = \"PIDS\"\nreason = \"x\"\n");
    assert_eq!(code, Some(2), "{text}");
    assert!(
        text.contains("unknown rule or family `PIDS`") && text.contains("mine.toml:4:8"),
        "{text}"
    );
    let (code, text) = profile("[[does-not-apply]]\nrule = \"PID\"\nreason = \" \"\n");
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("no reason is given"), "{text}");
}

#[test]
fn a_profile_without_any_program_is_a_mistake() {
    let subject = both("");
    subject.write("mine.toml", "shown = [\".\"]\n");
    let (code, text) = subject.judge(&["run"], false);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("`server` is missing"), "{text}");
}
