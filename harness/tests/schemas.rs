//! The published schemas say what the parser says: of every file there is, and of wrong ones.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use jsonschema::Validator;
use serde_json::Value;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn schema(of: &str) -> Validator {
    let output = Command::new(env!("CARGO_BIN_EXE_pidproof"))
        .args(["schema", of])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    jsonschema::validator_for(&serde_json::from_slice(&output.stdout).unwrap()).unwrap()
}

fn json(text: &str) -> Value {
    serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap()
}

/// The files below a folder whose names end like that.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for item in fs::read_dir(folder).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found
}

#[track_caller]
fn all_are_valid(schema: &Validator, files: &[PathBuf]) {
    for path in files {
        let value = json(&fs::read_to_string(path).unwrap());
        let errors: Vec<String> = schema
            .iter_errors(&value)
            .map(|e| format!("{}: {}: {e}", path.display(), e.instance_path()))
            .collect();
        assert_eq!(errors, [""; 0]);
    }
}

#[test]
fn every_file_there_is_follows_its_schema() {
    let root = Path::new(ROOT);
    let mut scenarios = files(&root.join("scenarios"), ".toml");
    scenarios.retain(|path| path.parent() != Some(&root.join("scenarios")));
    assert!(scenarios.len() > 150, "only {} scenarios", scenarios.len());
    all_are_valid(&schema("scenario"), &scenarios);
    let (deviations, profiles): (Vec<_>, Vec<_>) = files(&root.join("fixtures/profiles"), ".toml")
        .into_iter()
        .partition(|path| path.to_string_lossy().ends_with(".deviations.toml"));
    assert!(!deviations.is_empty() && !profiles.is_empty());
    all_are_valid(&schema("profile"), &profiles);
    all_are_valid(&schema("deviations"), &deviations);
}

#[test]
fn the_scenarios_of_the_documentation_follow_it() {
    let schema = schema("scenario");
    let text = fs::read_to_string(Path::new(ROOT).join("docs/scenario-format.md")).unwrap();
    let blocks = text.split("```toml\n").skip(1);
    let whole = blocks.filter_map(|rest| rest.split("```").next());
    let mut seen = 0;
    for block in whole.filter(|block| block.starts_with("title")) {
        assert!(schema.is_valid(&json(block)), "{block}");
        seen += 1;
    }
    assert!(seen > 5, "only {seen}");
}

const GOOD: &str = "title = \"x\"\nrules = [\"PID-1\"]\n[[step]]\nspawn = \"s\"\nrole = \"server\"\n[[step]]\nhandshake = \"s\"\n";

/// Each with one mistake.
const WRONG_SCENARIOS: [(&str, &str, &str); 16] = [
    ("an unknown verb", "handshake = \"s\"", "handshaek = \"s\""),
    (
        "an unknown key of a step",
        "role = ",
        "rule = \"PID-1\"\nrole = \"server\"\nroel = ",
    ),
    (
        "an unknown key of the header",
        "title",
        "titel = \"y\"\ntitle",
    ),
    ("a title that is a number", "title = \"x\"", "title = 1"),
    ("no title", "title = \"x\"\n", ""),
    ("no rules", "rules = [\"PID-1\"]\n", ""),
    ("rules that are no array", "[\"PID-1\"]", "\"PID-1\""),
    ("no role", "role = \"server\"\n", ""),
    ("an unknown role", "\"server\"", "\"sever\""),
    (
        "a flag that is a string",
        "handshake = \"s\"",
        "handshake = \"s\"\nrefused = \"yes\"",
    ),
    (
        "a mode that is a number",
        "role = \"server\"",
        "role = \"server\"\numask = 22",
    ),
    (
        "a mode that is not octal",
        "role = \"server\"",
        "role = \"server\"\numask = \"0888\"",
    ),
    (
        "a word that is none",
        "handshake = \"s\"",
        "signal = \"s\"\nsend = \"TREM\"",
    ),
    (
        "a table with an unknown key",
        "handshake = \"s\"",
        "expect = \"s\"\nstderr.contain = [\"x\"]",
    ),
    (
        "an unknown tier",
        "[[step]]\nspawn",
        "needs = \"root\"\n[[step]]\nspawn",
    ),
    ("no step", GOOD, "title = \"x\"\nrules = [\"PID-1\"]\n"),
];

#[test]
fn a_wrong_scenario_is_refused_by_parser_and_schema() {
    let schema = schema("scenario");
    let dir = tempfile::tempdir().unwrap();
    let refused = |text: &str| {
        let path = dir.path().join("it.toml");
        fs::write(&path, text).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_pidproof"))
            .arg("check")
            .arg(&path)
            .output()
            .unwrap();
        output.status.code() == Some(2)
    };
    assert!(!refused(GOOD) && schema.is_valid(&json(GOOD)));
    for (what, from, to) in WRONG_SCENARIOS {
        assert!(GOOD.contains(from), "{what}");
        let text = GOOD.replacen(from, to, 1);
        assert!(refused(&text), "the parser takes {what}:\n{text}");
        assert!(
            !schema.is_valid(&json(&text)),
            "the schema takes {what}:\n{text}"
        );
    }
}

#[test]
fn a_wrong_profile_and_wrong_deviations_are_refused_by_both() {
    let profile = "server = [\"sh\"]\ndeviations = \"d.toml\"\n";
    let entry = "[[deviation]]\ncases = [\"*\"]\ncheck = \"PID-1\"\nfound = \"x\"\nkind = \"bug\"\nreason = \"it is so\"\n";
    let dir = tempfile::tempdir().unwrap();
    let refused = |profile: &str, deviations: &str| {
        fs::write(dir.path().join("p.toml"), profile).unwrap();
        fs::write(dir.path().join("d.toml"), deviations).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_pidproof"))
            .args(["list", "--subject"])
            .arg(dir.path().join("p.toml"))
            .output()
            .unwrap();
        output.status.code() == Some(2)
    };
    let (profiles, deviations) = (schema("profile"), schema("deviations"));
    assert!(!refused(profile, entry));
    assert!(profiles.is_valid(&json(profile)) && deviations.is_valid(&json(entry)));
    for (what, from, to) in [
        ("an unknown key", "server", "cil = [\"x\"]\nserver"),
        ("a command that is a string", "[\"sh\"]", "\"sh\""),
        ("a command of nothing", "[\"sh\"]", "[]"),
        ("an unknown readiness", "server", "ready = \"soon\"\nserver"),
        ("a table that is none", "server", "env = \"x\"\nserver"),
        (
            "a rule left out for nothing",
            "server",
            "does-not-apply = [{ rule = \"LEG\" }]\nserver",
        ),
    ] {
        let text = profile.replacen(from, to, 1);
        assert!(refused(&text, entry), "the parser takes {what}:\n{text}");
        assert!(!profiles.is_valid(&json(&text)), "the schema takes {what}");
    }
    for (what, from, to) in [
        ("an unknown key", "check", "chekc = \"x\"\ncheck"),
        ("no check", "check = \"PID-1\"\n", ""),
        ("an unknown kind", "\"bug\"", "\"bugs\""),
        ("cases that are no array", "[\"*\"]", "\"*\""),
        ("no cases", "[\"*\"]", "[]"),
    ] {
        let text = entry.replacen(from, to, 1);
        assert!(refused(profile, &text), "the parser takes {what}:\n{text}");
        assert!(
            !deviations.is_valid(&json(&text)),
            "the schema takes {what}"
        );
    }
}
