//! `pidproof bisect`: the release with which a rule was lost, or came.

mod search;
mod verdict;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args as ClapArgs;

use self::search::{Answer, Seen, answer, next};
use self::verdict::Judge;
use super::args::{Select, TierArg};
use super::matrix::write;
use super::out::say;
use super::run::on_interrupt;
use super::select::{Also, select};
use super::{Exit, Failure, which};
use crate::scenario::load::Library;
use crate::scenario::model::Case;
use crate::scenario::version::Version;
use crate::subject::{self, Releases};
use crate::suite::{Interrupt, find_host};

#[derive(Debug, ClapArgs)]
pub(super) struct Bisect {
    /// A case's id, or a part of it that no other case has; with --rule any cases that judge the rule
    #[arg(value_name = "CASE", required_unless_present = "rule")]
    case: Option<String>,
    /// What holds or not is this rule, in all the cases that judge it
    #[arg(long, value_name = "RULE")]
    rule: Option<String>,
    /// A release that is as it must be; it may be the newer one, to find what mended it
    #[arg(long, value_name = "RELEASE")]
    good: Version,
    /// A release that is not
    #[arg(long, value_name = "RELEASE")]
    bad: Version,
    /// The package, by the name or the path of its profile: memtomem, own/fork.toml. Without it, ./pidproof.toml
    #[arg(long, value_name = "SUBJECT", default_value = which::HERE)]
    subject: String,
    /// Judge every release between the two, and tell each change
    #[arg(long)]
    all: bool,
    /// Scenarios of one's own instead of the built-in ones
    #[arg(long, value_name = "DIR")]
    scenarios: Option<PathBuf>,
    /// Use no more than this tier of isolation
    #[arg(long, value_name = "TIER")]
    tier: Option<TierArg>,
    /// How many cases run at once; two a core by default
    #[arg(short, long, value_name = "N")]
    jobs: Option<usize>,
    /// Write what came of it as JSON; `-` is standard output, and what people read then goes to standard error
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// The releases from the good one to the bad one, and what was seen of each.
struct Line {
    versions: Vec<Version>,
    specs: Vec<String>,
    seen: Vec<Option<Seen>>,
    why: Vec<String>,
    /// The good one is the newer.
    backwards: bool,
}

pub(super) fn bisect(args: &Bisect) -> Result<Exit, Failure> {
    if args
        .json
        .as_ref()
        .is_some_and(|path| path.as_os_str() == "-")
    {
        super::out::people_read_stderr();
    }
    let interrupt = Arc::new(Interrupt::default());
    on_interrupt(&interrupt);
    // The profile first: a wrong word should not cost a question to the registry.
    let outline = subject::outline_of_all(&args.subject)?;
    let programs = subject::programs();
    let library = Library::load(args.scenarios.as_deref(), &outline.parameters, programs)?;
    let cases = cases(&library, args)?;
    let asked = which::asked(cases, &outline.reach, &library)?;
    let mut host = find_host();
    if let Some(tier) = args.tier {
        host = host.at_most(tier.into());
    }
    let judge = Judge {
        cases: &asked.cases,
        rule: args.rule.as_deref(),
        host: &host,
        jobs: args.jobs,
        interrupt: &interrupt,
    };
    let mut line = Line::of(&subject::releases(&args.subject)?, &args.good, &args.bad)?;
    let last = line.seen.len() - 1;
    say(format_args!(
        "{} releases of {} from {} to {}",
        line.seen.len(),
        args.subject,
        line.versions[0],
        line.versions[last],
    ));
    const INTERRUPTED: &str = "interrupted: what is above was seen, and no more";
    for at in [0, last] {
        if !line.look(at, &judge) {
            say(INTERRUPTED);
            return Ok(Exit::Interrupted);
        }
    }
    line.check_ends()?;
    loop {
        let at = match args.all {
            true => line.seen.iter().position(Option::is_none),
            false => next(&line.seen),
        };
        let Some(at) = at else { break };
        if !line.look(at, &judge) {
            say(INTERRUPTED);
            return Ok(Exit::Interrupted);
        }
    }
    let answer = answer(&line.seen);
    let exit = line.tell(answer.as_ref(), args);
    if let Some(path) = &args.json {
        line.write(path, answer.as_ref(), args)?;
    }
    Ok(exit)
}

/// The one case that is meant, or all that judge the rule.
fn cases<'a>(library: &'a Library, args: &Bisect) -> Result<Vec<&'a Case>, Failure> {
    let filter: Vec<String> = args.case.iter().cloned().collect();
    let is_id = |case: &Case| filter.first() == Some(&case.id);
    let chosen = Select {
        exact: library.cases().any(is_id),
        filter,
        rule: args.rule.iter().cloned().collect(),
        ..Select::default()
    };
    let also = Also {
        releases: args.rule.is_none(),
        sweeps: args.rule.is_none(),
    };
    let cases = select(library, &chosen, also)?.cases;
    match cases.as_slice() {
        [case] if case.sweep.is_some() => {
            let why = format!(
                "{} is a sweep, and its points differ from release to release",
                case.id
            );
            Err(Failure::CannotJudge(why))
        }
        [_] => Ok(cases),
        _ if args.rule.is_some() => Ok(cases),
        _ => Err(Failure::OneCase(cases.len())),
    }
}

/// The line that shows what is bad in a release.
fn see(args: &Bisect, spec: &str) -> String {
    let mut words = vec!["pidproof", "run"];
    words.extend(args.case.as_deref());
    if let Some(rule) = &args.rule {
        words.extend(["--rule", rule]);
    }
    // What is known of a release is bad here, and passes there.
    words.extend(["--no-deviations", "--subject", spec]);
    let scenarios = args.scenarios.as_ref().map(|dir| dir.display().to_string());
    if let Some(dir) = &scenarios {
        words.extend(["--scenarios", dir]);
    }
    shlex::try_join(words).unwrap_or_default()
}

impl Line {
    fn of(releases: &Releases, good: &Version, bad: &Version) -> Result<Self, Failure> {
        let all = releases.versions();
        let place = |version: &Version| {
            let place = all.iter().position(|v| v == version);
            place.ok_or_else(|| releases.no_release(version))
        };
        let (from, to) = (place(good)?, place(bad)?);
        if from == to {
            return Err(Failure::SameRelease(good.to_string()));
        }
        let backwards = from > to;
        let range = from.min(to)..=from.max(to);
        let mut places: Vec<usize> = range.collect();
        if backwards {
            places.reverse();
        }
        let specs = releases.specs();
        Ok(Self {
            versions: places.iter().map(|at| all[*at].clone()).collect(),
            specs: places.iter().map(|at| specs[*at].clone()).collect(),
            seen: vec![None; places.len()],
            why: vec![String::new(); places.len()],
            backwards,
        })
    }

    /// Judges one and tells it; whether nobody interrupted that.
    fn look(&mut self, at: usize, judge: &Judge<'_>) -> bool {
        let Some((seen, why)) = judge.release(&self.specs[at]) else {
            return false;
        };
        let widths = self.versions.iter().map(|v| v.to_string().len());
        let width = widths.max().unwrap_or_default();
        let word = match seen {
            Seen::Good => "good",
            Seen::Bad => "bad",
            Seen::CannotTell => "cannot tell",
        };
        let version = self.versions[at].to_string();
        let line = format!("{version:<width$}  {word:<11}  {why}");
        say(line.trim_end());
        self.seen[at] = Some(seen);
        self.why[at] = why;
        true
    }

    /// That the ends are as was said of them.
    fn check_ends(&self) -> Result<(), Failure> {
        let last = self.seen.len() - 1;
        let (good, bad) = (&self.versions[0], &self.versions[last]);
        match (self.seen[0], self.seen[last]) {
            (Some(Seen::Good), Some(Seen::Bad)) => Ok(()),
            (Some(Seen::Bad), Some(Seen::Good)) => Err(Failure::WrongEnd(format!(
                "the wrong way round: {good} is bad and {bad} is good; --good {bad} --bad {good} searches"
            ))),
            (Some(Seen::Bad), _) => Err(Failure::WrongEnd(format!(
                "{good} is not good: --good needs another release"
            ))),
            (Some(Seen::Good), Some(Seen::Good)) => Err(Failure::WrongEnd(format!(
                "{bad} is good: --bad needs another release"
            ))),
            (Some(Seen::Good), _) => Err(Failure::CannotJudge(format!(
                "nothing can be told of {bad}"
            ))),
            (Some(Seen::CannotTell) | None, _) => Err(Failure::CannotJudge(format!(
                "nothing can be told of {good}"
            ))),
        }
    }

    /// The last words, and the exit status: 0 where there is one answer.
    fn tell(&self, answer: Option<&Answer>, args: &Bisect) -> Exit {
        // From a bad release to a good newer one, the newest bad one stands next to what is looked for.
        let (what, near) = match self.backwards {
            false => ("bad", "good"),
            true => ("good", "bad"),
        };
        let first = |bad: usize| if self.backwards { bad - 1 } else { bad };
        let name = |at: usize| self.versions[at].to_string();
        let exit = match answer {
            None => Exit::CannotJudge,
            Some(Answer::First(bad)) => {
                let at = first(*bad);
                let before = if self.backwards { at + 1 } else { at - 1 };
                say(format_args!(
                    "first {what} release: {} ({} is {near})",
                    self.specs[at],
                    name(before)
                ));
                Exit::AsExpected
            }
            Some(Answer::Among(places)) => {
                let all: Vec<String> = places.iter().map(|bad| name(first(*bad))).collect();
                say(format_args!(
                    "the first {what} release is one of these, and which cannot be told: {}",
                    all.join(" ")
                ));
                Exit::CannotJudge
            }
            Some(Answer::Several(changes)) => {
                say(format_args!(
                    "not monotonic: there are {} changes",
                    changes.len()
                ));
                for (from, to) in changes {
                    let word = |at: &usize| {
                        if self.seen[*at] == Some(Seen::Good) {
                            "good"
                        } else {
                            "bad"
                        }
                    };
                    say(format_args!(
                        "  {} {}, {} {}",
                        name(*from),
                        word(from),
                        name(*to),
                        word(to)
                    ));
                }
                Exit::CannotJudge
            }
        };
        let left = self.seen.iter().filter(|seen| seen.is_none()).count();
        match left {
            0 => {}
            1 => say(
                "1 release was not judged, and taken to be like its neighbours; --all judges each",
            ),
            left => say(format_args!(
                "{left} releases were not judged, and taken to be like their neighbours; --all judges each"
            )),
        }
        if let Some(Answer::First(bad)) = answer {
            say(format_args!("see it: {}", see(args, &self.specs[*bad])));
        }
        exit
    }

    fn write(
        &self,
        path: &std::path::Path,
        answer: Option<&Answer>,
        args: &Bisect,
    ) -> Result<(), Failure> {
        let judged = self.seen.iter().enumerate().filter_map(|(at, seen)| {
            let version = self.versions[at].to_string();
            Some(
                serde_json::json!({ "release": version, "verdict": (*seen)?, "why": self.why[at] }),
            )
        });
        let name = |at: &usize| self.versions[*at].to_string();
        let first = |bad: &usize| name(&if self.backwards { bad - 1 } else { *bad });
        let (one_of, changes): (Vec<String>, Vec<[String; 2]>) = match answer {
            None => (Vec::new(), Vec::new()),
            Some(Answer::First(bad)) => (vec![first(bad)], Vec::new()),
            Some(Answer::Among(places)) => (places.iter().map(first).collect(), Vec::new()),
            Some(Answer::Several(all)) => (
                Vec::new(),
                all.iter()
                    .map(|(from, to)| [name(from), name(to)])
                    .collect(),
            ),
        };
        let told = serde_json::json!({
            "subject": args.subject, "case": args.case, "rule": args.rule,
            "first": if self.backwards { "good" } else { "bad" },
            "one_of": one_of, "changes": changes, "judged": judged.collect::<Vec<_>>(),
        });
        write(path, format!("{told:#}\n").as_bytes())
    }
}
