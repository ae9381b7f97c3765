//! The port of docs/porting.md, in Python: its first state breaks just the rules that the guide shows as broken, and its
//! last one holds every core rule. Here with the first case of each core scenario; `whole` has all of them, nightly.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Trial};
use pidproof::world::find_tool;
use serde_json::Value;

/// It must be one that worlds find too, and new enough for the port.
const NEW_ENOUGH: &str = "import sys; sys.exit(sys.version_info < (3, 11))";

fn main() -> ExitCode {
    if let Some(code) = pidproof::roles::dispatch() {
        return code;
    }
    let told = |name: &str, test: fn()| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    };
    // A skip is shown as one. Where CI is set it has to be allowed, as for any tool: else the trials fail, and say why.
    let may_lack = std::env::var_os("CI").is_none()
        || std::env::var("PIDPROOF_MAY_SKIP")
            .is_ok_and(|names| names.split(',').any(|n| n == "tools"));
    let left_out = may_lack && !has_python();
    let with_python = |name, test| told(name, test).with_ignored_flag(left_out);
    let trials = vec![
        told("the_guide_shows_what_stands_in_the_port", the_guide_is_true),
        with_python("last_holds_the_first_case_of_each_core_scenario", last),
        with_python("first_breaks_no_rule_but_those_that_the_guide_shows", first),
        told("whole_nightly_first_and_last_are_as_the_guide_shows", whole).with_ignored_flag(true),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn has_python() -> bool {
    find_tool("python3").is_some_and(|python| {
        let asked = Command::new(python).args(["-c", NEW_ENOUGH]).status();
        asked.is_ok_and(|status| status.success())
    })
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn guide() -> String {
    std::fs::read_to_string(root().join("docs/porting.md")).unwrap()
}

fn pidproof(args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_pidproof"))
        .current_dir(root())
        .env_remove("CI")
        .args(args)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap();
    (code, text(output.stdout), text(output.stderr))
}

/// The first case of each core scenario that starts nothing but the subject and the fixtures.
fn some_of_core() -> Vec<String> {
    let (_, listed, _) = pidproof(&["list", "--level", "core"]);
    let mut scenarios = BTreeSet::new();
    let cases: Vec<String> = listed
        .lines()
        .filter(|line| !line.contains("only with --"))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|id| scenarios.insert(id.split(':').next().unwrap_or(id).to_owned()))
        .map(str::to_owned)
        .collect();
    assert!(cases.len() > 50, "{listed}");
    cases
}

/// Runs them on a state of the port: the exit status, the rules that mismatches name, and all that was said.
fn judged(state: &str, more: &[&str]) -> (i32, BTreeSet<String>, String) {
    assert!(
        has_python(),
        "no python3 of 3.11 or later where a world finds programs; PIDPROOF_MAY_SKIP=tools leaves this out"
    );
    let profile = format!("fixtures/port/{state}/pidproof.toml");
    let args = [&["run", "--subject", &profile, "--json", "-"], more].concat();
    let (code, told, said) = pidproof(&args);
    let mut broken = BTreeSet::new();
    for line in told.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        for gap in record["mismatches"].as_array().into_iter().flatten() {
            broken.insert(gap["rule"].as_str().unwrap().to_owned());
        }
    }
    (code, broken, said)
}

fn last() {
    let cases = some_of_core();
    let cases: Vec<&str> = cases.iter().map(String::as_str).collect();
    let (code, broken, said) = judged("last", &[&["--exact"], &cases[..]].concat());
    assert_eq!((code, broken), (0, BTreeSet::new()), "{said}");
}

fn first() {
    let cases = some_of_core();
    let cases: Vec<&str> = cases.iter().map(String::as_str).collect();
    let (code, broken, said) = judged("first", &[&["--exact"], &cases[..]].concat());
    assert_eq!(code, 1, "{said}");
    let shown = broken_in_the_guide();
    let new: Vec<_> = broken.difference(&shown).collect();
    assert!(new.is_empty(), "the guide does not show {new:?} as broken");
    // Not each of these cases shows each rule; most of them must.
    assert!(broken.len() * 5 > shown.len() * 4, "only {broken:?}");
}

fn whole() {
    let (code, broken, said) = judged("last", &["--level", "core"]);
    assert_eq!((code, broken), (0, BTreeSet::new()), "{said}");
    let (code, broken, said) = judged("first", &["--level", "core"]);
    assert_eq!((code, broken), (1, broken_in_the_guide()), "{said}");
}

/// The rules that the guide's table shows as broken by the first state. All hold in the last.
fn broken_in_the_guide() -> BTreeSet<String> {
    let guide = guide();
    let rows = guide.lines().filter_map(|line| {
        let mut words = line.strip_prefix("    ")?.split_whitespace();
        let rule = words.next().filter(|rule| rule.contains('-'))?;
        Some((rule.to_owned(), words.next()?, words.next()?, words.next()))
    });
    let rows: Vec<_> = rows
        .filter(|(_, _, last, more)| *last == "ok" && more.is_none())
        .collect();
    assert!(rows.len() > 40, "the guide's table: {rows:?}");
    rows.iter()
        .filter(|(_, first, ..)| first.contains('/'))
        .map(|(rule, ..)| rule.clone())
        .collect()
}

/// Each line of its diffs stands in the file that the diff is of: what is taken out in the first state, what comes in and what
/// stays in the last.
fn the_guide_is_true() {
    let read = |state: &str, file: &str| {
        let path = root().join("fixtures/port").join(state).join(file);
        std::fs::read_to_string(path).unwrap()
    };
    let guide = guide();
    let mut diffs = 0;
    for block in guide.split("```diff\n").skip(1) {
        let block = block.split("```").next().unwrap();
        let file = block
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("# "));
        let file =
            file.unwrap_or_else(|| panic!("the first line of a diff names its file:\n{block}"));
        let (old, new) = (read("first", file), read("last", file));
        for line in block.lines().skip(1) {
            let (text, states) = match line.split_at_checked(1) {
                Some(("-", text)) => (text, vec![("first", &old)]),
                Some(("+", text)) => (text, vec![("last", &new)]),
                Some((" ", text)) => (text, vec![("first", &old), ("last", &new)]),
                _ => continue,
            };
            for (state, whole) in states {
                assert!(
                    text.trim() == "..." || whole.lines().any(|there| there == text),
                    "docs/porting.md shows a line that does not stand in {state}/{file}: {text}"
                );
            }
        }
        diffs += 1;
    }
    assert!(diffs >= 5, "{diffs} diffs");
}
