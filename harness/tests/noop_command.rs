//! No case of UNI or RUN-5 is passed by a command that does nothing: one that ends at once with the status of a refusal, of a no or
//! of a success. A case that such a command passes would be green for one that is not there.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;

use assert_cmd::Command;
use serde_json::Value;

/// What a command that does nothing may pass, by its status: a case, and why no control is possible. One that stands here and is
/// not passed any more fails the test.
const MAY_PASS: [(i32, &str, &str); 0] = [];

/// Enough cases for the selection to be what it is meant to be.
const AT_LEAST: usize = 300;

/// The cases that are selected, judged on a command that ends with this status, beside a server that is the reference's; their verdicts.
fn judged(status: i32, selection: &[&str]) -> BTreeMap<String, String> {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let mm = dir.path().join("mm");
    fs::write(&mm, format!("#!/bin/sh\nexit {status}\n")).unwrap();
    fs::set_permissions(&mm, fs::Permissions::from_mode(0o755)).unwrap();
    // Not where it was built: all that lies beside a server is shown in the world, and that is much there.
    let server = dir.path().join("server");
    fs::copy(env!("CARGO_BIN_EXE_pidproof"), server).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_pidproof"))
        .env_remove("CI")
        .env_remove("GITHUB_ACTIONS")
        .current_dir(dir.path())
        .args(["run", "-j", "4", "--json", "results.jsonl"])
        .args(selection)
        .args(["--cli", "./mm", "--", "./server", "role", "memtomem-server"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let results = fs::read_to_string(dir.path().join("results.jsonl")).unwrap();
    let records = results
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    records
        .filter(|record| record["type"] == "case")
        .map(|case| {
            let text = |key: &str| case[key].as_str().unwrap().to_owned();
            (text("id"), text("verdict"))
        })
        .collect()
}

/// Whatever it ends with.
fn passes_nothing(status: i32) {
    let mut verdicts = judged(status, &["--family", "UNI"]);
    verdicts.extend(judged(status, &["--rule", "RUN-5"]));
    let failed = verdicts.values().filter(|v| *v == "fail").count();
    assert!(failed > AT_LEAST, "only {failed} cases fail: {verdicts:?}");
    let passed: BTreeSet<&str> = verdicts
        .iter()
        .filter(|(_, verdict)| *verdict == "pass")
        .map(|(id, _)| id.as_str())
        .collect();
    let may: BTreeSet<&str> = MAY_PASS
        .iter()
        .filter(|(of, ..)| *of == status)
        .map(|(_, id, _)| *id)
        .collect();
    let green: Vec<_> = passed.difference(&may).collect();
    assert!(green.is_empty(), "`exit {status}` passes {green:#?}");
    let stale: Vec<_> = may.difference(&passed).collect();
    assert!(
        stale.is_empty(),
        "`exit {status}` does not pass {stale:#?} any more"
    );
}

#[test]
fn one_that_ends_as_a_refusal_passes_nothing() {
    passes_nothing(2);
}

#[test]
fn one_that_ends_as_a_no_passes_nothing() {
    passes_nothing(1);
}

#[test]
fn one_that_ends_as_a_success_passes_nothing() {
    passes_nothing(0);
}
