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
        subject::programs(),
    )?;
    let Selection { cases, .. } = select(&library, &args.select, true)?;
    for case in &cases {
        say(format_args!(
            "{}  [{}] {}, {}{}",
            case.id,
            case.rules.join(" "),
            case.level.word(),
            case.needs.word(),
            if case.needs_releases() {
                ", only with --releases"
            } else {
                ""
            }
        ));
    }
    Ok(Exit::AsExpected)
}
