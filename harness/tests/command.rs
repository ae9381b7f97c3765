//! The command as a person meets it: exit statuses and errors.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::fs;
use std::path::Path;

use assert_cmd::Command;

fn pidproof() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pidproof"));
    command.env_remove("CI").env_remove("GITHUB_ACTIONS");
    command
}

struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn run(args: &[&str]) -> Ran {
    let output = pidproof().args(args).output().unwrap();
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs on a directory that holds one scenario.
fn run_scenario(text: &str, args: &[&str]) -> Ran {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("it.toml"), text).unwrap();
    let mut all = vec!["run", "--scenarios", dir.path().to_str().unwrap()];
    all.extend(args);
    run(&all)
}

const PASSES: &str = r#"
title = "a server answers"
rules = ["PID-1"]
[[step]]
spawn = "server"
role = "server"
[[step]]
handshake = "server"
"#;

#[test]
fn a_filter_that_is_a_rule_is_told_how_rules_are_chosen() {
    let ran = run_scenario(PASSES, &["pid-1"]);
    assert_eq!(ran.code, Some(4), "{}{}", ran.stdout, ran.stderr);
    let hint = "no case is called `PID-1`, which is a rule; `--rule PID-1` selects";
    assert!(ran.stderr.contains(hint), "{}", ran.stderr);
}

#[test]
fn a_case_that_holds_is_0_and_counted() {
    let ran = run_scenario(PASSES, &[]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(
        ran.stdout.lines().last(),
        Some("1 passed, 0 failed, 0 skipped")
    );
}

#[test]
fn a_broken_rule_is_1_with_all_that_is_known() {
    let text = format!("{PASSES}[[step]]\nexpect-fs = \"${{pidfile}}\"\ntype = \"absent\"\n");
    let ran = run_scenario(&text, &[]);
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    for part in [
        "FAIL it",
        "PID-1 (core)",
        "it.toml:10: expect-fs",
        "absent",
        "timeline",
        "server: started",
        "${xdg}/memtomem/server.pid created",
        "files at the end",
        "locks at the end",
        "rerun: pidproof run --exact it --scenarios",
    ] {
        assert!(ran.stdout.contains(part), "no `{part}` in\n{}", ran.stdout);
    }
    assert_eq!(
        ran.stdout.lines().last(),
        Some("0 passed, 1 failed, 0 skipped")
    );
}

#[test]
fn every_mismatch_is_told_and_not_the_first() {
    let text = format!(
        "{PASSES}[[step]]\nexpect-fs = \"${{pidfile}}\"\nmode = \"0123\"\nuid = 4242\n\
         [[step]]\nexpect-fs = \"${{runtime_dir}}\"\nmode = \"0321\"\n"
    );
    let ran = run_scenario(&text, &[]);
    assert_eq!(ran.code, Some(1));
    for part in ["mode 0123", "owned by uid 4242", "mode 0321"] {
        assert!(ran.stdout.contains(part), "no `{part}` in\n{}", ran.stdout);
    }
}

#[test]
fn three_mistakes_are_three_carets_and_2() {
    let text = r#"title = "three mistakes"
rules = ["PID-1"]
[[step]]
spawn = "server"
rol = "server"
[[step]]
handshake = "servr"
[[step]]
expect-fs = "${pidfil}"
type = "file"
"#;
    let ran = run_scenario(text, &[]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    for part in [
        "did you mean `role`?",
        "did you mean `server`?",
        "did you mean `pidfile`?",
    ] {
        assert!(ran.stderr.contains(part), "no `{part}` in\n{}", ran.stderr);
    }
    assert_eq!(ran.stderr.matches("error: ").count(), 3, "{}", ran.stderr);
    assert!(ran.stdout.is_empty(), "nothing may run: {}", ran.stdout);
}

#[test]
fn what_selects_nothing_is_4() {
    for args in [
        &["run", "--exact", "no.such.case"][..],
        &["run", "no-such-part"],
        &["list", "x*y"],
        &[
            "run",
            "--exact",
            "home.handshake-creates-nothing",
            "no.such.case",
        ],
    ] {
        let ran = run(args);
        assert_eq!(ran.code, Some(4), "{args:?}: {}", ran.stderr);
        assert!(ran.stdout.is_empty(), "{args:?}: {}", ran.stdout);
    }
}

#[test]
fn what_nobody_knows_is_2_with_a_suggestion() {
    for (args, part) in [
        (
            &["run", "--rule", "PID-99"][..],
            "no rule is called `PID-99`",
        ),
        (&["run", "--family", "LEGG"], "did you mean `LEG`?"),
        (&["explain", "PID-77"], "did you mean"),
        (&["run", "--subject", "no-such-subject"], "no-such-subject"),
        (&["run", "--frobnicate"], "--frobnicate"),
        (&["run", "a[b"], "no glob"),
    ] {
        let ran = run(args);
        assert_eq!(ran.code, Some(2), "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(part), "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn a_missing_scenario_directory_is_no_success() {
    let dir = tempfile::tempdir().unwrap();
    let gone = dir.path().join("gone");
    for dir in [dir.path(), gone.as_path()] {
        let ran = run(&["run", "--scenarios", dir.to_str().unwrap()]);
        assert_eq!(ran.code, Some(2), "{}", ran.stderr);
        assert!(!ran.stderr.is_empty());
    }
}

#[test]
fn a_fixture_that_does_not_exist_or_does_not_start_is_no_success() {
    let missing = PASSES.replace("role = \"server\"", "role = \"no-such-fixture\"");
    let ran = run_scenario(&missing, &[]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("unknown role"), "{}", ran.stderr);

    let wrong = format!(
        "{PASSES}[[step]]\nspawn = \"h\"\nrole = \"hold-lock\"\nargs = [\"--no-such-flag\"]\n\
         [[step]]\nawait = \"h\"\nstdout = \"held\"\n"
    );
    let ran = run_scenario(&wrong, &[]);
    assert_eq!(ran.code, Some(1), "{}", ran.stdout);
    assert!(ran.stdout.contains("exit status 2"), "{}", ran.stdout);
}

#[test]
fn signals_that_the_suite_was_started_without_reach_a_subject() {
    let dir = tempfile::tempdir().unwrap();
    let steps = "title = \"it\"\nrules = [\"END-4\"]\n\
         [[step]]\nwrite = \"${cwd}/it\"\ncontent = \"\"\n\
         [[step]]\nspawn = \"h\"\nrole = \"hold-lock\"\nargs = [\"${cwd}/it\"]\n\
         [[step]]\nawait = \"h\"\nstdout = \"held\"\n\
         [[step]]\nsignal = \"h\"\nsend = \"INT\"\n\
         [[step]]\nexpect = \"h\"\nsignal = \"INT\"\n";
    fs::write(dir.path().join("it.toml"), steps).unwrap();
    // As a shell starts what it puts into the background.
    Command::new("sh")
        .env_remove("CI")
        .env_remove("GITHUB_ACTIONS")
        .args(["-c", "trap '' INT QUIT HUP; exec \"$@\"", "sh"])
        .args([env!("CARGO_BIN_EXE_pidproof"), "run", "--scenarios"])
        .arg(dir.path())
        .assert()
        .success();
}

#[test]
fn a_check_that_checks_nothing_is_refused() {
    let text = format!("{PASSES}[[step]]\nexpect = \"server\"\n");
    let ran = run_scenario(&text, &[]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("this check checks nothing"),
        "{}",
        ran.stderr
    );
}

/// What is said of a scenario with these steps.
fn mistake(steps: &str) -> String {
    let text = format!("title = \"it\"\nrules = [\"UNI-8\"]\n{steps}");
    let ran = run_scenario(&text, &[]);
    assert_eq!(ran.code, Some(2), "{}{}", ran.stdout, ran.stderr);
    ran.stderr
}

#[test]
fn mistakes_about_terminals_are_told_with_what_would_be_right() {
    let spawn = |keys: &str| format!("[[step]]\nspawn = \"mm\"\nrole = \"cli\"\n{keys}\n");
    let terminal = spawn("terminal = true");
    for (steps, said) in [
        (
            spawn("terminal = true\nstdin = \"null\""),
            ["standard input is the terminal", "[\"stdout\", \"stderr\"]"],
        ),
        (
            spawn("terminal = [\"stdinn\"]"),
            ["unknown stream `stdinn`", "stdin"],
        ),
        (spawn("terminal = \"yes\""), ["expected `true`", "an array"]),
        (
            format!("{}[[step]]\ntype = \"mm\"\ntext = \"y\"\n", spawn("")),
            ["`mm` has no terminal to type on", "terminal = true"],
        ),
        (
            format!("{terminal}[[step]]\ntype = \"mm\"\n"),
            ["`text` is missing", "type = "],
        ),
        (
            format!("{terminal}[[step]]\nexpect = \"mm\"\nstderr.lacks = [\"x\"]\n"),
            ["`stderr` of `mm` is its terminal", "use `output`"],
        ),
        (
            format!("{terminal}[[step]]\nawait = \"mm\"\nstdout = \"x\"\n"),
            ["`stdout` of `mm` is its terminal", "use `output`"],
        ),
        (
            format!("{terminal}[[step]]\nhandshake = \"mm\"\n"),
            ["a terminal where MCP would be spoken", "[\"stderr\"]"],
        ),
        (
            format!("{terminal}[[step]]\nexpect = \"mm\"\nexit = \"fails\"\n"),
            ["an exit status", "\"failure\""],
        ),
    ] {
        let told = mistake(&steps);
        for part in said {
            assert!(told.contains(part), "no `{part}` in\n{told}");
        }
    }
}

#[test]
fn a_skip_is_a_failure_where_all_must_run() {
    let text = PASSES.replace("rules =", "needs = \"namespaces\"\nrules =");
    let ran = run_scenario(&text, &["--tier", "plain"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(
        ran.stdout.lines().last(),
        Some("0 passed, 0 failed, 1 skipped")
    );
    let ran = run_scenario(&text, &["--tier", "plain", "--must-run"]);
    assert_ne!(ran.code, Some(0), "{}", ran.stdout);
    let ran = run_scenario(
        &text,
        &["--tier", "plain", "--must-run", "--may-skip", "it"],
    );
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
}

#[test]
fn check_tells_how_many_cases_a_file_makes() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("it.toml");
    fs::write(&file, format!("{PASSES}[matrix]\nn = [\"1\", \"2\"]\n")).unwrap();
    let ran = run(&["check", file.to_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains("2 cases"));
}

#[test]
fn every_case_id_is_in_the_alphabet_of_ids() {
    let ran = run(&["list"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    for line in ran.stdout.lines() {
        let id = line.split_whitespace().next().unwrap();
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ":_=.-".contains(c);
        assert!(id.chars().all(good), "{id}");
    }
}

#[test]
fn explain_tells_the_rule_and_who_judges_it() {
    let ran = run(&["explain", "leg-1"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains("LEG-1 (core)"));
    assert!(ran.stdout.contains("old-server-stops-new.toml"));
    let of_one = run(&["explain", "PID-4"]).stdout;
    assert!(
        of_one.contains("   1 case  ") && !of_one.contains("1 cases"),
        "{of_one}"
    );
}

#[test]
fn kept_evidence_is_where_the_report_says() {
    let dir = tempfile::tempdir().unwrap();
    let scenarios = dir.path().join("s");
    fs::create_dir(&scenarios).unwrap();
    let text = format!("{PASSES}[[step]]\nexpect-fs = \"${{pidfile}}\"\ntype = \"absent\"\n");
    fs::write(scenarios.join("it.toml"), text).unwrap();
    let output = pidproof()
        .current_dir(dir.path())
        .args(["run", "--keep", "--scenarios", "s"])
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let kept = Path::new("target/pidproof-kept/it");
    assert!(
        stdout.contains(&format!("kept:  {}", kept.display())),
        "{stdout}"
    );
    let report = fs::read_to_string(dir.path().join(kept).join("report.txt")).unwrap();
    assert!(report.contains("PID-1"), "{report}");
}

#[test]
fn a_scenario_file_is_run_from_where_it_lies() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("it.toml");
    let file = file.to_str().unwrap();
    fs::write(file, PASSES).unwrap();
    let ran = run(&["run", file]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(
        ran.stdout.lines().last(),
        Some("1 passed, 0 failed, 0 skipped")
    );
    let ran = run(&["run", file, "no-such-case"]);
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    let ran = run(&["run", file, "--scenarios", "."]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
}
