//! Sweeps as a person meets them: stable points, findings that are files, and files that find it again.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::fs;

use assert_cmd::Command;

fn pidproof(args: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_pidproof"))
        .env_remove("CI")
        .env_remove("GITHUB_ACTIONS")
        .args(args)
        .output()
        .unwrap();
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

/// The scenario file that a failure prints.
fn printed_scenario(text: &str) -> String {
    text.lines()
        .skip_while(|line| *line != "  as a scenario file of its own")
        .skip(1)
        .take_while(|line| line.starts_with("    "))
        .map(|line| format!("{}\n", &line[4..]))
        .collect()
}

#[test]
fn the_points_of_a_sweep_are_the_same_each_time() {
    let list = || pidproof(&["list", "--points", "sweep.life-ended", "sweep.start-held"]);
    let (code, first, error) = list();
    assert_eq!(code, Some(0), "{error}");
    assert!(
        first.contains("sweep.life-ended:mkdir.runtime_dir.1:term-after"),
        "{first}"
    );
    for _ in 0..5 {
        assert_eq!(list().1, first);
    }
}

#[test]
fn a_point_is_run_by_its_id_and_an_unknown_one_is_told() {
    let point = "sweep.life-killed:mkdir.runtime_dir.1:kill-before";
    let (code, text, _) = pidproof(&["run", "--exact", point]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.ends_with("1 passed, 0 failed, 0 skipped\n"), "{text}");
    let (code, _, error) = pidproof(&["run", "--exact", "sweep.life-killed:mkdir.nowhere.1:kill"]);
    assert_eq!(code, Some(4));
    assert!(error.contains("mkdir.nowhere"), "{error}");
}

#[test]
fn sweeps_are_run_where_they_are_asked_for() {
    let (_, text, _) = pidproof(&["run", "--rule", "END-5"]);
    assert!(
        text.contains("sweeps over the subject's system calls were not run; --sweeps adds them")
    );
    let (code, _, error) = pidproof(&["run", "--rule", "END-5", "--exact", "sweep.life-killed"]);
    assert_eq!(code, Some(0), "{error}");
}

#[test]
fn what_a_sweep_finds_is_a_scenario_that_finds_it_again() {
    let defect = "defect:sets-the-mode-by-name";
    let point = "sweep.life-windows-beside-stale-files:chmod.pidfile.1:link";
    let (code, text, _) = pidproof(&["run", "--exact", point, "--subject", defect]);
    assert_eq!(code, Some(1), "{text}");
    let scenario = printed_scenario(&text);
    assert!(scenario.contains("pause = \"at-the-call\""), "{text}");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("found.toml");
    fs::write(&file, scenario).unwrap();
    let file = file.to_str().unwrap();
    for _ in 0..10 {
        let (code, text, error) = pidproof(&["run", file, "--subject", defect]);
        assert_eq!(code, Some(1), "{text}{error}");
        assert!(text.contains("PID-8"), "{text}");
    }
    // Without the mistake the same attack does nothing.
    let (code, text, error) = pidproof(&["run", file]);
    assert_eq!(code, Some(0), "{text}{error}");
}

#[test]
fn what_a_sweep_starts_while_a_call_is_held_lives_on() {
    let defect = "defect:works-without-locks";
    let point = "sweep.uninstall-held-beside-a-server:unlink.database.1:held";
    let (code, text, _) = pidproof(&["run", "--exact", point, "--subject", defect]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("UNI-14"), "{text}");
    // Its steps that speak of the server are passed over in the run with nothing done at any call, and there only.
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("found.toml");
    fs::write(&file, printed_scenario(&text)).unwrap();
    let file = file.to_str().unwrap();
    let (code, text, error) = pidproof(&["run", file, "--subject", defect]);
    assert_eq!(code, Some(1), "{text}{error}");
    let (code, text, error) = pidproof(&["run", file]);
    assert_eq!(code, Some(0), "{text}{error}");
}

#[test]
fn a_sweep_of_what_fails_anyway_has_no_points() {
    let (code, text, _) = pidproof(&[
        "run",
        "--exact",
        "sweep.life-killed",
        "--subject",
        "defect:end-of-input-leaves-the-pidfile",
    ]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("FAIL sweep.life-killed\n"), "{text}");
    let (code, text, error) = pidproof(&[
        "list",
        "--points",
        "--exact",
        "sweep.life-killed",
        "--subject",
        "defect:end-of-input-leaves-the-pidfile",
    ]);
    assert_eq!(code, Some(3), "{text}{error}");
    for part in [
        "sweep.life-killed leads to no points: FAIL",
        "  scenarios/sweep/life-killed.toml:51: expect-fs = \"${pidfile}\"  [END-5]",
        "    expected: ${xdg}/memtomem/server.pid: absent",
        "    found: file ",
    ] {
        assert!(error.contains(part), "no `{part}` in\n{error}");
    }
}

#[test]
fn mistakes_in_a_sweep_are_told_with_their_place() {
    let dir = tempfile::tempdir().unwrap();
    let check = |text: &str| {
        let file = dir.path().join("wrong.toml");
        fs::write(&file, text).unwrap();
        let (code, out, error) = pidproof(&["check", file.to_str().unwrap()]);
        assert_eq!(code, Some(2), "{out}{error}");
        out + &error
    };
    let steps = "[[step]]\nspawn = \"new\"\nrole = \"server\"\n[[step]]\nhandshake = \"new\"\n";
    let with = |sweep: &str| {
        check(&format!(
            "title = \"x\"\nrules = [\"PID-1\"]\n{sweep}\n{steps}"
        ))
    };
    assert!(
        with("[sweep]\nkind = \"errors\"\nof = \"nobody\"").contains("unknown process `nobody`")
    );
    assert!(with("[sweep]\nkind = \"erors\"\nof = \"new\"").contains("did you mean `errors`?"));
    assert!(with("[sweep]\nof = \"new\"").contains("`kind` is missing"));
    assert!(with("[sweep]\nkind = \"kill\"\nof = \"new\"").contains("`signals` is missing"));
    assert!(with("[sweep]\nkind = \"stall\"\nof = \"new\"").contains("`do` is missing"));
    let held = "[sweep]\nkind = \"stall\"\nof = \"new\"\n[[sweep.do]]\nspwan = \"x\"";
    assert!(with(held).contains("did you mean `spawn`?"));
    let swaps = "[sweep]\nkind = \"windows\"\nof = \"new\"\nswaps = [\"fifi\"]";
    assert!(with(swaps).contains("did you mean `fifo`?"));
    assert!(with(&swaps.replace("windows", "errors")).contains("unknown key"));
    let both = "[sweep]\nkind = \"errors\"\nof = \"new\"\n[matrix]\na = [\"b\"]";
    assert!(with(both).contains("a sweep has no matrix"));
}
