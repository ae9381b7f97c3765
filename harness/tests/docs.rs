//! What README, CONTRIBUTING and docs/ tell people to type: each command is one that the command line understands, and is
//! run in a directory like a reader's, with the status that it must have. What is not run stands below with the reason.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

mod docs_kit;

use std::collections::BTreeSet;

use docs_kit::{Reader, Typed, documents, typed_in};

/// What is only parsed: the beginning of a command, and why it is not run.
const NOT_RUN: [(&str, &str); 29] = [
    (
        "pidproof provision",
        "needs a registry; harness/tests/releases.rs",
    ),
    (
        "pidproof bisect",
        "needs a registry; harness/tests/releases.rs",
    ),
    (
        "pidproof matrix 0.1.2?",
        "needs the runs before it; harness/tests/compare.rs",
    ),
    ("pidproof run --claim", "all cases; harness/tests/claims.rs"),
    (
        "pidproof verify",
        "needs that claim; harness/tests/claims.rs",
    ),
    ("cargo proof", "builds the checkout, and then is `pidproof`"),
    ("pidproof run --level core uninstall", "a minute"),
    (
        "pidproof self-test  ",
        "minutes; harness/tests/self_test.rs and .ci/run",
    ),
    ("pidproof run --subject defect:unlinks-by-name", "all cases"),
    (
        "pidproof model --sequences 200",
        "minutes; harness/tests/model.rs",
    ),
    (
        "pidproof run --sweeps",
        "thousands of starts; harness/tests/sweeps.rs",
    ),
    (
        "pidproof list --points",
        "runs the steps of a sweep; harness/tests/sweeps.rs",
    ),
    (
        "pidproof run lost.toml",
        "needs what a replay writes; harness/tests/explore.rs",
    ),
    (
        "pidproof explore two-servers-start",
        "minutes; harness/tests/explore.rs",
    ),
    (
        "pidproof replay",
        "needs what the line before it found; harness/tests/explore.rs",
    ),
    (
        "pidproof run --subject memtomem@",
        "needs a registry, or a release in the cache",
    ),
    (
        "PIDPROOF_PYTHON=",
        "needs a registry, or a release in the cache",
    ),
    ("pidproof run --releases mix", "releases"),
    (
        "pidproof run --json results.jsonl",
        "all cases; harness/tests/results.rs",
    ),
    (
        "pidproof run --junit junit.xml",
        "all cases; harness/tests/results.rs",
    ),
    (
        "pidproof run -- ./server",
        "all cases; harness/tests/without_profile.rs",
    ),
    ("pidproof run --cli './mm --verbose'", "needs a server.py"),
    (
        "pidproof baseline   ",
        "all cases; harness/tests/baseline.rs",
    ),
    (
        "pidproof baseline --subject own/mine.toml",
        "many cases; harness/tests/baseline.rs",
    ),
    (
        "pidproof shell",
        "needs a terminal and a person; harness/tests/shell.rs",
    ),
    ("pidproof man run", "needs a pager"),
    (
        "pidproof run --level core --json",
        "minutes; harness/tests/port.rs, nightly",
    ),
    (
        "pidproof baseline --write",
        "minutes; harness/tests/baseline.rs",
    ),
    ("CI=true", "minutes; a step of the workflow"),
];

/// What does not end with 0, as the reader's server keeps no pidfile, and why.
const STATUS: [(&str, i32, &str); 7] = [
    ("pidproof check mine/mistakes.toml", 2, "it has mistakes"),
    ("pidproof run --failed", 4, "nothing has failed yet"),
    (
        "pidproof run --cli ./mm uni.",
        1,
        "its command removes nothing",
    ),
    (
        "pidproof run --subject own/mine.toml",
        1,
        "its server keeps no pidfile",
    ),
    (
        "pidproof run --level core home.handshake",
        1,
        "the first state of the port",
    ),
    (
        "pidproof run --level core pid.recycled",
        1,
        "the first state of the port",
    ),
    (
        "pidproof run --subject defect:no-look-after-the-lock mine/pid/removed",
        1,
        "the page says that this is red",
    ),
];

/// Words in code that are no command line: `pidproof role` is for pidproof itself.
const NO_COMMAND: [&str; 2] = ["pidproof role", "pidproof shell CASE --at STEP"];

#[test]
fn every_command_is_one() {
    let mut wrong = Vec::new();
    let mut commands = 0;
    for (name, text) in documents() {
        for typed in typed_in(&text) {
            commands += 1;
            let words = typed.words();
            if NO_COMMAND.iter().any(|no| typed.text.starts_with(no)) {
                continue;
            }
            if let Err(why) = pidproof::cli::understands(&words, typed.in_prose) {
                wrong.push(format!("{name}:{}: {}\n{why}", typed.line, typed.text));
            }
        }
    }
    assert!(commands > 60, "{commands} commands: are they still found?");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_cheap_does_what_the_page_says() {
    let mut wrong = Vec::new();
    let mut left_out = BTreeSet::new();
    let mut ran = 0;
    for (name, text) in documents() {
        let reader = Reader::of(&name);
        for typed in typed_in(&text).iter().filter(|typed| typed.is_run) {
            let whole = format!("{}\n", typed.text);
            if let Some((begins, _)) = NOT_RUN.iter().find(|(begins, _)| whole.starts_with(begins))
            {
                left_out.insert(*begins);
                continue;
            }
            let expected = STATUS
                .iter()
                .find(|(begins, ..)| typed.text.starts_with(begins))
                .map_or(0, |(_, status, _)| *status);
            ran += 1;
            let (status, said) = reader.types(typed);
            if status != Some(expected) {
                let Typed { line, text, .. } = typed;
                wrong.push(format!("{name}:{line}: {text}: {status:?}\n{said}"));
            }
        }
    }
    assert!(ran > 20, "only {ran} were run");
    let stale: Vec<&str> = NOT_RUN
        .iter()
        .map(|(begins, _)| *begins)
        .filter(|begins| !left_out.contains(begins))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        stale.is_empty(),
        "no document has these any more: {stale:#?}"
    );
}
