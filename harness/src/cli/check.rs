//! `pidproof check`.

use super::args::Check;
use super::out::say;
use super::{Exit, Failure};
use crate::report::n_cases;
use crate::scenario::load;
use crate::subject;

pub(super) fn check(args: &Check) -> Result<Exit, Failure> {
    let scenarios = load::check(&args.file, subject::programs())?;
    for (path, scenario) in args.file.iter().zip(&scenarios) {
        say(format_args!(
            "{}: {}",
            path.display(),
            n_cases(scenario.cases.len())
        ));
    }
    Ok(Exit::AsExpected)
}
