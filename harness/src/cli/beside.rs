//! Having what cases start beside the judged subject, once and before the first of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::scenario::model::Case;
use crate::subject::{SubjectError, find_beside};
use crate::suite::{Interrupt, Ready, patience};
use crate::world::Host;

/// What cases start beside the judged subject, by what would stand after `--subject`; or why it cannot be had.
pub(super) type Beside = BTreeMap<String, Result<Ready, String>>;

/// Finds, sets up and starts once each subject that the cases need. One that cannot be had here is a reason
/// to skip its cases; one that is named wrongly is an error.
///
/// # Errors
/// What names no subject, an unknown release among it.
pub(super) fn have<'a>(
    cases: impl IntoIterator<Item = &'a Case>,
    host: &Host,
    interrupt: &Interrupt,
) -> Result<Beside, SubjectError> {
    let specs: BTreeSet<&str> = cases
        .into_iter()
        .flat_map(|case| case.beside.values())
        .map(|beside| beside.spec.as_str())
        .collect();
    let mut all = BTreeMap::new();
    for spec in specs {
        let ready = match find_beside(spec) {
            Ok(subject) => {
                for note in &subject.notes {
                    anstream::eprintln!("pidproof: {spec}: {note}");
                }
                let commands = subject.commands;
                patience(&commands, host, interrupt)
                    .map(|patience| Ready { commands, patience })
                    .map_err(|why| format!("it does not start\n{why}"))
            }
            Err(error) if error.is_usage() => return Err(error),
            Err(error) => Err(error.to_string()),
        };
        all.insert(spec.to_owned(), ready);
    }
    Ok(all)
}
