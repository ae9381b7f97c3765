//! Unfriendly worlds: what a scenario may not ask for, and that what it asks for is really so.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::fs;

use assert_cmd::Command;

/// Runs a scenario of these steps; exit status, and all that was printed.
fn run(header: &str, steps: &str) -> (Option<i32>, String) {
    run_with(header, steps, &[])
}

fn run_with(header: &str, steps: &str, args: &[&str]) -> (Option<i32>, String) {
    let dir = tempfile::tempdir().unwrap();
    let text = format!("title = \"a trial\"\nrules = [\"PID-1\"]\n{header}\n{steps}");
    fs::write(dir.path().join("it.toml"), text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_pidproof"))
        .env_remove("CI")
        .env_remove("GITHUB_ACTIONS")
        .args(["run", "--scenarios"])
        .arg(dir.path())
        .args(args)
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

#[test]
fn a_tool_is_named_in_the_header_and_by_its_first_argument() {
    let with = |args: &str| {
        format!(
            "[[step]]\nspawn = \"t\"\nrole = \"tool\"\n{args}\n[[step]]\nexpect = \"t\"\nexit = 0\n"
        )
    };
    refused("tools = [\"true\"]", &with(""), &["`args` is missing"]);
    refused(
        "tools = [\"true\"]",
        &with("args = [\"flase\"]"),
        &["unknown tool", "true"],
    );
    refused("", &with("args = [\"true\"]"), &["unknown tool"]);
    refused(
        "tools = [\"/bin/true\"]",
        &with("args = [\"/bin/true\"]"),
        &["no name of a program"],
    );
    let (code, text) = run("tools = [\"true\"]", &with("args = [\"true\"]"));
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn a_tool_that_fails_is_not_the_subjects_fault() {
    let steps = "[[step]]\nspawn = \"t\"\nrole = \"tool\"\nargs = [\"false\"]\n\
                 [[step]]\nwait = \"t\"\n[[step]]\nexpect-fs = \"${xdg}\"\ntype = \"directory\"\n";
    let (code, text) = run("tools = [\"false\"]", steps);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("t: exit status 1"), "{text}");
}

#[test]
fn a_missing_tool_is_a_skip_with_a_reason_and_a_failure_where_all_must_run() {
    let header = "tools = [\"no-such-tool-anywhere\"]";
    let steps = "[[step]]\nexpect-fs = \"${xdg}\"\ntype = \"directory\"\n";
    let (code, text) = run(header, steps);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("0 passed, 0 failed, 1 skipped"), "{text}");
    let (code, text) = run_with(header, steps, &["--must-run"]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("no `no-such-tool-anywhere` here"), "{text}");
    let (code, text) = run_with(header, steps, &["--must-run", "--may-skip", "it"]);
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn a_mount_says_what_is_mounted() {
    let check = "[[step]]\nexpect-fs = \"${xdg}\"\ntype = \"directory\"\n";
    let mount = |keys: &str| format!("[[step]]\nmount = \"${{xdg}}\"\n{keys}\n{check}");
    refused("", &mount("tmpfs = {}"), &["tier `namespaces`"]);
    refused(
        "",
        &format!("[[step]]\numount = \"${{xdg}}\"\n{check}"),
        &["tier `namespaces`"],
    );
    refused(NEEDS, &mount(""), &["nothing is mounted here"]);
    refused(
        NEEDS,
        &mount("tmpfs = {}\nbind = \"${tmp}\""),
        &["exclude each other"],
    );
    refused(
        NEEDS,
        &mount("tmpfs = { size = \"0\" }"),
        &["no size", "no limit"],
    );
    refused(NEEDS, &mount("tmpfs = { size = \"4g\" }"), &["no size"]);
    refused(
        NEEDS,
        &mount("tmpfs = { inode = 3 }"),
        &["unknown key", "inodes"],
    );
}

#[test]
fn a_mounted_file_system_is_as_small_and_as_closed_as_it_says() {
    let mount = |keys: &str| format!("[[step]]\nmount = \"${{xdg}}\"\n{keys}\n");
    let write = |repeat: usize| {
        format!("[[step]]\nwrite = \"${{xdg}}/a\"\ncontent = \"x\"\nrepeat = {repeat}\n")
    };
    let check = "[[step]]\nexpect-fs = \"${xdg}/a\"\ntype = \"file\"\n";
    for (keys, repeat, error) in [
        ("tmpfs = { size = \"4k\" }", 4097, "No space left"),
        ("tmpfs = { inodes = 1 }", 1, "No space left"),
        ("tmpfs = {}\nread-only = true", 1, "Read-only file system"),
        (
            "bind = \"${tmp}\"\nread-only = true",
            1,
            "Read-only file system",
        ),
    ] {
        let (code, text) = run(NEEDS, &format!("{}{}{check}", mount(keys), write(repeat)));
        assert_eq!(code, Some(3), "{text}");
        assert!(text.contains(error), "no `{error}` in\n{text}");
    }
    let steps = format!(
        "{}{}{check}",
        mount("tmpfs = { size = \"4k\" }"),
        write(4096)
    );
    let (code, text) = run(NEEDS, &steps);
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn what_is_on_a_mounted_file_system_is_watched_and_compared() {
    let steps = |check: &str| {
        format!(
            "[[step]]\nmount = \"${{xdg}}\"\ntmpfs = {{}}\n{check}\
             [[step]]\nspawn = \"s\"\nrole = \"server\"\n[[step]]\nhandshake = \"s\"\n"
        )
    };
    let (code, text) = run(
        NEEDS,
        &steps("[[step]]\nnever-created = \"${xdg}/memtomem\"\n"),
    );
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("created after"), "{text}");
    let (code, text) = run(
        NEEDS,
        &format!(
            "{}[[step]]\nexpect-fs = \"${{xdg}}\"\nunchanged-since = \"spawn:s\"\n",
            steps("")
        ),
    );
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("${xdg}/memtomem"), "{text}");
}

#[test]
fn a_mode_is_octal_and_an_end_is_asked_for_in_one_way() {
    let wrong = |keys: &str, words: &[&str]| {
        refused(
            "",
            &format!("{DECOY}[[step]]\nexpect = \"a\"\n{keys}"),
            words,
        );
    };
    wrong(
        "exit = \"nonzero\"\nsignal = \"INT\"",
        &["excludes `signal`"],
    );
    wrong("exit = 1\nrunning = true", &["`running` excludes"]);
    wrong("signal = \"INT\"\nrunning = true", &["`running` excludes"]);
    refused(
        "",
        "[[step]]\nspawn = \"a\"\nrole = \"sleeper\"\numask = 22\n",
        &["a number in TOML is not", "\"0022\""],
    );
}

#[test]
fn an_end_by_the_signal_that_was_caught_is_an_end_with_its_number() {
    const HOLDER: &str = "[[step]]\nwrite = \"${cwd}/f\"\ncontent = \"\"\n[[step]]\nspawn = \"a\"\n\
        role = \"hold-lock\"\nargs = [\"${cwd}/f\"]\n[[step]]\nawait = \"a\"\nstdout = \"held\"\n\
        [[step]]\nsignal = \"a\"\nsend = \"INT\"\n";
    let ended = |keys: &str| run("", &format!("{HOLDER}[[step]]\nexpect = \"a\"\n{keys}"));
    let (code, text) = ended("exit = [0, 130]\nsignal = \"INT\"\n");
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = ended("exit = [0, 130]\nsignal = \"HUP\"\n");
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("exit status 0 or 130, or the end by signal 1"),
        "{text}"
    );
    assert!(text.contains("ended by signal 2"), "{text}");
}
