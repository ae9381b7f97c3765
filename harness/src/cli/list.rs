//! `pidproof list`.

use std::collections::BTreeMap;

use super::args::{List, Select};
use super::out::say;
use super::select::{Also, select};
use super::{Exit, Failure, Selection, rule_page, sweeps, which};
use crate::report::n_cases;
use crate::scenario::model::Case;
use crate::scenario::rules::Rule;
use crate::subject;

pub(super) fn list(args: &List) -> Result<Exit, Failure> {
    let outline = subject::outline(which::spec(&args.source))?;
    let library = crate::scenario::load::Library::load(
        args.source.scenarios.as_deref(),
        &outline.parameters,
        subject::programs(),
    )?;
    let all = Also {
        releases: true,
        sweeps: true,
    };
    let Selection { cases, .. } = select(&library, &args.select, all)?;
    if args.points {
        return sweeps::list(args, &cases);
    }
    if args.rules {
        let asked = |rule: &Rule| {
            let Select {
                rule: ids,
                family,
                level,
                ..
            } = &args.select;
            (ids.is_empty() || ids.contains(&rule.id))
                && (family.is_empty() || family.iter().any(|f| f == rule.family()))
                && level.is_none_or(|level| rule.level == level.into())
        };
        let rules = library.rules.iter().filter(|rule| asked(rule));
        if args.markdown {
            rule_page::page(rules, &cases).iter().for_each(say);
        } else {
            rules.for_each(|rule| by_rule(rule, &cases));
        }
        return Ok(Exit::AsExpected);
    }
    for case in &cases {
        say(format_args!(
            "{}  [{}] {}, {}{}{}",
            case.id,
            case.rules.join(" "),
            case.level.word(),
            case.needs.word(),
            match (case.needs_releases(), &case.sweep) {
                (true, _) => ", only with --releases",
                (_, Some(_)) => ", a sweep: only with --sweeps",
                (false, None) => "",
            },
            match outline.reach.leaves_out(case) {
                Some(why) => format!(", not for this subject: {why}"),
                None => String::new(),
            }
        ));
    }
    Ok(Exit::AsExpected)
}

/// A rule with its scenarios; one that nothing judges is marked.
fn by_rule(rule: &Rule, cases: &[&Case]) {
    let mut scenarios: BTreeMap<&str, usize> = BTreeMap::new();
    for case in cases.iter().filter(|case| case.rules.contains(&rule.id)) {
        let scenario = case.id.split(':').next().unwrap_or(&case.id);
        *scenarios.entry(scenario).or_default() += 1;
    }
    let total: usize = scenarios.values().sum();
    let mark = if total == 0 { "  NO SCENARIO" } else { "" };
    say(format_args!(
        "{} ({}): {}{mark}",
        rule.id,
        rule.level.word(),
        n_cases(total)
    ));
    for (scenario, count) in scenarios {
        say(format_args!("  {count:4}  {scenario}"));
    }
}
