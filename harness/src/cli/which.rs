//! Which subject is meant, and which of the chosen cases can be asked of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Failure;
use super::args::{Direct, Source};
use crate::engine::Evidence;
use crate::judge::Verdict;
use crate::scenario::load::{Library, LoadError};
use crate::scenario::model::Case;
use crate::scenario::reach::Reach;
use crate::subject::{self, Subject};
use crate::suite::CaseResult;

/// The profile that is judged where it stands in the working directory and nothing else is named.
pub(super) const HERE: &str = "pidproof.toml";

/// What is meant by `--subject`, or by nothing.
pub(super) fn spec(source: &Source) -> &str {
    match &source.subject {
        Some(spec) => spec,
        None if std::path::Path::new(HERE).is_file() => HERE,
        None => "reference",
    }
}

/// The subject that was asked for.
///
/// # Errors
/// Why there is no such subject here.
pub(super) fn find(source: &Source, direct: &Direct) -> Result<Subject, Failure> {
    let cli = words(direct.cli.as_deref())?;
    if direct.server.is_empty() && cli.is_empty() {
        return Ok(subject::find(spec(source))?);
    }
    Ok(subject::direct(&direct.server, &cli)?)
}

/// What is meant, as it was typed: for a run that ends before the subject is found.
pub(super) fn asked_for(source: &Source, direct: &Direct) -> String {
    match (direct.server.as_slice(), &direct.cli) {
        ([], None) => spec(source).to_owned(),
        ([], Some(cli)) => cli.clone(),
        (server, _) => server.join(" "),
    }
}

/// A command line as a shell would split it; no words where there is none.
pub(super) fn words(line: Option<&str>) -> Result<Vec<String>, Failure> {
    let split = |line: &str| shlex::split(line).ok_or_else(|| Failure::Quotes(line.to_owned()));
    Ok(line.map(split).transpose()?.unwrap_or_default())
}

/// Those of the cases that can be asked of a subject, and those that are left out with why.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) cases: Vec<&'a Case>,
    pub(super) out: Vec<(&'a Case, String)>,
}

/// Sorts cases by whether they can be asked of the subject.
///
/// # Errors
/// That its profile exempts what is no rule, or that none of the cases can be asked.
pub(super) fn asked<'a>(
    cases: Vec<&'a Case>,
    reach: &Reach,
    library: &Library,
) -> Result<Asked<'a>, Failure> {
    reach
        .check(&library.rules)
        .map_err(|bad| LoadError::Bad(vec![bad]))?;
    let mut asked = Asked {
        cases: Vec::new(),
        out: Vec::new(),
    };
    for case in cases {
        match reach.leaves_out(case) {
            Some(why) => asked.out.push((case, why)),
            None => asked.cases.push(case),
        }
    }
    match asked.out.first() {
        Some((_, why)) if asked.cases.is_empty() => Err(Failure::AllLeftOut {
            cases: asked.out.len(),
            why: why.clone(),
        }),
        Some(_) | None => Ok(asked),
    }
}

impl Asked<'_> {
    /// What came of those that are left out.
    pub(super) fn skips(&self) -> impl Iterator<Item = CaseResult<'_>> {
        self.out.iter().map(|(case, why)| CaseResult {
            case,
            verdict: Verdict::Skip(why.clone()),
            evidence: Evidence::default(),
            took: Duration::ZERO,
        })
    }

    /// A line for each reason: the rules of which nothing at all is judged for it.
    pub(super) fn not_judged(&self) -> Vec<String> {
        let judged: BTreeSet<&String> = self.cases.iter().flat_map(|case| &case.rules).collect();
        let mut rules: BTreeMap<&str, BTreeSet<&String>> = BTreeMap::new();
        for (case, why) in &self.out {
            let of = rules.entry(why).or_default();
            of.extend(case.rules.iter().filter(|rule| !judged.contains(rule)));
        }
        rules
            .into_iter()
            .filter(|(_, rules)| !rules.is_empty())
            .map(|(why, rules)| {
                let rules: Vec<&str> = rules.into_iter().map(String::as_str).collect();
                let why = why.split(": ").next().unwrap_or(why);
                format!("not judged: {why}: {}", rules.join(" "))
            })
            .collect()
    }
}
