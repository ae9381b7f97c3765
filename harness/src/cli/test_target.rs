//! The suite as a test target: each case is a test of its own, for `cargo nextest run`.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};

use super::{Exit, beside};
use crate::judge::Verdict;
use crate::report::failure;
use crate::scenario::load::Library;
use crate::scenario::model::{Case, Tier};
use crate::scenario::rules::Rules;
use crate::subject::{self, Subject};
use crate::suite::{Interrupt, Ready, Subjects, find_host, patience, run_and_explain};
use crate::world::{Host, Unfit};

/// The subject to judge, as after `--subject`.
const SUBJECT: &str = "PIDPROOF_SUBJECT";

/// Where CI is set a case that cannot run here fails, unless what it lacks is named here: a tier, or
/// `releases` for those that are not in the cache; more than one with a comma between.
const MAY_SKIP: &str = "PIDPROOF_MAY_SKIP";

/// `1` also runs the cases that start releases of packages beside the subject.
const RELEASES: &str = "PIDPROOF_RELEASES";

/// `1` also runs the sweeps over the system calls of a subject that is not the reference: thousands of starts.
const SWEEPS: &str = "PIDPROOF_SWEEPS";

/// The test target's `main`.
pub fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    match trials(&arguments) {
        Ok(trials) => libtest_mimic::run(&arguments, trials).exit_code(),
        Err((exit, why)) => {
            anstream::eprintln!("pidproof: {why}");
            exit.into()
        }
    }
}

fn trials(arguments: &Arguments) -> Result<Vec<Trial>, (Exit, String)> {
    let spec = std::env::var(SUBJECT).unwrap_or_else(|_| "reference".into());
    let spec = from_root(spec);
    let usage = |e: &dyn std::fmt::Display| (Exit::Usage, e.to_string());
    let subject::Outline {
        parameters,
        reach,
        deviations,
    } = subject::outline(&spec).map_err(|e| usage(&e))?;
    let programs = subject::programs();
    let library = match &arguments.filter {
        Some(id) if arguments.exact => Library::of_case(id, &parameters, programs),
        Some(_) | None => Library::load(None, &parameters, programs),
    };
    let library = library.map_err(|e| usage(&e))?;
    // One case alone knows no others; listing has looked at them all.
    if !arguments.exact {
        super::hold_against(&deviations, &library, true).map_err(|e| usage(&e))?;
    }
    reach.check(&library.rules).map_err(|e| usage(&e))?;
    let Library {
        rules, scenarios, ..
    } = library;
    let cases: Vec<Case> = scenarios.into_iter().flat_map(|s| s.cases).collect();
    // What matches nothing must not look like a success: nextest trusts the status.
    let chosen = |case: &Case| match &arguments.filter {
        None => true,
        Some(filter) if arguments.exact => case.id == *filter,
        Some(filter) => case.id.contains(filter.as_str()),
    };
    if !cases.iter().any(chosen) {
        let filter = arguments.filter.as_deref().unwrap_or_default();
        return Err((Exit::Nothing, format!("no case matches `{filter}`")));
    }
    let host = find_host();
    let must_run = std::env::var_os("CI").is_some_and(|v| !v.is_empty());
    let may_skip = MaySkip::from_env()?;
    let releases = asked(RELEASES)?;
    let sweeps = asked(SWEEPS)? || spec == "reference";
    let shared = Arc::new((rules, host, spec));
    Ok(cases
        .into_iter()
        .map(|case| {
            let lacks_tier = shared
                .1
                .place(&case)
                .is_err_and(|unfit| may_skip.covers(&unfit) || !must_run);
            let lacks_release = !at_hand(&case) && may_skip.releases;
            let unasked = (case.needs_releases() && !releases) || (case.sweep.is_some() && !sweeps);
            let for_some = may_skip.if_called && case.is_for_some();
            let left_out = reach.leaves_out(&case);
            let skipped = left_out.is_some() || lacks_tier || lacks_release || unasked || for_some;
            let (shared, id) = (Arc::clone(&shared), case.id.clone());
            Trial::test(id, move || {
                // One that is run in spite of it says why it was left out.
                if let Some(why) = &left_out {
                    return Err(why.into());
                }
                let (rules, host, spec) = &*shared;
                judge(
                    &case,
                    rules,
                    host,
                    spec,
                    must_run && may_skip.tier.is_none(),
                )
            })
            .with_ignored_flag(skipped)
        })
        .collect())
}

/// A profile's relative path as it was typed in the workspace's root: test runners start their tests in the package.
fn from_root(spec: String) -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let Some(end) = spec.find(".toml").map(|at| at + ".toml".len()) else {
        return spec;
    };
    let path = Path::new(&spec[..end]);
    if path.exists() || !Path::new(root).join(path).exists() {
        return spec;
    }
    // One that is absolute replaces the root, and has been found or not found already.
    format!("{root}/{spec}")
}

/// What may be missing where nothing else may.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct MaySkip {
    /// The least tier.
    tier: Option<Tier>,
    /// Releases that are not in the cache.
    releases: bool,
    /// Programs of others.
    tools: bool,
    /// System calls that are told.
    calls: bool,
    /// What is only for a subject that makes a certain call: known by running it, which is too late here.
    if_called: bool,
}

impl MaySkip {
    fn from_env() -> Result<Self, (Exit, String)> {
        Self::parse(&std::env::var(MAY_SKIP).unwrap_or_default())
            .map_err(|why| (Exit::Usage, format!("{MAY_SKIP} {why}")))
    }

    fn parse(words: &str) -> Result<Self, String> {
        let mut may = Self::default();
        let tiers = [Tier::Namespaces, Tier::Ids];
        for word in words.split(',').map(str::trim).filter(|w| !w.is_empty()) {
            match tiers.iter().find(|tier| tier.word() == word) {
                Some(tier) => may.tier = Some(may.tier.map_or(*tier, |least| least.min(*tier))),
                None if word == "releases" => may.releases = true,
                None if word == "tools" => may.tools = true,
                None if word == "calls" => may.calls = true,
                None if word == "if-called" => may.if_called = true,
                None => {
                    return Err(format!(
                        "has `{word}`, which is none of `namespaces`, `ids`, `releases`, `tools`, `calls` and `if-called`"
                    ));
                }
            }
        }
        Ok(may)
    }

    fn covers(&self, unfit: &Unfit) -> bool {
        match unfit {
            Unfit::Tier { tier, .. } => self.tier.is_some_and(|least| *tier >= least),
            Unfit::Tool(_) => self.tools,
            Unfit::Calls(_) => self.calls,
        }
    }
}

/// Whether a variable asks for what is not run otherwise.
fn asked(variable: &str) -> Result<bool, (Exit, String)> {
    match std::env::var(variable).unwrap_or_default().as_str() {
        "" => Ok(false),
        "1" => Ok(true),
        other => Err((Exit::Usage, format!("{variable} is `{other}`, not `1`"))),
    }
}

fn at_hand(case: &Case) -> bool {
    let mut all = case.beside.values();
    all.all(|beside| !beside.release || subject::is_at_hand(&beside.spec))
}

/// Runs one case. The subject is provisioned here, and never while listing.
fn judge(
    case: &Case,
    rules: &Rules,
    host: &Host,
    spec: &str,
    all_points: bool,
) -> Result<(), Failed> {
    let subject: Subject = subject::find(spec).map_err(|e| e.to_string())?;
    for note in subject.deviations.warnings() {
        anstream::eprintln!("pidproof: {note}");
    }
    let interrupt = Interrupt::default();
    let patience = patience(&subject.commands, host, &interrupt)
        .map_err(|why| format!("{} does not start here\n{why}", subject.name))?;
    let subjects = Subjects {
        judged: Ready {
            commands: subject.commands,
            patience,
        },
        beside: beside::have([case], host, &interrupt).map_err(|e| e.to_string())?,
        known: subject.deviations,
    };
    let result =
        run_and_explain(case, host, &subjects, &interrupt).ok_or("the run was interrupted")?;
    let passed_over = &result.evidence.passed_over;
    for line in passed_over {
        anstream::eprintln!("pidproof: not run: {line}");
    }
    match &result.verdict {
        Verdict::Pass | Verdict::Deviates(_) if all_points && !passed_over.is_empty() => {
            let lines = passed_over.join("\n");
            Err(format!("not run, and nothing may be skipped: {lines}").into())
        }
        Verdict::Pass | Verdict::Deviates(_) => Ok(()),
        Verdict::Fail(_)
        | Verdict::TimedOut(_)
        | Verdict::Stale(_)
        | Verdict::Skip(_)
        | Verdict::Broken(_) => {
            let mut variables = String::new();
            if spec != "reference" {
                variables.push_str(&format!("{SUBJECT}={spec} "));
                if case.sweep.is_some() {
                    variables.push_str(&format!("{SWEEPS}=1 "));
                }
            }
            if case.needs_releases() {
                variables.push_str(&format!("{RELEASES}=1 "));
            }
            let rerun = format!("{variables}cargo nextest run -E 'test(={})'", case.id);
            Err(failure(&result, rules, &rerun, None).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_missing_is_one_word_or_more() {
        let may = |tier, releases| {
            Ok(MaySkip {
                tier,
                releases,
                tools: false,
                calls: false,
                if_called: false,
            })
        };
        assert_eq!(MaySkip::parse(""), may(None, false));
        assert_eq!(MaySkip::parse("ids"), may(Some(Tier::Ids), false));
        assert_eq!(
            MaySkip::parse("ids,releases, namespaces"),
            may(Some(Tier::Namespaces), true)
        );
        assert!(MaySkip::parse("if-called").unwrap().if_called);
        assert!(MaySkip::parse("ids;releases").is_err());
    }

    #[test]
    fn a_relative_profile_is_found_from_the_root() {
        let found = from_root("fixtures/profiles/memtomem.toml@0.1.25".to_owned());
        assert!(found.ends_with("/../fixtures/profiles/memtomem.toml@0.1.25"));
        for same in [
            "reference",
            "memtomem@0.1.25",
            "nowhere/x.toml",
            "Cargo.toml",
        ] {
            assert_eq!(from_root(same.to_owned()), same);
        }
    }
}
