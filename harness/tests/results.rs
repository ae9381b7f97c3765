//! Results for machines, as they come out of the command.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use pidproof::report::record::{self, Results, Word};
use quick_junit::{Report, TestCaseStatus};

const HEAD: &str = "title = \"a server answers\"\nrules = [\"PID-1\"]\n";
const STEPS: &str =
    "[[step]]\nspawn = \"server\"\nrole = \"server\"\n[[step]]\nhandshake = \"server\"\n";
const WRONG: &str = "[[step]]\nexpect-fs = \"${pidfile}\"\ntype = \"absent\"\n";
const HANGS: &str =
    "[[step]]\nspawn = \"s\"\nrole = \"sleeper\"\n[[step]]\nawait = \"s\"\nstdout = \"never\"\n";

/// A scenario that passes, one that fails, one that is skipped.
fn three(dir: &Path) {
    fs::write(dir.join("good.toml"), format!("{HEAD}{STEPS}")).unwrap();
    fs::write(dir.join("wrong.toml"), format!("{HEAD}{STEPS}{WRONG}")).unwrap();
    fs::write(
        dir.join("skipped.toml"),
        format!("{HEAD}needs = \"namespaces\"\n{STEPS}"),
    )
    .unwrap();
}

fn pidproof(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pidproof"));
    command
        .current_dir(dir)
        .env_remove("CI")
        .env_remove("GITHUB_ACTIONS")
        .args(["run", "--tier", "plain", "--scenarios", "."])
        .args(args);
    command
}

fn run(dir: &Path, args: &[&str]) -> Output {
    pidproof(dir, args).output().unwrap()
}

fn read(path: &Path) -> Results {
    record::read(BufReader::new(fs::File::open(path).unwrap())).unwrap()
}

fn verdicts(results: &Results) -> Vec<(&str, Word)> {
    let mut all: Vec<_> = results
        .cases
        .iter()
        .map(|case| (case.id.as_str(), case.verdict))
        .collect();
    all.sort_by_key(|(id, _)| *id);
    all
}

#[test]
fn a_file_has_what_a_person_is_told() {
    let dir = tempfile::tempdir().unwrap();
    three(dir.path());
    let output = run(dir.path(), &["--json", "r.jsonl"]);
    assert_eq!(output.status.code(), Some(1));
    let results = read(&dir.path().join("r.jsonl"));
    assert_eq!(
        verdicts(&results),
        [
            ("good", Word::Pass),
            ("skipped", Word::Skip),
            ("wrong", Word::Fail)
        ]
    );
    assert_eq!(results.run.subject, "reference");
    assert_eq!(results.run.tier, "plain");
    assert!(results.run.kernel.starts_with("Linux "));
    assert!(results.run.file_system.is_some());
    let end = results.end.unwrap();
    assert_eq!(
        (
            end.selected,
            end.passed,
            end.failed,
            end.skipped,
            end.broken
        ),
        (3, 1, 1, 1, 0)
    );
    assert_eq!((end.exit, end.interrupted, end.why), (1, false, None));
    let of = |id| results.cases.iter().find(|case| case.id == id).unwrap();
    let wrong = of("wrong");
    assert_eq!(wrong.mismatches.len(), 1);
    assert_eq!(wrong.mismatches[0].rule, "PID-1");
    assert_eq!(wrong.mismatches[0].line, 9);
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains(wrong.log.as_ref().unwrap()), "{told}");
    assert_eq!(wrong.rerun, "pidproof run --exact wrong --scenarios .");
    assert!(
        of("skipped")
            .reason
            .as_ref()
            .unwrap()
            .contains("limited to tier")
    );
    assert_eq!(of("good").log, None);
}

#[test]
fn every_line_is_as_the_schema_says_and_the_schema_can_say_no() {
    let dir = tempfile::tempdir().unwrap();
    three(dir.path());
    run(dir.path(), &["--json", "r.jsonl"]);
    let printed = Command::new(env!("CARGO_BIN_EXE_pidproof"))
        .args(["schema", "results"])
        .output()
        .unwrap();
    assert!(printed.status.success());
    let schema: serde_json::Value = serde_json::from_slice(&printed.stdout).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let text = fs::read_to_string(dir.path().join("r.jsonl")).unwrap();
    assert_eq!(text.lines().count(), 5);
    for line in text.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(schema.is_valid(&value), "{line}");
        for key in value.as_object().unwrap().keys() {
            let mut less = value.clone();
            less.as_object_mut().unwrap().remove(key);
            let may_lack = ["subject_version", "file_system", "reason", "log", "why"];
            assert_eq!(
                schema.is_valid(&less),
                may_lack.contains(&key.as_str()),
                "without {key}: {line}"
            );
        }
    }
}

#[test]
fn on_standard_output_they_are_alone_there() {
    let dir = tempfile::tempdir().unwrap();
    three(dir.path());
    let output = run(dir.path(), &["--json", "-"]);
    assert_eq!(output.status.code(), Some(1));
    let results = record::read(output.stdout.as_slice()).unwrap();
    assert_eq!(results.cases.len(), 3);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(told.lines().last(), Some("1 passed, 1 failed, 1 skipped"));
}

#[test]
fn the_same_questions_have_the_same_digest_wherever_they_lie() {
    let digest = |change: bool, filter: &str| {
        let dir = tempfile::tempdir().unwrap();
        three(dir.path());
        if change {
            fs::write(dir.path().join("good.toml"), format!("{HEAD}{STEPS}\n")).unwrap();
        }
        run(dir.path(), &["--json", "r", filter]);
        read(&dir.path().join("r")).run.scenarios
    };
    let first = digest(false, "good");
    assert_eq!(digest(false, "good"), first);
    assert_ne!(digest(true, "good"), first);
    assert_ne!(digest(false, "wrong"), first);
    assert_eq!(digest(true, "wrong"), digest(false, "wrong"));
}

#[test]
fn a_file_that_cannot_be_written_is_known_before_anything_runs() {
    let dir = tempfile::tempdir().unwrap();
    three(dir.path());
    let output = run(dir.path(), &["--json", "no/such/dir"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("cannot write results to no/such/dir"),
        "{said}"
    );
}

#[test]
fn results_that_are_not_whole_are_no_success() {
    let dir = tempfile::tempdir().unwrap();
    three(dir.path());
    let output = run(dir.path(), &["--json", "/dev/full", "good"]);
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("the results in /dev/full are not whole"),
        "{said}"
    );
}

#[test]
fn a_subject_that_does_not_start_is_in_the_results() {
    let dir = tempfile::tempdir().unwrap();
    three(dir.path());
    let profile = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    let text = "server = [\"/bin/false\"]\ncli = [\"/bin/false\"]\n";
    fs::write(profile.path(), text).unwrap();
    let profile = profile.path().to_str().unwrap();
    let output = run(dir.path(), &["--json", "r", "--subject", profile]);
    assert_eq!(output.status.code(), Some(3));
    let end = read(&dir.path().join("r")).end.unwrap();
    assert_eq!((end.exit, end.selected, end.passed), (3, 3, 0));
    assert!(end.why.unwrap().contains("does not start here"));
}

#[test]
fn an_interrupted_run_says_so_and_has_what_was_judged() {
    let dir = tempfile::tempdir().unwrap();
    three(dir.path());
    fs::write(
        dir.path().join("hangs.toml"),
        format!("{HEAD}{STEPS}{HANGS}"),
    )
    .unwrap();
    let mut suite = pidproof(dir.path(), &["--json", "-", "--jobs", "4"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(suite.stdout.take().unwrap());
    let mut text = String::new();
    // The first line and three cases: what is left hangs.
    for _ in 0..4 {
        lines.read_line(&mut text).unwrap();
    }
    kill(
        Pid::from_raw(i32::try_from(suite.id()).unwrap()),
        Signal::SIGINT,
    )
    .unwrap();
    while lines.read_line(&mut text).unwrap() > 0 {}
    assert_eq!(suite.wait().unwrap().code(), Some(130));
    let results = record::read(text.as_bytes()).unwrap();
    assert_eq!(results.cases.len(), 3);
    let end = results.end.unwrap();
    assert_eq!((end.selected, end.interrupted, end.exit), (4, true, 130));
}

fn junit(dir: &Path, name: &str) -> Report {
    let text = fs::read_to_string(dir.join(name)).unwrap();
    Report::deserialize_from_str(&text).unwrap()
}

#[test]
fn a_junit_report_has_each_case_with_rule_reason_and_log() {
    let dir = tempfile::tempdir().unwrap();
    three(dir.path());
    let output = run(dir.path(), &["--junit", "r.xml"]);
    assert_eq!(output.status.code(), Some(1));
    let report = junit(dir.path(), "r.xml");
    assert_eq!((report.tests, report.failures, report.errors), (3, 1, 0));
    let names: Vec<&str> = report.test_suites.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["./good.toml", "./skipped.toml", "./wrong.toml"]);
    let case = |at: usize| &report.test_suites[at].test_cases[0];
    assert_eq!(case(2).name.as_str(), "wrong");
    let rule = &case(2).properties[0];
    assert_eq!((rule.name.as_str(), rule.value.as_str()), ("rule", "PID-1"));
    let told = String::from_utf8(output.stdout).unwrap();
    match &case(2).status {
        TestCaseStatus::NonSuccess {
            message,
            description,
            ..
        } => {
            let message = message.as_ref().unwrap().as_str();
            assert!(message.starts_with("PID-1: expected "), "{message}");
            assert!(told.contains(description.as_ref().unwrap().as_str().trim()));
        }
        other @ (TestCaseStatus::Success { .. } | TestCaseStatus::Skipped { .. }) => {
            panic!("{other:?}")
        }
    }
    match &case(1).status {
        TestCaseStatus::Skipped { message, .. } => {
            assert!(message.as_ref().unwrap().as_str().contains("no tier"));
        }
        other @ (TestCaseStatus::Success { .. } | TestCaseStatus::NonSuccess { .. }) => {
            panic!("{other:?}")
        }
    }
    assert!(matches!(case(0).status, TestCaseStatus::Success { .. }));
}

#[test]
fn a_junit_report_of_half_a_run_has_an_error() {
    let dir = tempfile::tempdir().unwrap();
    three(dir.path());
    fs::write(
        dir.path().join("hangs.toml"),
        format!("{HEAD}{STEPS}{HANGS}"),
    )
    .unwrap();
    let all = [
        "--json", "-", "--junit", "r.xml", "--jobs", "4", "good", "hangs",
    ];
    let mut suite = pidproof(dir.path(), &all)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(suite.stdout.take().unwrap());
    let mut text = String::new();
    for _ in 0..2 {
        lines.read_line(&mut text).unwrap();
    }
    kill(
        Pid::from_raw(i32::try_from(suite.id()).unwrap()),
        Signal::SIGINT,
    )
    .unwrap();
    assert_eq!(suite.wait().unwrap().code(), Some(130));
    let report = junit(dir.path(), "r.xml");
    assert_eq!((report.tests, report.failures, report.errors), (2, 0, 1));
    assert!(
        fs::read_to_string(dir.path().join("r.xml"))
            .unwrap()
            .contains("interrupted: 1 of 2")
    );
}

#[test]
fn a_report_is_replaced_as_a_whole_and_a_link_to_it_stays() {
    let dir = tempfile::tempdir().unwrap();
    three(dir.path());
    fs::create_dir(dir.path().join("sub")).unwrap();
    fs::write(dir.path().join("sub/real.xml"), "old").unwrap();
    std::os::unix::fs::symlink("sub/real.xml", dir.path().join("r.xml")).unwrap();
    let output = run(dir.path(), &["--junit", "r.xml", "good"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(dir.path().join("r.xml").is_symlink());
    assert_eq!(junit(dir.path(), "sub/real.xml").tests, 1);
    let left: Vec<_> = fs::read_dir(dir.path().join("sub")).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");

    let output = run(dir.path(), &["--junit", "sub", "good"]);
    assert_eq!(output.status.code(), Some(2));
    let output = run(dir.path(), &["--junit", "/dev/full", "good"]);
    assert_eq!(output.status.code(), Some(3));
}

/// The lines of a log that GitHub Actions would act on: those between a stop and its token are text.
fn heeded(log: &str) -> Vec<String> {
    let mut stopped: Option<String> = None;
    let mut commands = Vec::new();
    for line in log.lines().map(str::trim) {
        match &stopped {
            Some(token) if *line == format!("::{token}::") => stopped = None,
            Some(_) => {}
            None => match line.strip_prefix("::stop-commands::") {
                Some(token) => stopped = Some(token.to_owned()),
                None if line.starts_with("::") => commands.push(line.to_owned()),
                None => {}
            },
        }
    }
    assert_eq!(stopped, None, "what follows this step would be text too");
    commands
}

#[test]
fn github_gets_an_annotation_a_mismatch_and_no_command_of_a_subject() {
    let dir = tempfile::tempdir().unwrap();
    let scenarios = dir.path().join("conformance");
    fs::create_dir(&scenarios).unwrap();
    three(&scenarios);
    let injecting = format!(
        "{HEAD}{STEPS}[[step]]\nspawn = \"t\"\nrole = \"paste\"\nargs = [\"x ::error::from a subject\", \"::\"]\n\
         [[step]]\nexpect = \"t\"\nexit = 77\n"
    );
    fs::write(scenarios.join("injecting.toml"), injecting).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_pidproof"))
        .current_dir(dir.path())
        .env_remove("CI")
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_WORKSPACE", dir.path())
        .env("GITHUB_STEP_SUMMARY", dir.path().join("summary.md"))
        .args(["run", "--tier", "plain", "--scenarios", "conformance"])
        .output()
        .unwrap();
    let log = String::from_utf8(output.stdout).unwrap();
    assert!(log.contains("\n        ::error::from a subject\n"), "{log}");
    let mut commands = heeded(&log);
    commands.sort();
    assert_eq!(commands.len(), 2, "{commands:#?}");
    assert!(
        commands[0].starts_with(
            "::error file=conformance/injecting.toml,line=13,title=PID-1 injecting::expected: "
        ),
        "{commands:#?}"
    );
    assert!(
        commands[1].starts_with(
            "::error file=conformance/wrong.toml,line=9,title=PID-1 wrong::expected: "
        ),
        "{commands:#?}"
    );
    assert_eq!(log.lines().last(), Some("1 passed, 2 failed, 1 skipped"));
    let summary = fs::read_to_string(dir.path().join("summary.md")).unwrap();
    for part in [
        "## pidproof: reference FAILED",
        "| 1 | 2 | 0 | 1 | 4 |",
        "| `wrong` | fail | PID-1: expected ",
        "<details><summary><code>wrong</code></summary>",
        "- skipped (1): no tier",
    ] {
        assert!(summary.contains(part), "no `{part}` in\n{summary}");
    }
}

#[test]
fn built_in_scenarios_are_annotated_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_pidproof"))
        .current_dir(dir.path())
        .env_remove("CI")
        .args([
            "run",
            "--github",
            "--subject",
            "defect:truncates-the-legacy-pidfile",
        ])
        .args(["leg.stale-legacy-pidfile-is-no-obstacle"])
        .output()
        .unwrap();
    let log = String::from_utf8(output.stdout).unwrap();
    let commands = heeded(&log);
    assert!(!commands.is_empty(), "{log}");
    for command in commands {
        assert!(
            command.starts_with("::error title=LEG-5 leg.stale-legacy"),
            "{command}"
        );
    }
}

/// `run` with a cache of its own.
fn with_cache(dir: &Path, cache: &Path, args: &[&str]) -> Output {
    pidproof(dir, args)
        .env("PIDPROOF_CACHE", cache)
        .output()
        .unwrap()
}

fn last_line(output: &Output) -> String {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().last().unwrap_or_default().to_owned()
}

#[test]
fn what_failed_is_run_again_until_it_passes() {
    let dir = tempfile::tempdir().unwrap();
    let cache = dir.path().join("cache");
    let s = dir.path().join("s");
    fs::create_dir(&s).unwrap();
    three(&s);
    fs::write(s.join("also-wrong.toml"), format!("{HEAD}{STEPS}{WRONG}")).unwrap();
    let run = |args: &[&str]| with_cache(&s, &cache, args);

    let nothing = run(&["--failed"]);
    assert_eq!(nothing.status.code(), Some(4));
    let said = String::from_utf8(nothing.stderr).unwrap();
    assert!(
        said.contains("nothing that was asked for failed the last time that reference"),
        "{said}"
    );

    assert_eq!(last_line(&run(&[])), "1 passed, 2 failed, 1 skipped");
    assert_eq!(
        last_line(&run(&["--failed"])),
        "0 passed, 2 failed, 0 skipped"
    );
    // What is not judged now stays known.
    assert_eq!(last_line(&run(&["good"])), "1 passed, 0 failed, 0 skipped");
    fs::write(s.join("wrong.toml"), format!("{HEAD}{STEPS}")).unwrap();
    assert_eq!(
        last_line(&run(&["--failed"])),
        "1 passed, 1 failed, 0 skipped"
    );
    assert_eq!(
        last_line(&run(&["--failed"])),
        "0 passed, 1 failed, 0 skipped"
    );
    assert_eq!(run(&["--failed", "good"]).status.code(), Some(4));
    // Another subject has a memory of its own.
    let other = run(&["--failed", "--subject", "defect:none"]);
    assert_eq!(other.status.code(), Some(4), "{other:?}");
    fs::remove_file(s.join("also-wrong.toml")).unwrap();
    assert_eq!(run(&["--failed"]).status.code(), Some(4));
}

#[test]
fn a_cache_that_cannot_be_written_is_a_note() {
    let dir = tempfile::tempdir().unwrap();
    three(dir.path());
    // A directory below a file can be made by nobody, not even by root.
    let cache = dir.path().join("good.toml/cache");
    let output = with_cache(dir.path(), &cache, &["wrong"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("which cases failed is not kept"), "{said}");
    let output = with_cache(dir.path(), &cache, &["good"]);
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}
