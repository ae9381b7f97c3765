//! `pidproof list`.

use super::args::List;
use super::out::say;
use super::select::select;
use super::{Exit, Failure, Selection};
use crate::subject;

pub(super) fn list(args: &List) -> Result<Exit, Failure> {
    let parameters = subject::parameters(&args.source.subject)?;
    let library = crate::scenario::load::Library::load(
        args.source.scenarios.as_deref(),
        &parameters,
        pidproof_fixtures::names(),
    )?;
    let Selection(cases) = select(&library, &args.select)?;
    for case in &cases {
        say(format_args!(
            "{}  [{}] {}, {}",
            case.id,
            case.rules.join(" "),
            case.level.word(),
            case.needs.word()
        ));
    }
    Ok(Exit::AsExpected)
}
