//! Every order of small sets of real processes, one by one: an exploration that goes through most of them in thought has to
//! come to the same states, steps and ends, no more and no fewer.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::fs;

use assert_cmd::Command;

/// Two, each by its calls: see `pidproof role calls --help`.
const PAIRS: [(&str, [&[&str]; 2]); 7] = [
    (
        "who locks first writes first",
        [
            &["create:${home}/x", "lock", "write:1"],
            &["create:${home}/x", "lock", "write:2"],
        ],
    ),
    (
        "what is locked may have lost its name",
        [
            &["create:${home}/x", "try-lock", "write:1"],
            &["open:${home}/x", "try-lock", "unlink:${home}/x"],
        ],
    ),
    (
        "who makes it, and again",
        [
            &["make:${home}/x", "write:1", "unlink:${home}/x"],
            &["look:${home}/x", "make:${home}/x", "write:2"],
        ],
    ),
    (
        "a directory goes while something is made in it",
        [
            &[
                "mkdir:${home}/d",
                "create:${home}/d/x",
                "unlink:${home}/d/x",
            ],
            &["look:${home}/d/x", "mkdir:${home}/d", "rmdir:${home}/d"],
        ],
    ),
    (
        "a held file gets another name",
        [
            &["create:${home}/x", "lock", "write:1"],
            &["create:${home}/y", "rename:${home}/x:${home}/y"],
        ],
    ),
    (
        "time passes for one",
        [
            &["create:${home}/x", "sleep", "look:${home}/y"],
            &["create:${home}/y", "unlink:${home}/x"],
        ],
    ),
    (
        "what is in a file",
        [
            &["open:${home}/old", "read", "truncate", "look:${home}/x"],
            &["open:${home}/old", "write:2", "read", "make:${home}/x"],
        ],
    ),
];

const THREE: [&[&str]; 3] = [
    &["create:${home}/x", "try-lock"],
    &["open:${home}/x", "unlink:${home}/x"],
    &["look:${home}/old", "create:${home}/x"],
];

/// How many orders there are, of which so many were run to know all of them.
fn audited(title: &str, actors: &[&[&str]]) -> (u64, u64) {
    let dir = tempfile::tempdir().unwrap();
    let mut text = format!("title = \"{title}\"\nrules = [\"PID-7\"]\n");
    text += "[explore]\npidfile = \"${pidfile}\"\nstate = \"${state_dir}\"\n";
    for (name, calls) in ["one", "two", "three"].iter().zip(actors) {
        text +=
            &format!("[[explore.actor]]\nspawn = \"{name}\"\nrole = \"calls\"\nargs = {calls:?}\n");
    }
    text += "[[step]]\nwrite = \"${home}/old\"\ncontent = \"0\"\n";
    fs::write(dir.path().join("small.toml"), text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_pidproof"))
        .args(["explore", "small", "--audit", "all", "--scenarios"])
        .arg(dir.path())
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{title}: {told}{error}");
    let audit = told.lines().find(|line| line.contains("  audit: all "));
    let audit = audit.unwrap_or_else(|| panic!("{title}: {told}"));
    assert!(
        audit.ends_with(" to 0 others, and not to 0"),
        "{title}: {told}"
    );
    assert!(!told.contains("not as before"), "{title}: {told}");
    let number = |line: &str, after: &str| -> u64 {
        let (_, rest) = line.split_once(after).unwrap();
        rest.split_whitespace().next().unwrap().parse().unwrap()
    };
    let covered = told.lines().find(|line| line.contains(" orders ("));
    (number(audit, "audit: all "), number(covered.unwrap(), "  "))
}

#[test]
fn two_come_to_all_that_each_order_comes_to() {
    let mut all = Vec::new();
    for (title, actors) in PAIRS {
        let (orders, run) = audited(title, &actors);
        assert!(run < orders, "{title}: {run} of {orders}");
        all.push(orders);
    }
    // Nobody is in the other's way, so all orders of four calls and four.
    assert_eq!(all.last(), Some(&70), "{all:?}");
}

#[test]
fn three_come_to_all_that_each_order_comes_to() {
    let (orders, run) = audited("three", &THREE);
    assert!(run < orders, "{run} of {orders}");
}
