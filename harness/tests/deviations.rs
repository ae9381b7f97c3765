//! Known deviations as a person meets them: pinned strictly, by `run` and by the test target alike.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::fs;
use std::path::PathBuf;

use assert_cmd::Command;

mod own;
use own::{PINNED, SCENARIO, Subject};

/// Makes a pidfile as it must be, but for the owner's lock.
const MENDED: &str =
    "mkdir -p $XDG_RUNTIME_DIR/memtomem; echo $$ >$XDG_RUNTIME_DIR/memtomem/server.pid";
/// Something else stands there.
const OTHERWISE: &str = "mkdir -p $XDG_RUNTIME_DIR/memtomem/server.pid";

/// Judges, and has the exit status and these parts of what is said.
fn judged(extra: &str, deviations: &str, status: i32, parts: &[&str]) -> String {
    let (code, text) = Subject::new(extra, deviations).judge(&["run"], false);
    assert_eq!(code, Some(status), "{text}");
    for part in parts {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
    text
}

#[test]
fn what_nobody_pinned_fails() {
    judged("", "", 1, &["FAIL it:umask=0022", "0 passed, 2 failed"]);
}

#[test]
fn what_is_pinned_passes_and_is_told_with_its_reason() {
    let text = judged(
        "",
        PINNED,
        0,
        &[
            "deviates (2): ",
            "mine.deviations.toml:2: PID-2 at expect-fs:${pidfile}, by-design: it is only a test",
            "2 passed, 0 failed, 0 skipped",
        ],
    );
    assert!(!text.contains("FAIL"), "{text}");
}

#[test]
fn what_is_pinned_fails_where_nothing_is_to_be_known() {
    let (code, text) = Subject::new("", PINNED).judge(&["run", "--no-deviations"], false);
    assert_eq!(code, Some(1), "{text}");
    for part in [
        "0 passed, 2 failed",
        "FAIL it:umask=0022",
        "rerun: pidproof run --exact it:umask=0022 --no-deviations",
    ] {
        let plain = text.replace('\'', "");
        assert!(plain.contains(part), "no `{part}` in\n{text}");
    }
}

#[test]
fn what_is_gone_is_stale() {
    let parts = [
        "STALE it:umask=0077",
        "pinned:\n      absent",
        "now: this holds",
    ];
    judged(MENDED, PINNED, 1, &parts);
}

#[test]
fn what_is_otherwise_is_stale_with_both() {
    let parts = [
        "STALE it:umask=0022",
        "pinned:\n      absent",
        "found:\n      directory",
    ];
    judged(OTHERWISE, PINNED, 1, &parts);
}

#[test]
fn an_entry_for_one_case_leaves_the_other_a_failure() {
    let one = PINNED.replace("it:*", "it:umask=0022");
    let text = judged("", &one, 1, &["FAIL it:umask=0077", "1 passed, 1 failed"]);
    assert!(!text.contains("FAIL it:umask=0022"), "{text}");
}

#[test]
fn what_is_over_time_is_stale() {
    let expired = format!("{PINNED}expires = \"2020-02-29\"\n");
    judged("", &expired, 1, &["expired on 2020-02-29"]);
    let not_yet = format!("{PINNED}expires = \"9999-12-31\"\n");
    judged("", &not_yet, 0, &[]);
}

#[test]
fn what_comes_and_goes_may_hold() {
    let varies = format!("{PINNED}varies = true\n");
    let text = judged(MENDED, &varies, 0, &["2 passed, 0 failed, 0 skipped"]);
    assert!(!text.contains("deviates ("), "{text}");
    judged("", &varies, 0, &["deviates (2)"]);
    judged(OTHERWISE, &varies, 1, &["STALE it:umask=0022"]);
}

#[test]
fn a_profile_may_name_several_files() {
    let subject = Subject::new("", &PINNED.replace("it:*", "it:umask=0022"));
    let profile = fs::read_to_string(subject.path("mine.toml")).unwrap();
    let both = "[\"mine.deviations.toml\", \"more.deviations.toml\"]";
    subject.write(
        "mine.toml",
        &profile.replace("\"mine.deviations.toml\"", both),
    );
    let more = PINNED.replace("it:*", "it:umask=0077");
    subject.write("more.deviations.toml", &more);
    let (code, text) = subject.judge(&["run"], true);
    assert_eq!(code, Some(0), "{text}");
    for file in ["mine.deviations.toml:2: ", "more.deviations.toml:2: "] {
        assert!(text.contains(file), "no {file} in\n{text}");
    }
    // The mistakes of all are told, each of its file.
    subject.write(
        "mine.deviations.toml",
        &PINNED.replace("it:*", "it:umask=1"),
    );
    subject.write(
        "more.deviations.toml",
        &PINNED.replace("it:*", "it:umask=2"),
    );
    let (code, text) = subject.judge(&["run"], false);
    assert_eq!(code, Some(2), "{text}");
    for part in [
        "mine.deviations.toml:3",
        "it:umask=1",
        "more.deviations.toml:3",
        "it:umask=2",
    ] {
        assert!(text.contains(part), "no {part} in\n{text}");
    }
}

#[test]
fn another_process_at_another_time_is_the_same_deviation() {
    let subject = Subject::new(
        "echo \"pid $$ at $(date +%T)\" >&2",
        &PINNED
            .replace("\"absent\"", "\"stderr: pid 7 at 01:02:03\"")
            .replace("expect-fs:${pidfile}", "expect:server"),
    );
    let silent =
        "[[step]]\nclose-stdin = \"server\"\n[[step]]\nexpect = \"server\"\nstderr.equals = \"\"\n";
    let (scenario, _) = SCENARIO.split_once("[[step]]\nexpect-fs").unwrap();
    subject.write("s/it.toml", &format!("{scenario}{silent}"));
    let (code, text) = subject.judge(&["run"], false);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("deviates (2)"), "{text}");
}

#[test]
fn an_entry_that_names_nothing_is_a_mistake_with_a_caret() {
    let parts = [
        "no case is called `it:umask=0020`",
        "did you mean `it:umask=0022`?",
        ":3:11",
    ];
    judged("", &PINNED.replace("it:*", "it:umask=0020"), 2, &parts);
    judged(
        "",
        &PINNED.replace("PID-2", "PID-99"),
        2,
        &["unknown rule `PID-99`"],
    );
    judged(
        "",
        &PINNED.replace("PID-2", "PID-3"),
        2,
        &["no case here judges PID-3"],
    );
    // A scenario that comes with pidproof is one there is, though it is not in this directory.
    let both = PINNED.replace("[\"it:*\"]", "[\"it:*\", \"pid.primary-holds-the-lock*\"]");
    judged("", &both, 0, &[]);
}

#[test]
fn an_entry_without_a_reason_is_a_word_to_people_and_an_error_in_ci() {
    let todo = PINNED.replace("it is only a test", "TODO");
    let subject = Subject::new("", &todo);
    let (code, text) = subject.judge(&["run"], false);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("mine.deviations.toml:8: this entry gives no reason yet"),
        "{text}"
    );
    let (code, text) = subject.judge(&["run"], true);
    assert_eq!(code, Some(2), "{text}");
    assert!(
        text.contains("reason = \"TODO\"") && text.contains("^^^"),
        "{text}"
    );
}

#[test]
fn a_file_that_is_not_there_is_told_with_what_would_do() {
    let subject = Subject::new("", "");
    fs::remove_file(subject.path("mine.deviations.toml")).unwrap();
    let (code, text) = subject.judge(&["run"], false);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("an empty file will do"), "{text}");
}

/// The test target, if it is of this very build: made after the library that both stand on.
fn test_target() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let newest = |is_it: fn(&str) -> bool| {
        let all = fs::read_dir(here.parent().unwrap()).unwrap();
        all.map(|item| item.unwrap())
            .filter(|item| item.file_name().to_str().is_some_and(is_it))
            .map(|item| (item.metadata().unwrap().modified().unwrap(), item.path()))
            .max()
    };
    let target = newest(|name| name.starts_with("scenarios-") && !name.contains('.'));
    let library = newest(|name| name.starts_with("libpidproof-") && name.ends_with(".rlib"));
    match (target, library) {
        (Some((made, path)), Some((before, _))) if made >= before => path,
        _ => panic!("build the test target too: cargo nextest run -p pidproof --no-run"),
    }
}

#[test]
fn the_test_target_has_the_same_verdicts() {
    let case = "pid.primary-holds-the-lock:umask=0022:form=xdg";
    let subject = Subject::new("", "");
    let judge = |deviations: &str, exact: bool| {
        subject.write("mine.deviations.toml", deviations);
        let mut target = Command::new(test_target());
        if exact {
            target.arg("--exact");
        }
        let output = target
            .env_remove("CI")
            .env("PIDPROOF_SUBJECT", subject.path("mine.toml"))
            .args([case, "--nocapture"])
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    };
    let (code, text) = judge("", true);
    assert!(text.contains("FAIL pid.primary-holds-the-lock"), "{text}");
    assert_ne!(code, Some(0), "{text}");
    let pinned = format!(
        "[[deviation]]\ncases = [\"{case}\"]\ncheck = \"PID-1\"\nstep = \"open:pidfile\"\n\
         found = \"No such file or directory (os error 2)\"\nkind = \"by-design\"\nreason = \"a test\"\n"
    );
    let (code, text) = judge(&pinned, true);
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = judge(&pinned.replace("os error 2", "os error 13"), true);
    assert!(text.contains("STALE pid.primary-holds-the-lock"), "{text}");
    assert_ne!(code, Some(0), "{text}");
    // Listing looks at the whole file, before any case is run.
    let (code, text) = judge(&pinned.replace("form=xdg", "form=xd"), false);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("no case is called"), "{text}");
}

#[test]
fn the_test_target_ignores_what_cannot_be_asked_and_says_why_when_it_is_run() {
    let subject = Subject::new("", "");
    subject.write("mine.toml", "server = [\"./server\"]\n");
    let judge = |words: &[&str]| {
        let output = Command::new(test_target())
            .env("CI", "true")
            .env("PIDPROOF_SUBJECT", subject.path("mine.toml"))
            .args(["--exact", "uni.nothing-to-remove:flags=plain:form=xdg"])
            .args(words)
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    };
    let (code, text) = judge(&[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("1 ignored"), "{text}");
    let (code, text) = judge(&["--ignored"]);
    assert_ne!(code, Some(0), "{text}");
    assert!(
        text.contains("no command: the subject has no `cli`"),
        "{text}"
    );
}
