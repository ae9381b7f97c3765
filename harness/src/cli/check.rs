//! `pidproof check`.

use super::args::Check;
use super::out::say;
use super::{Exit, Failure};
use crate::scenario::load;
use crate::subject;

pub(super) fn check(args: &Check) -> Result<Exit, Failure> {
    let scenarios = load::check(&args.file, subject::programs())?;
    for (path, scenario) in args.file.iter().zip(&scenarios) {
        say(format_args!(
            "{}: {} cases",
            path.display(),
            scenario.cases.len()
        ));
    }
    Ok(Exit::AsExpected)
}
