//! `pidproof baseline`: what it writes holds, what it leaves out it names, and it writes all or nothing.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::fs;

mod own;
use own::{PINNED, SCENARIO, Subject};

/// Judges with what was written, and with nothing but that.
fn holds(subject: &Subject) {
    let (code, text) = subject.judge(&["run"], false);
    assert_eq!(code, Some(0), "{text}");
}

fn write(subject: &Subject) -> (Option<i32>, String, String) {
    let file = subject.path("mine.deviations.toml");
    let (code, text) = subject.judge(&["baseline", "--write", file.to_str().unwrap()], false);
    (code, text, fs::read_to_string(file).unwrap())
}

#[test]
fn todays_failures_become_one_entry_that_holds_and_lacks_its_reason() {
    let subject = Subject::new("", "");
    let (code, text, file) = write(&subject);
    assert_eq!(code, Some(0), "{text}");
    let expected = r#"[[deviation]]
cases = [
    "it:umask=0022",
    "it:umask=0077",
]
check = "PID-2"
step = "expect-fs:${pidfile}"
found = "absent"
kind = "bug"
reason = "TODO"
"#;
    assert_eq!(file, expected);
    assert!(text.contains("entries: 0 kept, 1 new"), "{text}");
    holds(&subject);
    let (code, _) = subject.judge(&["run"], true);
    assert_eq!(code, Some(2), "nobody has said why");
    // Nothing is new the second time.
    let (_, _, again) = write(&subject);
    assert_eq!(again, expected);
}

#[test]
fn what_holds_stays_as_it_is_and_what_is_new_comes_after_it() {
    let old = format!("# Ours.\n{}", PINNED.replace("it:*", "it:umask=0077"));
    let subject = Subject::new("", &old);
    let (code, text, file) = write(&subject);
    assert_eq!(code, Some(0), "{text}");
    assert!(file.starts_with(old.trim_end()), "{file}");
    let (_, new) = file.split_at(old.trim_end().len());
    assert!(new.contains("\ncases = [\"it:umask=0022\"]\n"), "{file}");
    assert!(text.contains("entries: 1 kept, 1 new"), "{text}");
    holds(&subject);
}

#[test]
fn what_other_files_say_is_not_said_again() {
    let subject = Subject::new("", "# Ours.\n");
    let profile = fs::read_to_string(subject.path("mine.toml")).unwrap();
    let both = "[\"others.deviations.toml\", \"mine.deviations.toml\"]";
    subject.write(
        "mine.toml",
        &profile.replace("\"mine.deviations.toml\"", both),
    );
    let others = PINNED.replace("it:*", "it:umask=0022");
    subject.write("others.deviations.toml", &others);
    let (code, text, file) = write(&subject);
    assert_eq!(code, Some(0), "{text}");
    assert!(file.contains("\ncases = [\"it:umask=0077\"]\n"), "{file}");
    assert!(!file.contains("0022"), "{file}");
    let kept = fs::read_to_string(subject.path("others.deviations.toml")).unwrap();
    assert_eq!(kept, others);
    holds(&subject);
}

#[test]
fn what_comes_and_goes_stays_where_it_did_not_come() {
    let varies = format!("{PINNED}varies = true\n");
    let subject = Subject::new(
        "mkdir -p $XDG_RUNTIME_DIR/memtomem; echo $$ >$XDG_RUNTIME_DIR/memtomem/server.pid",
        &varies,
    );
    let (code, text, file) = write(&subject);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(file.trim(), varies.trim());
}

#[test]
fn what_is_gone_is_taken_out_and_what_is_otherwise_is_written_anew() {
    let mended =
        "mkdir -p $XDG_RUNTIME_DIR/memtomem; echo $$ >$XDG_RUNTIME_DIR/memtomem/server.pid";
    let subject = Subject::new(mended, &format!("# Ours.\n{PINNED}"));
    let (_, text, file) = write(&subject);
    assert!(
        text.contains("mine.deviations.toml:3: is so no longer"),
        "{text}"
    );
    assert!(!file.contains("[[deviation]]"), "{file}");
    holds(&subject);
    // Only with one umask.
    let half = format!("[ $(umask) = 0022 ] || {{ {mended}; }}");
    let subject = Subject::new(&half, PINNED);
    let (_, text, file) = write(&subject);
    assert!(text.contains("is so in fewer cases, now 1"), "{text}");
    assert!(
        file.contains("cases  = [\"it:umask=0022\"]")
            || file.contains("cases = [\"it:umask=0022\"]"),
        "{file}"
    );
    assert!(file.contains("it is only a test"), "{file}");
    holds(&subject);
    let subject = Subject::new("mkdir -p $XDG_RUNTIME_DIR/memtomem/server.pid", PINNED);
    let (_, _, file) = write(&subject);
    assert!(
        file.contains("found = \"directory 07") && file.contains("TODO"),
        "{file}"
    );
    assert!(!file.contains("absent"), "{file}");
    let pinned: Vec<&str> = file.matches("[[deviation]]").collect();
    assert_eq!(pinned.len(), 2, "the modes differ: {file}");
    holds(&subject);
}

#[test]
fn a_filter_leaves_the_other_entries_alone() {
    let subject = Subject::new("", &PINNED.replace("it:*", "it:umask=0077"));
    let file = subject.path("mine.deviations.toml");
    let words = ["baseline", "umask=0022", "--write", file.to_str().unwrap()];
    let (code, text) = subject.judge(&words, false);
    assert_eq!(code, Some(0), "{text}");
    holds(&subject);
}

#[test]
fn without_a_file_the_text_is_said_and_nothing_is_written() {
    let subject = Subject::new("", "");
    let (code, text) = subject.judge(&["baseline"], false);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("[[deviation]]\n"), "{text}");
    assert_eq!(
        fs::read_to_string(subject.path("mine.deviations.toml")).unwrap(),
        ""
    );
}

#[test]
fn what_came_too_late_is_not_written_but_named() {
    let subject = Subject::new("", "");
    let late =
        "[[step]]\nclose-stdin = \"server\"\n[[step]]\nawait = \"server\"\nstderr = \"never\"\n";
    let (scenario, _) = SCENARIO.split_once("[[step]]\nexpect-fs").unwrap();
    subject.write("s/it.toml", &format!("{scenario}{late}"));
    let (_, text, file) = write(&subject);
    assert!(!text.contains("missed its deadline"), "it ended: {text}");
    assert!(file.contains("TODO"), "{file}");
    let waits = late.replace("[[step]]\nclose-stdin = \"server\"\n", "");
    subject.write("mine.deviations.toml", "");
    subject.write(
        "s/it.toml",
        &format!("{scenario}{waits}").replace(", \"0077\"", ""),
    );
    let (code, text, file) = write(&subject);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("not in the file: it:umask=0022 missed its deadline"),
        "{text}"
    );
    assert!(!file.contains("TODO"), "{file}");
}

#[test]
fn a_file_with_mistakes_is_left_as_it_is() {
    let broken = PINNED.replace("check ", "chek ");
    let subject = Subject::new("", "");
    subject.write("other.toml", &broken);
    let file = subject.path("other.toml");
    let (code, text) = subject.judge(&["baseline", "--write", file.to_str().unwrap()], false);
    assert_eq!(code, Some(2), "{text}");
    assert_eq!(fs::read_to_string(file).unwrap(), broken);
}
