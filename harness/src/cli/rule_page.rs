//! `pidproof list --rules --markdown`: the rules as a page.

use std::collections::BTreeMap;

use crate::scenario::model::Case;
use crate::scenario::rules::Rule;

const HEAD: &str = "\
# The rules

What each asks, what for, where it was seen to be broken, and the scenarios that judge it. Reports are named as
owner/repository#number. What levels and words mean stands in [contract.md](contract.md). This page is printed by
`pidproof list --rules --markdown` from `scenarios/rules.toml`, which is where to change it.";

/// Its lines, each a paragraph or more.
pub(super) fn page<'a>(rules: impl Iterator<Item = &'a Rule>, cases: &[&Case]) -> Vec<String> {
    let mut page = vec![HEAD.to_owned()];
    let mut family = "";
    for rule in rules {
        if rule.family() != family {
            family = rule.family();
            page.push(format!("\n## {family}"));
        }
        page.push(format!("\n### {} ({})", rule.id, rule.level.word()));
        page.push(format!("\n{}", rule.statement));
        for (word, text) in [("Why", &rule.why), ("Seen", &rule.seen)] {
            if let Some(text) = text {
                page.push(format!("\n*{word}:* {text}"));
            }
        }
        page.push(format!("\n*Judged by:* {}", judges(rule, cases)));
    }
    page
}

/// Its scenarios, each once, with a way to the file.
fn judges(rule: &Rule, cases: &[&Case]) -> String {
    let of_rule = cases.iter().filter(|case| case.rules.contains(&rule.id));
    let scenarios: BTreeMap<&str, &str> = of_rule
        .map(|case| {
            let name = case.id.split(':').next().unwrap_or(&case.id);
            (name, case.file.as_str())
        })
        .collect();
    if scenarios.is_empty() {
        return "no scenario yet".to_owned();
    }
    let links: Vec<String> = scenarios
        .iter()
        .map(|(name, file)| format!("[{name}](../{file})"))
        .collect();
    links.join(", ")
}
