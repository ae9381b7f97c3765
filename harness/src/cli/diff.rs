//! `pidproof diff`.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::out::say;
use super::{Exit, Failure, read};
use crate::report::diff::{Change, Diff as Changes, caveats};
use crate::report::record::Word;

#[derive(Debug, ClapArgs)]
pub(super) struct Diff {
    /// Results that `run --json` wrote before
    before: PathBuf,
    /// Results that it wrote after
    after: PathBuf,
}

pub(super) fn diff(args: &Diff) -> Result<Exit, Failure> {
    let (before, after) = (read::results(&args.before)?, read::results(&args.after)?);
    for why in caveats(&before, &after) {
        anstream::eprintln!("warning: {why}");
    }
    let changes = Changes::new(&before, &after);
    let Changes {
        regressions,
        fixed,
        other,
        gone,
        new,
        same,
    } = &changes;
    let parts = [
        ("regressions", regressions),
        ("fixed", fixed),
        ("other changes", other),
        ("only before", gone),
        ("only after", new),
    ];
    for (title, list) in parts {
        if !list.is_empty() {
            say(format_args!("{title}:"));
            list.iter().for_each(line);
        }
    }
    say(format_args!(
        "{} regressions, {} fixed, {} other changes, {} only before, {} only after, {same} the same",
        regressions.len(),
        fixed.len(),
        other.len(),
        gone.len(),
        new.len(),
    ));
    Ok(if regressions.is_empty() {
        Exit::AsExpected
    } else {
        Exit::Broken
    })
}

fn line(change: &Change) {
    let verdict = |word: Option<Word>| word.map_or("-", Word::text);
    say(format_args!(
        "  {}  {} -> {}  [{}]",
        change.id,
        verdict(change.from),
        verdict(change.to),
        change.rules.join(" ")
    ));
}
