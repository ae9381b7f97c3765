//! What can be typed.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use super::about::{Completions, Man};
use super::bisect::Bisect;
use super::diff::Diff;
use super::explore::Explore;
use super::matrix::Matrix;
use super::provision::Provision;
use super::replay::Replay;
use super::repro::Repro;
use super::results::Reports;
use super::shell::Shell;
use super::verify::Verify;
use crate::scenario::model::{Level, Tier};

/// Judges pidfile semantics of real server processes, from outside.
#[derive(Debug, Parser)]
#[command(name = "pidproof", version, after_help = EXIT_CODES)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Command,
}

const EXIT_CODES: &str = "Exit status: 0 as expected, 1 a rule is broken, 2 usage or scenario error, \
3 the subject does not start or the host is unfit, 4 nothing selected, 130 interrupted.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write a profile, a deviations file and a CI job for a server of one's own, and try to start it
    Init(Init),
    /// Run cases and judge the subject
    Run(Run),
    /// Write what the subject does otherwise today as deviations, for you to explain
    Baseline(Baseline),
    /// List cases without running them
    List(List),
    /// Say what a rule asks and which scenarios judge it
    Explain(Explain),
    /// Check scenario files without running them
    Check(Check),
    /// Say what this host can do, and what it lacks
    Doctor,
    /// Judge the suite: it must catch servers that are known to be wrong
    SelfTest(SelfTest),
    /// Run random sequences of actions, judged by a model of the contract
    Model(Model),
    /// Run a few processes in every order of their system calls
    Explore(Explore),
    /// Run one order of an exploration again
    Replay(Replay),
    /// Print a shell script that shows what a case shows, without pidproof
    Repro(Repro),
    /// Run a case up to a step and give a shell in its live world
    Shell(Shell),
    /// Set up releases of a package ahead of time, several at once
    Provision(Provision),
    /// Find the release with which a rule was lost, or came
    Bisect(Bisect),
    /// Say what changed between two runs, regressions first
    Diff(Diff),
    /// Show rules against subjects, from the results of several runs
    Matrix(Matrix),
    /// See whether a claim that `run --claim` wrote is so
    Verify(Verify),
    /// Print the JSON Schema of a file that pidproof reads or writes
    Schema(Schema),
    /// Print what a shell completes words with
    Completions(Completions),
    /// Print the manual page, as roff
    Man(Man),
}

#[derive(Debug, ClapArgs)]
pub(super) struct Schema {
    /// Of which file
    pub(super) of: SchemaOf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum SchemaOf {
    /// The results of a run: each line of what `run --json` writes
    Results,
    /// What `run --claim` writes
    Claim,
    /// A scenario file
    Scenario,
    /// A profile: how a subject is started
    Profile,
    /// A file of known deviations
    Deviations,
}

/// Which cases.
#[derive(Debug, Default, Clone, ClapArgs)]
pub(super) struct Select {
    /// Part of a case's id, or a glob over all of it; each must match something. `run` takes scenario
    /// files (*.toml) too
    pub filter: Vec<String>,
    /// Filters are whole ids
    #[arg(long)]
    pub exact: bool,
    /// Only cases that judge this rule
    #[arg(long, value_name = "RULE")]
    pub rule: Vec<String>,
    /// Only cases that judge a rule of this family, such as LEG
    #[arg(long, value_name = "FAMILY")]
    pub family: Vec<String>,
    /// Only cases of this level
    #[arg(long)]
    pub level: Option<LevelArg>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LevelArg {
    Core,
    Hardened,
}

impl From<LevelArg> for Level {
    fn from(arg: LevelArg) -> Self {
        match arg {
            LevelArg::Core => Self::Core,
            LevelArg::Hardened => Self::Hardened,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TierArg {
    Plain,
    Namespaces,
    Ids,
}

impl From<TierArg> for Tier {
    fn from(arg: TierArg) -> Self {
        match arg {
            TierArg::Plain => Self::Plain,
            TierArg::Namespaces => Self::Namespaces,
            TierArg::Ids => Self::Ids,
        }
    }
}

/// Where cases come from.
#[derive(Debug, ClapArgs)]
pub(super) struct Source {
    /// What to judge: a profile (*.toml), a release such as memtomem@0.1.25, or `reference`. Without it,
    /// ./pidproof.toml where there is one, else the reference
    #[arg(long, value_name = "SUBJECT")]
    pub(super) subject: Option<String>,
    /// Scenarios of one's own instead of the built-in ones
    #[arg(long, value_name = "DIR")]
    pub(super) scenarios: Option<PathBuf>,
}

/// Commands to judge, without any profile.
#[derive(Debug, ClapArgs)]
pub(super) struct Direct {
    /// The command that belongs to the server, with its arguments; without a server it is judged alone
    #[arg(long, value_name = "COMMAND", conflicts_with = "subject")]
    pub(super) cli: Option<String>,
    /// The server to judge, with its arguments
    #[arg(last = true, value_name = "SERVER", conflicts_with = "subject")]
    pub(super) server: Vec<String>,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Run {
    #[command(flatten)]
    pub(super) select: Select,
    #[command(flatten)]
    pub(super) source: Source,
    #[command(flatten)]
    pub(super) direct: Direct,
    /// How many cases run at once; two a core by default
    #[arg(short, long, value_name = "N")]
    pub(super) jobs: Option<usize>,
    /// Keep the evidence of failed cases below target/pidproof-kept
    #[arg(long)]
    pub(super) keep: bool,
    /// Also the cases that start releases of packages beside the subject: seconds each, and the registry is
    /// asked once
    #[arg(long)]
    pub(super) releases: bool,
    /// Also the sweeps: something done at every system call of the subject, some thousand cases
    #[arg(long)]
    pub(super) sweeps: bool,
    /// Use no more than this tier of isolation
    #[arg(long, value_name = "TIER")]
    pub(super) tier: Option<TierArg>,
    /// A skipped case is a failure; the default where CI is set
    #[arg(long)]
    pub(super) must_run: bool,
    /// With --must-run: cases that may be skipped all the same (part of the id, or a glob)
    #[arg(long, value_name = "FILTER")]
    pub(super) may_skip: Vec<String>,
    /// Only what was not as expected the last time that this subject was judged by these scenarios
    #[arg(long)]
    pub(super) failed: bool,
    /// Judge as if nothing were known of the subject: what its deviations pin is a failure
    #[arg(long, conflicts_with = "claim")]
    pub(super) no_deviations: bool,
    #[command(flatten)]
    pub(super) reports: Reports,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Init {
    /// The server's command line, as for a shell
    #[arg(long, value_name = "COMMAND", required_unless_present = "cli")]
    pub(super) server: Option<String>,
    /// The command line of the command that belongs to it
    #[arg(long, value_name = "COMMAND")]
    pub(super) cli: Option<String>,
    /// Where to write
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(super) dir: PathBuf,
    /// What the project's CI is
    #[arg(long, value_name = "CI", default_value = "github")]
    pub(super) ci: CiArg,
    /// Replace files that are there; a deviations file with entries in it stays all the same
    #[arg(long)]
    pub(super) force: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CiArg {
    /// A workflow of GitHub Actions
    Github,
    /// A job to include in GitLab's configuration
    Gitlab,
    /// None, or another
    None,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Baseline {
    #[command(flatten)]
    pub(super) select: Select,
    #[command(flatten)]
    pub(super) source: Source,
    #[command(flatten)]
    pub(super) direct: Direct,
    /// The deviations file to write: what holds in it stays as it is. Without it, its text goes to standard output
    #[arg(long, value_name = "FILE")]
    pub(super) write: Option<PathBuf>,
    /// How many cases run at once; two a core by default
    #[arg(short, long, value_name = "N")]
    pub(super) jobs: Option<usize>,
    /// Also the cases that start releases of packages beside the subject
    #[arg(long)]
    pub(super) releases: bool,
    /// Use no more than this tier of isolation
    #[arg(long, value_name = "TIER")]
    pub(super) tier: Option<TierArg>,
}

#[derive(Debug, ClapArgs)]
pub(super) struct List {
    #[command(flatten)]
    pub(super) select: Select,
    #[command(flatten)]
    pub(super) source: Source,
    /// Rule by rule: how many cases judge it, and the scenarios they come from
    #[arg(long)]
    pub(super) rules: bool,
    /// With --rules: as the page docs/rules.md, with what each rule asks, what for, and where it was seen to be broken
    #[arg(long, requires = "rules")]
    pub(super) markdown: bool,
    /// The points of the sweeps that match, and nothing else: each sweep's steps are run once to find them
    #[arg(long, conflicts_with = "rules")]
    pub(super) points: bool,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Explain {
    /// A rule such as PID-7
    #[arg(required = true)]
    pub(super) rule: Vec<String>,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Check {
    /// Scenario files
    #[arg(required = true)]
    pub(super) file: Vec<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(super) struct SelfTest {
    /// Only these defects; nothing is then said of rules and scenarios as such
    pub(super) defect: Vec<String>,
    /// Run every scenario on every defect, not only those of the rules it is said to break; with --mutants
    /// every case, not only the first of each scenario
    #[arg(long)]
    pub(super) all: bool,
    /// Hunt the mutants of an executable that `.ci/mutants` built; DEFECT is then part of a name
    #[arg(long, conflicts_with = "list")]
    pub(super) mutants: bool,
    /// List the defects and run nothing
    #[arg(long)]
    pub(super) list: bool,
    /// How many cases run at once; two a core by default
    #[arg(short, long, value_name = "N")]
    pub(super) jobs: Option<usize>,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Model {
    /// What to judge: `reference`, or a release such as memtomem@0.1.25
    #[arg(long, default_value = "reference", value_name = "SUBJECT")]
    pub(super) subject: String,
    /// How many sequences
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub(super) sequences: usize,
    /// The same seed makes the same sequences
    #[arg(long, default_value_t = 1, value_name = "S")]
    pub(super) seed: u64,
    /// How many actions a sequence has: one to twice as many, this many in the middle
    #[arg(long, default_value_t = 12, value_name = "L")]
    pub(super) length: usize,
    /// Stop after so many different findings
    #[arg(long, default_value_t = 3, value_name = "N")]
    pub(super) findings: usize,
    /// Write the scenario of each finding to a file in this directory
    #[arg(long, value_name = "DIR")]
    pub(super) write: Option<PathBuf>,
    /// How many sequences run at once; two a core by default
    #[arg(short, long, value_name = "N")]
    pub(super) jobs: Option<usize>,
}
