//! The suite as a test target: each case is a test of its own, for `cargo nextest run`.

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};

use super::Exit;
use crate::judge::Verdict;
use crate::report::failure;
use crate::scenario::load::Library;
use crate::scenario::model::{Case, Tier};
use crate::scenario::rules::Rules;
use crate::subject::{self, Subject};
use crate::suite::{Interrupt, find_host, patience, run_one};
use crate::world::Host;

/// The subject to judge, as after `--subject`.
const SUBJECT: &str = "PIDPROOF_SUBJECT";

/// Where CI is set a case that cannot run here fails, unless it needs the tier that this names.
const MAY_SKIP: &str = "PIDPROOF_MAY_SKIP";

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
    let usage = |e: &dyn std::fmt::Display| (Exit::Usage, e.to_string());
    let parameters = subject::parameters(&spec).map_err(|e| usage(&e))?;
    let fixtures = pidproof_fixtures::names();
    let library = match &arguments.filter {
        Some(id) if arguments.exact => Library::of_case(id, &parameters, fixtures),
        Some(_) | None => Library::load(None, &parameters, fixtures),
    };
    let Library { rules, scenarios } = library.map_err(|e| usage(&e))?;
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
    let may_skip = may_skip()?;
    let shared = Arc::new((rules, host, spec));
    Ok(cases
        .into_iter()
        .map(|case| {
            let named = may_skip.is_some_and(|tier| case.needs >= tier);
            let skipped = shared.1.place(&case).is_err() && (named || !must_run);
            let (shared, id) = (Arc::clone(&shared), case.id.clone());
            Trial::test(id, move || {
                let (rules, host, spec) = &*shared;
                judge(&case, rules, host, spec)
            })
            .with_ignored_flag(skipped)
        })
        .collect())
}

/// The least tier that may be missing, where one is named.
fn may_skip() -> Result<Option<Tier>, (Exit, String)> {
    let Ok(word) = std::env::var(MAY_SKIP) else {
        return Ok(None);
    };
    let tiers = [Tier::Namespaces, Tier::Ids];
    match tiers.iter().find(|tier| tier.word() == word) {
        Some(tier) => Ok(Some(*tier)),
        None => Err((
            Exit::Usage,
            format!("{MAY_SKIP} is `{word}`, which is neither `namespaces` nor `ids`"),
        )),
    }
}

/// Runs one case. The subject is provisioned here, and never while listing.
fn judge(case: &Case, rules: &Rules, host: &Host, spec: &str) -> Result<(), Failed> {
    let subject: Subject = subject::find(spec).map_err(|e| e.to_string())?;
    let interrupt = Interrupt::default();
    let patience = patience(&subject.commands, host, &interrupt)
        .map_err(|why| format!("{} does not start here\n{why}", subject.name))?;
    let result = run_one(case, host, &subject.commands, patience, &interrupt)
        .ok_or("the run was interrupted")?;
    match &result.verdict {
        Verdict::Pass | Verdict::Deviates(_) => Ok(()),
        Verdict::Fail(_)
        | Verdict::TimedOut(_)
        | Verdict::Stale(_)
        | Verdict::Skip(_)
        | Verdict::Broken(_) => {
            let variable = if spec == "reference" {
                String::new()
            } else {
                format!("{SUBJECT}={spec} ")
            };
            let rerun = format!("{variable}cargo nextest run -E 'test(={})'", case.id);
            Err(failure(&result, rules, &rerun, None).into())
        }
    }
}
