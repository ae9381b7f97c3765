//! `pidproof repro`.

use std::collections::BTreeMap;

use clap::Args as ClapArgs;

use super::args::{Select, Source};
use super::out::say;
use super::run::files;
use super::select::{is_point_of, matching};
use super::{Exit, Failure, which};
use crate::repro::{Cast, NoScript, script};
use crate::scenario::load::Library;
use crate::scenario::model::Case;
use crate::subject;
use crate::suite::ROLE;

#[derive(Debug, ClapArgs)]
pub(super) struct Repro {
    /// The case's whole id; a scenario file (*.toml) before it is where it comes from
    #[arg(required = true, value_name = "CASE")]
    pub(super) case: Vec<String>,
    #[command(flatten)]
    pub(super) source: Source,
}

pub(super) fn repro(args: &Repro) -> Result<Exit, Failure> {
    let subject = subject::find(which::spec(&args.source))?;
    let (library, chosen) = library(&args.source, &args.case, &subject.parameters)?;
    let case = one(&library, &chosen.filter)?;
    which::asked(vec![case], &subject.reach, &library)?;
    let mut beside = BTreeMap::new();
    for (name, other) in &case.beside {
        beside.insert(name.clone(), subject::find_beside(&other.spec)?.commands);
    }
    let exe = std::env::current_exe()
        .map_err(|e| Failure::CannotJudge(format!("finding this executable: {e}")))?;
    let cast = Cast {
        subject: &subject.name,
        judged: &subject.commands,
        beside: &beside,
        exe: &exe.to_string_lossy(),
        role: ROLE,
    };
    let rerun = rerun(args, case);
    match script(case, &cast, &rerun) {
        Ok(text) => {
            say(text.trim_end());
            Ok(Exit::AsExpected)
        }
        Err(why) => Err(Failure::CannotJudge(format!(
            "no script of {}: {why}",
            case.id
        ))),
    }
}

/// Where cases come from: the built-in scenarios, those of a directory, or the files among the words.
pub(super) fn library(
    source: &Source,
    words: &[String],
    parameters: &crate::scenario::matrix::Values,
) -> Result<(Library, Select), Failure> {
    let select = Select {
        filter: words.to_vec(),
        exact: true,
        ..Select::default()
    };
    let (paths, chosen) = files(&select);
    let programs = subject::programs();
    let library = match (paths.as_slice(), &source.scenarios) {
        ([], dir) => Library::load(dir.as_deref(), parameters, programs)?,
        (paths, None) => Library::of_files(paths, parameters, programs)?,
        (_, Some(_)) => return Err(Failure::FilesAndDir),
    };
    Ok((library, chosen))
}

/// The one case that is meant: by its id, or the only one there is.
pub(super) fn one<'a>(library: &'a Library, filter: &[String]) -> Result<&'a Case, Failure> {
    let all: Vec<&Case> = library.cases().collect();
    let chosen = matching(&all, filter, true)?;
    match chosen.as_slice() {
        [case] if filter.iter().any(|id| is_point_of(case, id)) => Err(Failure::CannotJudge(
            format!("no script of {}: {}", filter.join(" "), NoScript::Sweep),
        )),
        [case] => Ok(case),
        _ => Err(Failure::OneCase(chosen.len())),
    }
}

fn rerun(args: &Repro, case: &Case) -> String {
    let mut words = vec!["pidproof".to_owned(), "run".into(), "--exact".into()];
    words.extend(args.case.iter().filter(|w| w.ends_with(".toml")).cloned());
    words.push(case.id.clone());
    let subject = which::spec(&args.source);
    if subject != "reference" {
        words.extend(["--subject".into(), subject.to_owned()]);
    }
    if let Some(dir) = &args.source.scenarios {
        words.extend(["--scenarios".into(), dir.display().to_string()]);
    }
    if case.needs_releases() {
        words.push("--releases".into());
    }
    shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" "))
}
