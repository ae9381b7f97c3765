//! The rules, their reasons and their scenarios stay in step.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use pidproof::scenario::load::Library;
use pidproof::scenario::model::{Action, Injected, Injection, Step};

fn library() -> Library {
    Library::load(None, &Vec::new(), pidproof::subject::programs()).unwrap()
}

#[test]
fn every_rule_has_its_why() {
    for rule in library().rules.iter() {
        assert!(rule.why.is_some(), "{} has no why", rule.id);
    }
}

#[test]
fn the_page_of_the_rules_says_what_the_command_says() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/rules.md");
    let said = Command::new(env!("CARGO_BIN_EXE_pidproof"))
        .args(["list", "--rules", "--markdown"])
        .output()
        .unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(
        fs::read_to_string(page).unwrap() == said,
        "it is old: pidproof list --rules --markdown > docs/rules.md"
    );
}

#[test]
fn every_family_has_a_scenario_and_every_scenario_a_rule() {
    let library = library();
    let judged: BTreeSet<&str> = library
        .cases()
        .flat_map(|case| case.rules.iter().map(String::as_str))
        .collect();
    for rule in library.rules.iter() {
        let family = rule.family();
        assert!(
            judged
                .iter()
                .any(|id| id.starts_with(&format!("{family}-"))),
            "family {family} has no scenario"
        );
    }
    for case in library.cases() {
        assert!(!case.rules.is_empty(), "{} judges no rule", case.id);
    }
}

#[test]
fn every_rule_of_a_case_is_judged_by_one_of_its_steps() {
    let library = library();
    let mut idle = BTreeSet::new();
    for case in library.cases() {
        for rule in &case.rules {
            if !judges(&case.steps, rule) {
                idle.insert(format!("{} names {rule} and never judges it", case.file));
            }
        }
    }
    assert!(idle.is_empty(), "{idle:#?}");
}

/// Whether a step, or one that is done while a call is held, speaks of the rule.
fn judges(steps: &[Step], rule: &str) -> bool {
    steps.iter().any(|step| {
        let held = if let Action::Inject(Injection {
            what: Injected::Pause { steps },
            ..
        }) = &step.action
        {
            steps.as_slice()
        } else {
            &[]
        };
        step.rule == rule || judges(held, rule)
    })
}
