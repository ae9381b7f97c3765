//! `pidproof self-test --mutants`: whether a scenario notices each small change of the reference.
//!
//! Only an executable built by `.ci/mutants` has mutants; in it they stand in the defects' place.

use std::collections::BTreeMap;
use std::sync::Arc;

use pidproof_defects::{ALL, EQUIVALENT};

use super::beside::Beside;
use super::out::say;
use super::{Exit, Failure};
use crate::scenario::load::Library;
use crate::selftest::{Effort, Ground, Hunt, Prey, hunt};
use crate::subject;
use crate::suite::Interrupt;
use crate::world::Host;

/// Runs every mutant until a scenario catches it. `chosen` are parts of names; none means all.
pub(super) fn mutants(
    library: &Library,
    (host, beside): (&Host, &Beside),
    chosen: &[String],
    effort: Effort,
    workers: usize,
    interrupt: &Arc<Interrupt>,
) -> Result<Exit, Failure> {
    let wanted = |name: &str| chosen.is_empty() || chosen.iter().any(|part| name.contains(part));
    let prey: Vec<Prey> = ALL
        .iter()
        .filter(|mutant| mutant.breaks.is_empty() && wanted(mutant.name))
        .map(|mutant| Prey {
            name: mutant.name.to_owned(),
            commands: subject::defective(mutant.name).commands,
            breaks: Vec::new(),
        })
        .collect();
    if prey.is_empty() {
        return Err(Failure::CannotJudge(
            "there is no such mutant in this executable; `.ci/mutants` builds one with all".into(),
        ));
    }
    let equivalent: BTreeMap<String, String> = toml::from_str(EQUIVALENT)
        .map_err(|e| Failure::CannotJudge(format!("the list of equivalent mutants: {e}")))?;
    let ground = Ground {
        scenarios: &library.scenarios,
        host,
        effort,
        patience: super::self_test::PATIENCE,
        beside,
    };
    let mut tally = Tally::default();
    hunt(&prey, ground, workers, interrupt, |done| {
        let reason = equivalent.get(&done.name);
        say(tally.hear(&done, reason.map(String::as_str)));
    });
    if interrupt.asked() {
        return Ok(Exit::Interrupted);
    }
    if chosen.is_empty() {
        let gone = equivalent
            .keys()
            .filter(|name| !ALL.iter().any(|mutant| mutant.name == *name));
        for name in gone {
            tally
                .complaints
                .push(format!("on the list, and no such mutant: {name}"));
        }
    }
    for complaint in &tally.complaints {
        say(complaint);
    }
    say(format_args!(
        "{} mutants: {} caught, {} missed, of which {} are on the list; {} complaints",
        prey.len(),
        tally.caught,
        tally.missed,
        tally.listed,
        tally.complaints.len()
    ));
    Ok(if tally.complaints.is_empty() {
        Exit::AsExpected
    } else {
        Exit::Broken
    })
}

#[derive(Debug, Default)]
struct Tally {
    caught: usize,
    missed: usize,
    listed: usize,
    complaints: Vec<String>,
}

impl Tally {
    /// Counts a mutant, and returns the line for it.
    fn hear(&mut self, hunt: &Hunt, reason: Option<&str>) -> String {
        let name = &hunt.name;
        for trouble in &hunt.trouble {
            self.complaints
                .push(format!("{name}: the suite failed, at {trouble}"));
        }
        let by = hunt
            .caught
            .iter()
            .find_map(|(rule, cases)| Some(format!("{rule} by {}", cases.first()?)));
        match (by, reason) {
            (Some(by), None) => {
                self.caught += 1;
                format!("caught  {name}  {by}")
            }
            (Some(by), Some(_)) => {
                self.caught += 1;
                self.complaints
                    .push(format!("on the list, and caught ({by}): {name}"));
                format!("caught  {name}  {by}")
            }
            (None, Some(reason)) => {
                self.missed += 1;
                self.listed += 1;
                format!("missed  {name}  as listed: {reason}")
            }
            (None, None) => {
                self.missed += 1;
                self.complaints.push(format!("MISSED  {name}"));
                format!("MISSED  {name}")
            }
        }
    }
}
