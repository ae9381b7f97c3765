//! A fault at a call that a subject never makes: that is a fact about the subject, which can be pinned; a scenario that
//! means nothing at all is the suite's fault.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::fs;

#[expect(dead_code, reason = "it has more than this test needs")]
mod own;
use own::Subject;

const START: &str = "[[step]]\nspawn = \"s\"\nrole = \"server\"\n[[step]]\nhandshake = \"s\"\n\
     rule = \"PID-11\"\n[[step]]\nclose-stdin = \"s\"\n[[step]]\nexpect = \"s\"\nrule = \"PID-11\"\nexit = \"any\"\n";

/// A server that writes a pidfile and takes no lock, and a scenario of one fault and its life.
fn lockless(fault: &str) -> Subject {
    let dir = "$XDG_RUNTIME_DIR/memtomem";
    let subject = Subject::new(
        &format!("mkdir -p -m 0700 {dir}; echo $$ >{dir}/server.pid"),
        "",
    );
    subject.write(
        "s/it.toml",
        &format!(
            "title = \"a trial\"\nrules = [\"PID-1\", \"PID-11\"]\n[[step]]\n{fault}\n{START}"
        ),
    );
    subject
}

#[test]
fn a_call_that_a_subject_never_makes_is_a_failure_that_can_be_pinned() {
    for path in [
        "",
        "path = \"${pidfile}\"",
        "path = \"${runtime_dir}/server.pid\"",
    ] {
        let fault =
            "fail = \"f\"\nrule = \"PID-11\"\nof = \"s\"\ncall = \"lock\"\nerrno = \"ENOLCK\"\n";
        let subject = lockless(&format!("{fault}{path}"));
        let (code, text) = subject.judge(&["run"], false);
        assert_eq!(code, Some(1), "{text}");
        for part in [
            "FAIL it",
            "PID-11 (hardened)",
            "it.toml:4: fail = \"f\"",
            "s calls lock ",
            ", with nothing done at any call",
            "it never does, so nothing can be done there",
            "`if-called = true`",
        ] {
            assert!(text.contains(part), "no `{part}` in\n{text}");
        }
        let file = subject.path("mine.deviations.toml");
        let (code, text) = subject.judge(&["baseline", "--write", file.to_str().unwrap()], false);
        assert_eq!(code, Some(0), "{text}");
        let pins = fs::read_to_string(&file).unwrap();
        assert!(pins.contains("step = \"fail:f\""), "{pins}");
        let (code, text) = subject.judge(&["run"], false);
        assert_eq!(code, Some(0), "{text}");
    }
    // The second of one is never made either.
    let subject = lockless(
        "fail = \"f\"\nof = \"s\"\ncall = \"mkdir\"\npath = \"${runtime_dir}\"\nnth = 2\nerrno = \"EIO\"",
    );
    let (code, text) = subject.judge(&["run"], false);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("calls mkdir ${runtime_dir} 2 times"),
        "{text}"
    );
    assert!(text.contains("it does so 1 times"), "{text}");
}

#[test]
fn a_scenario_that_means_nothing_is_the_suites_fault() {
    let fault = |path: &str| {
        format!("fail = \"f\"\nof = \"s\"\ncall = \"lock\"\npath = \"{path}\"\nerrno = \"ENOLCK\"")
    };
    for (path, words) in [
        // Nobody ever named it: a slip of the pen, as far as anybody can tell.
        (
            "${runtime_dir}/sever.pid",
            "`f` never came about: s made 0 of 1 calls of lock",
        ),
        ("/etc/passwd", "/etc/passwd is no path of the world"),
    ] {
        let (code, text) = lockless(&fault(path)).judge(&["run"], false);
        assert_eq!(code, Some(3), "{text}");
        assert!(text.contains("BROKEN it"), "{text}");
        assert!(text.contains(words), "no `{words}` in\n{text}");
    }
    // A process that this run never started says nothing either.
    let subject = lockless(&fault("${pidfile}").replace("of = \"s\"", "of = \"t\""));
    let text = fs::read_to_string(subject.path("s/it.toml")).unwrap();
    let text = text.replace(
        "handshake = \"s\"\n",
        "handshake = \"s\"\nor-fails = true\n",
    );
    let t = "[[step]]\nspawn = \"t\"\nrole = \"server\"\nif-failed = \"s\"\n";
    subject.write("s/it.toml", &format!("{text}{t}"));
    let (code, text) = subject.judge(&["run"], false);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("t made 0 of 1 calls"), "{text}");
}
