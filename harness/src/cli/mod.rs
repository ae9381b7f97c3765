//! The command: what was typed, turned into what is done, turned into one exit code.

mod about;
mod args;
mod baseline;
mod beside;
mod bisect;
mod check;
mod claim;
mod complete;
mod diff;
mod doctor;
mod explain;
mod explore;
mod github;
mod init;
mod last;
mod list;
mod matrix;
mod model;
mod mutants;
mod out;
mod provision;
mod read;
mod replay;
mod repro;
mod results;
mod rule_page;
mod run;
mod schema;
mod select;
mod self_test;
mod shell;
mod sweeps;
mod target;
pub mod test_target;
mod verify;
mod which;
mod whole;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

pub use select::{Selection, SelectionError};

use crate::report::record;
use crate::scenario::deviation::Deviations;
use crate::scenario::load::{Library, LoadError};
use crate::subject::{self, Subject, SubjectError};

/// The command's exit statuses. They are frozen: scripts depend on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything is as expected.
    AsExpected,
    /// A rule is broken, or a known deviation is stale.
    Broken,
    /// Wrong usage, or a scenario with mistakes.
    Usage,
    /// The subject does not start at all, or the host is unfit.
    CannotJudge,
    /// Nothing was selected.
    Nothing,
    /// Ctrl-C.
    Interrupted,
}

impl Exit {
    /// The number.
    fn status(self) -> i32 {
        match self {
            Self::AsExpected => 0,
            Self::Broken => 1,
            Self::Usage => 2,
            Self::CannotJudge => 3,
            Self::Nothing => 4,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        u8::try_from(exit.status()).map_or(Self::FAILURE, Self::from)
    }
}

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Select(#[from] SelectionError),
    #[error(transparent)]
    Subject(#[from] SubjectError),
    #[error("{0}")]
    CannotJudge(String),
    #[error("no defect is called `{name}`; {hint}")]
    NoDefect { name: String, hint: String },
    #[error("scenario files and --scenarios exclude each other")]
    FilesAndDir,
    #[error("no rule is called `{name}`; {hint}")]
    NoRule { name: String, hint: String },
    #[error("no exploration is called `{name}`; {hint}")]
    NoExploration { name: String, hint: String },
    #[error("{path}: {why}")]
    BadSchedule { path: String, why: String },
    #[error("`{0}`: its quotes are not closed")]
    Quotes(String),
    #[error("{0} is there already, and nothing was written; --force replaces it")]
    There(String),
    #[error("nothing to judge, {} left out: {why}", crate::report::n_cases(*.cases))]
    AllLeftOut { cases: usize, why: String },
    #[error("cannot write {path}: {source}")]
    Unwritten {
        path: std::path::PathBuf,
        source: std::io::Error,
    },
    #[error("the sweep has no point `{0}`; `pidproof list --points` shows them")]
    NoPoint(String),
    #[error("the case has no step `{step}`; there are:\n{known}")]
    NoStep { step: String, known: String },
    #[error("no command is called `{name}`; there are {known}")]
    NoCommand { name: String, known: String },
    #[error("one case is meant, and these are {0}; `pidproof list` shows whole ids")]
    OneCase(usize),
    #[error("{0} is both the good and the bad release")]
    SameRelease(String),
    #[error("{0}")]
    WrongEnd(String),
    #[error("no release is meant by `{0}`; `pidproof provision --list` shows them all")]
    NoReleases(String),
    #[error("cannot write results to {path}: {source}")]
    Unopened {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{path}: {source}")]
    Unread {
        path: PathBuf,
        source: record::ReadError,
    },
    #[error("{path}: {why}")]
    NotAClaim { path: PathBuf, why: String },
    #[error("no rule is left in these results by what was asked for")]
    NoRuleLeft,
    #[error("the results in {path} are not whole: {source}")]
    Unwritable {
        path: PathBuf,
        source: std::io::Error,
    },
}

impl Failure {
    /// What stands before it: a subject that cannot be had has not failed.
    fn preface(&self) -> &'static str {
        let is_of_the_host = matches!(self, Self::Subject(error) if !error.is_usage());
        if is_of_the_host { "cannot tell: " } else { "" }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Load(_)
            | Self::NoRule { .. }
            | Self::NoDefect { .. }
            | Self::NoExploration { .. }
            | Self::BadSchedule { .. }
            | Self::FilesAndDir
            | Self::Quotes(_)
            | Self::There(_)
            | Self::OneCase(_)
            | Self::NoStep { .. }
            | Self::NoCommand { .. }
            | Self::SameRelease(_)
            | Self::WrongEnd(_)
            | Self::Unread { .. }
            | Self::NotAClaim { .. }
            | Self::Unopened { .. } => Exit::Usage,
            Self::Select(error) => error.exit(),
            Self::Subject(error) if error.is_usage() => Exit::Usage,
            Self::NoPoint(_) | Self::AllLeftOut { .. } | Self::NoReleases(_) | Self::NoRuleLeft => {
                Exit::Nothing
            }
            Self::Subject(_) => Exit::CannotJudge,
            Self::CannotJudge(_) | Self::Unwritten { .. } | Self::Unwritable { .. } => {
                Exit::CannotJudge
            }
        }
    }
}

/// Whether a command line is one that the command understands: for the tests of what documents say. Where it is only
/// `named`, as in the middle of a sentence, it may lack what it needs.
///
/// # Errors
/// What the command would say of it.
pub fn understands(words: &[String], named: bool) -> Result<(), String> {
    let name = std::iter::once("pidproof".to_owned());
    let Err(error) = args::Args::try_parse_from(name.chain(words.iter().cloned())) else {
        return Ok(());
    };
    let lacks = [
        ErrorKind::MissingRequiredArgument,
        ErrorKind::MissingSubcommand,
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
    ];
    if !error.use_stderr() || named && lacks.contains(&error.kind()) {
        return Ok(());
    }
    Err(error.to_string())
}

/// The command's `main`.
pub fn main() -> ExitCode {
    if let Some(words) = complete::asked() {
        complete::complete(&words);
        return Exit::AsExpected.into();
    }
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Help and version go to stdout and are no failure.
            let code = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::AsExpected
            };
            return match error.print() {
                Ok(()) => code.into(),
                Err(_) => Exit::Usage.into(),
            };
        }
    };
    let done = match args.command {
        args::Command::Run(run) => run::run(&run),
        args::Command::Baseline(args) => baseline::baseline(&args),
        args::Command::Init(init) => init::init(&init),
        args::Command::List(list) => list::list(&list),
        args::Command::Explain(explain) => explain::explain(&explain),
        args::Command::Check(check) => check::check(&check),
        args::Command::Doctor => doctor::doctor(),
        args::Command::SelfTest(args) => self_test::self_test(&args),
        args::Command::Model(model) => model::model(&model),
        args::Command::Explore(args) => explore::explore(&args),
        args::Command::Replay(args) => replay::replay(&args),
        args::Command::Repro(args) => repro::repro(&args),
        args::Command::Shell(args) => shell::shell(&args),
        args::Command::Completions(of) => about::completions(&of),
        args::Command::Man(of) => about::man(&of),
        args::Command::Provision(args) => provision::provision(&args),
        args::Command::Bisect(args) => bisect::bisect(&args),
        args::Command::Diff(args) => diff::diff(&args),
        args::Command::Matrix(args) => matrix::matrix(&args),
        args::Command::Verify(args) => verify::verify(&args),
        args::Command::Schema(of) => schema::schema(&of),
    };
    match done {
        Ok(exit) => exit.into(),
        Err(failure) => {
            anstream::eprintln!("pidproof: {}{failure}", failure.preface());
            failure.exit().into()
        }
    }
}

/// Holds what is known of a subject against the scenarios there are: these, and those that come with pidproof.
fn hold_against(known: &Deviations, library: &Library, is_built_in: bool) -> Result<(), LoadError> {
    let check = |builtin| known.check(library, builtin).map_err(LoadError::Bad);
    if is_built_in || known.iter().next().is_none() {
        return check(None);
    }
    let builtin = Library::load(None, &Vec::new(), subject::programs())?;
    check(Some(&builtin))
}

/// The contract and its cases for a subject.
fn library(subject: &Subject, dir: Option<&std::path::Path>) -> Result<Library, LoadError> {
    Library::load(dir, &subject.parameters, subject::programs())
}
