//! `pidproof self-test`: the suite against servers that are known to be wrong.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use pidproof_defects::{ALL, CONTROL, Defect};

use super::args::SelfTest;
use super::beside::Beside;
use super::out::say;
use super::run::{on_interrupt, workers};
use super::{Exit, Failure, beside};
use crate::report::n_cases;
use crate::scenario::deviation::Deviations;
use crate::scenario::diag::nearest;
use crate::scenario::load::Library;
use crate::scenario::model::Case;
use crate::selftest::{Asked, Effort, Ground, Hunt, Prey, Score, hunt, score};
use crate::subject;
use crate::suite::{Interrupt, Ready, Subjects, find_host, patience, run_all, run_one};
use crate::world::Host;

/// How long a wrong server is waited for. It is known to be wrong, and one that hangs would otherwise
/// take the patience that a slow machine's right one deserves, for each case.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

pub(super) fn self_test(args: &SelfTest) -> Result<Exit, Failure> {
    let chosen = if args.mutants {
        Vec::new()
    } else {
        choose(&args.defect)?
    };
    if args.list {
        for defect in chosen {
            say(format_args!(
                "{}  [{}] {}",
                defect.name,
                defect.breaks.join(" "),
                defect.what
            ));
        }
        return Ok(Exit::AsExpected);
    }
    let interrupt = Arc::new(Interrupt::default());
    on_interrupt(&interrupt);
    let mut library = super::library(&subject::builtin(), None)?;
    // A release takes seconds a case, and the fixture and the reference stand for it here.
    for scenario in &mut library.scenarios {
        scenario.cases.retain(|case| {
            // Thousands of cases for each of some hundred mutants are for another day; not for those that are named.
            let left_out = args.mutants && args.defect.is_empty() && case.sweep.is_some();
            !case.needs_releases() && !left_out
        });
    }
    // A sweep is hundreds of cases: it is run for what nothing else has caught.
    library
        .scenarios
        .sort_by_key(|scenario| scenario.cases.iter().any(|case| case.sweep.is_some()));
    let host = find_host();
    let beside = beside::have(library.cases(), &host, &interrupt)?;
    let workers = workers(args.jobs);

    if args.mutants {
        let effort = if args.all { Effort::Any } else { Effort::First };
        return super::mutants::mutants(
            &library,
            (&host, &beside),
            &args.defect,
            effort,
            workers,
            &interrupt,
        );
    }

    // With nothing wrong in it the woven program must be the reference, or nothing below means anything.
    // The sweeps are run on the reference itself by the other tests, and here with `--all`.
    let controlled = |case: &&Case| args.all || case.sweep.is_none();
    let wrong = control(
        library.cases().filter(controlled),
        &chosen,
        (&host, &beside),
        workers,
        &interrupt,
    )?;
    if interrupt.asked() {
        return Ok(Exit::Interrupted);
    }
    if !wrong.is_empty() {
        return Err(Failure::CannotJudge(format!(
            "with no defect the server must pass, and it does not:\n  {}",
            wrong.join("\n  ")
        )));
    }

    let prey: Vec<Prey> = chosen
        .iter()
        .map(|defect| Prey {
            name: defect.name.to_owned(),
            commands: subject::defective(defect.name).commands,
            breaks: defect
                .breaks
                .iter()
                .map(|rule| (*rule).to_owned())
                .collect(),
        })
        .collect();
    let effort = if args.all {
        Effort::All
    } else {
        Effort::Enough
    };
    let mut hunts: Vec<Hunt> = Vec::new();
    hunt(
        &prey,
        Ground {
            scenarios: &library.scenarios,
            host: &host,
            effort,
            patience: PATIENCE,
            beside: &beside,
        },
        workers,
        &interrupt,
        |done| {
            say(line(&done));
            hunts.push(done);
        },
    );
    if interrupt.asked() {
        say(format_args!(
            "interrupted: {} of {} defects were hunted",
            hunts.len(),
            prey.len()
        ));
        return Ok(Exit::Interrupted);
    }
    hunts.sort_by(|a, b| a.name.cmp(&b.name));
    let whole = args.defect.is_empty();
    let asked = Asked {
        whole,
        swept: args.all,
    };
    let score = score(&hunts, &library.rules, &library.scenarios, &host, asked);
    tell(&score, &library, &hunts, whole);
    Ok(if score.complaints.is_empty() {
        Exit::AsExpected
    } else {
        Exit::Broken
    })
}

fn choose(names: &[String]) -> Result<Vec<&'static Defect>, Failure> {
    if names.is_empty() {
        return Ok(ALL.iter().collect());
    }
    let known: Vec<&str> = ALL.iter().map(|defect| defect.name).collect();
    names
        .iter()
        .map(|name| {
            pidproof_defects::find(name).ok_or_else(|| Failure::NoDefect {
                name: name.clone(),
                hint: nearest(name, &known).map_or_else(
                    || "`pidproof self-test --list` shows them".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                ),
            })
        })
        .collect()
}

/// Runs the woven program with nothing wrong in it on what the defects will meet; what did not pass.
fn control<'a>(
    cases: impl Iterator<Item = &'a Case>,
    chosen: &[&Defect],
    (host, beside): (&Host, &Beside),
    workers: usize,
    interrupt: &Interrupt,
) -> Result<Vec<String>, Failure> {
    let commands = subject::defective(CONTROL).commands;
    let patience = patience(&commands, host, interrupt).map_err(|why| {
        Failure::CannotJudge(format!("the server without a defect does not start\n{why}"))
    })?;
    let broken: BTreeSet<&str> = chosen.iter().flat_map(|d| d.breaks).copied().collect();
    let cases: Vec<_> = cases
        .filter(|case| host.place(case).is_ok())
        .filter(|case| {
            chosen.len() == ALL.len() || case.rules.iter().any(|r| broken.contains(r.as_str()))
        })
        .collect();
    let subjects = Subjects {
        judged: Ready { commands, patience },
        beside: beside.clone(),
        known: Deviations::default(),
    };
    let (mut judged, mut wrong) = (0, Vec::new());
    run_all(
        run_one,
        &cases,
        host,
        &subjects,
        workers,
        interrupt,
        |result| {
            judged += 1;
            if result.verdict.is_failure() {
                wrong.push(result.case.id.clone());
            }
        },
    );
    let of = match cases.len() {
        all if all == judged => String::new(),
        all => format!(" of {all}"),
    };
    say(format_args!(
        "control: {judged}{of} cases on the server without a defect, {} wrong",
        wrong.len()
    ));
    Ok(wrong)
}

/// What became of a defect, in a line.
fn line(hunt: &Hunt) -> String {
    let word = if hunt.is_caught() {
        "caught"
    } else {
        "SURVIVES"
    };
    let by: Vec<String> = hunt
        .caught
        .iter()
        .filter(|(rule, _)| hunt.breaks.contains(rule))
        .filter_map(|(rule, cases)| Some(format!("{rule} by {}", cases.first()?)))
        .collect();
    format!(
        "{word:8}  {}  {} ({})",
        hunt.name,
        by.join(", "),
        n_cases(hunt.cases)
    )
}

fn tell(score: &Score, library: &Library, hunts: &[Hunt], whole: bool) {
    say("\nwho caught whom");
    for rule in library.rules.iter() {
        let Some(defects) = score.matrix.get(&rule.id) else {
            continue;
        };
        let scenarios: BTreeSet<&String> = defects.values().flatten().collect();
        let names: Vec<&str> = defects.keys().map(String::as_str).collect();
        say(format_args!(
            "{:8} {:3} defects, {:3} scenarios: {}",
            rule.id,
            defects.len(),
            scenarios.len(),
            names.join(" ")
        ));
    }
    if !score.untested.is_empty() {
        say(format_args!(
            "\nnot put to the test (this host cannot, or a sweep with nothing left to catch; --all runs every sweep): {}",
            score.untested.join(" ")
        ));
    }
    if !score.complaints.is_empty() {
        say("\nwrong with the suite");
        for complaint in &score.complaints {
            say(format_args!("  {complaint}"));
        }
    }
    if !whole {
        say("\nonly some defects were hunted: nothing is said of rules and scenarios as such");
    }
    let caught = hunts.iter().filter(|hunt| hunt.is_caught()).count();
    let cases: usize = hunts.iter().map(|hunt| hunt.cases).sum();
    say(format_args!(
        "{caught} of {} defects caught in {cases} cases, {} complaints",
        hunts.len(),
        score.complaints.len()
    ));
}
