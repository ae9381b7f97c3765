//! Unfriendly worlds: what a scenario may not ask for, and that what it asks for is really so.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::fs;

use assert_cmd::Command;

/// Runs a scenario of these steps; exit status, and all that was printed.
fn run(header: &str, steps: &str) -> (Option<i32>, String) {
    let dir = tempfile::tempdir().unwrap();
    let text = format!("title = \"a trial\"\nrules = [\"PID-1\"]\n{header}\n{steps}");
    fs::write(dir.path().join("it.toml"), text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_pidproof"))
        .env_remove("CI")
        .args(["run", "--scenarios"])
        .arg(dir.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), text + &errors)
}

/// Expects a scenario to be refused with these words.
fn refused(header: &str, steps: &str, words: &[&str]) {
    let (code, text) = run(header, steps);
    assert_eq!(code, Some(2), "{text}");
    for part in words {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
}

const NEEDS: &str = "needs = \"namespaces\"";
const DECOY: &str =
    "[[step]]\nspawn = \"a\"\nrole = \"sleeper\"\n[[step]]\nawait = \"a\"\nstdout = \"ready\"\n";

#[test]
fn what_needs_a_private_world_says_so() {
    let words = &["tier `namespaces`", "needs = \"namespaces\""];
    for steps in [
        "[[step]]\nspawn = \"b\"\nrole = \"sleeper\"\nsame-pid-as = \"a\"\n",
        "[[step]]\nspawn = \"b\"\nrole = \"sleeper\"\npid-namespace = \"own\"\n",
    ] {
        refused("", &format!("{DECOY}{steps}"), words);
    }
}

#[test]
fn a_pid_is_that_of_a_process_spawned_before_and_of_one_namespace() {
    let after =
        |keys: &str| format!("{DECOY}[[step]]\nspawn = \"b\"\nrole = \"sleeper\"\n{keys}\n");
    refused(
        NEEDS,
        &after("same-pid-as = \"c\""),
        &["unknown process", "`a`"],
    );
    refused(
        NEEDS,
        &after("same-pid-as = \"a\"\npid-namespace = \"own\""),
        &["exclude each other", "always pid 1"],
    );
    refused(
        NEEDS,
        &after("pid-namespace = \"mine\""),
        &["unknown pid-namespace", "own, world"],
    );
}

#[test]
fn the_pid_of_a_process_that_lives_is_not_given_away() {
    let steps = format!(
        "{DECOY}[[step]]\nspawn = \"b\"\nrole = \"sleeper\"\nsame-pid-as = \"a\"\n\
         [[step]]\nexpect = \"b\"\nrunning = true\n"
    );
    let (code, text) = run(NEEDS, &steps);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("`a` has not ended"), "{text}");
}

#[test]
fn limits_are_named_and_limit_something() {
    let with = |limits: &str| {
        format!(
            "[[step]]\nspawn = \"a\"\nrole = \"server\"\nlimits = {limits}\n[[step]]\nhandshake = \"a\"\n"
        )
    };
    refused("", &with("{}"), &["limit nothing", "`open-files`"]);
    refused(
        "",
        &with("{ open-file = 3 }"),
        &["unknown key", "`open-files`"],
    );
    refused("", &with("{ open-files = -1 }"), &["out of range"]);
    refused("", &with("3"), &["a table"]);
}

#[test]
fn a_start_that_may_fail_is_judged_for_both_outcomes() {
    let start = "[[step]]\nspawn = \"a\"\nrole = \"server\"\n";
    let check = |when: &str| format!("[[step]]\nexpect = \"a\"\n{when} = \"a\"\nrunning = true\n");
    let open = |keys: &str| format!("[[step]]\nhandshake = \"a\"\n{keys}\n");
    refused(
        "",
        &format!("{start}{}{}", open("or-fails = true"), check("if-served")),
        &["nothing is judged", "`if-failed = \"a\"`"],
    );
    refused(
        "",
        &format!("{start}{}{}", open(""), check("if-served")),
        &["or-fails = true"],
    );
    refused(
        "",
        &format!("{start}{}", open("or-fails = true\nrefused = true")),
        &["`refused` and `or-fails` exclude each other"],
    );
}

#[test]
fn a_start_that_may_fail_may_not_crash_or_end_in_silence() {
    // The old server writes its pid to a file that may not grow: SIGXFSZ ends it, and that is a crash.
    let steps = "[[step]]\nspawn = \"a\"\nrole = \"old-server\"\nlimits = { file-size = 0 }\n\
                 [[step]]\nhandshake = \"a\"\nor-fails = true\n\
                 [[step]]\nexpect = \"a\"\nif-served = \"a\"\nrunning = true\n\
                 [[step]]\nexpect = \"a\"\nif-failed = \"a\"\nexit = \"nonzero\"\n";
    let (code, text) = run("", steps);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("signal 25"), "{text}");
    // Without the limit it serves, and the check for that is the one that is done.
    let (code, text) = run("", &steps.replace("limits = { file-size = 0 }\n", ""));
    assert_eq!(code, Some(0), "{text}");
    // With no descriptor to spare it fails in order.
    let steps = steps.replace("file-size = 0", "open-files = 3");
    let (code, text) = run("", &steps);
    assert_eq!(code, Some(0), "{text}");
}
