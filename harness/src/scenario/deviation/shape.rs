//! What may stand in a deviations file.

use super::Kind as Why;
use crate::scenario::shape::{Kind, Shape, key, needed, table, words};

/// A deviations file.
pub static DEVIATIONS: Shape = table("a deviations file", &[
    key("deviation", Kind::List(&Kind::Table(&DEVIATION)), "What the subject is known to do otherwise."),
]);

/// An entry of it.
pub(super) static DEVIATION: Shape = table("[[deviation]]", &[
    needed("cases", Kind::Some(&Kind::Text), "The cases: ids, or globs over all of an id."),
    needed("check", Kind::Text, "The rule that is broken in them."),
    key("step", Kind::Text, "The step that asks, as a report says it; any, if not said."),
    needed("found", Kind::Text, "What is found, as a report says it."),
    needed("kind", Kind::Word(kinds), "Why it is so, in a word."),
    key("reason", Kind::Text, "Why it is so. Where CI is set an entry without one is an error."),
    key("link", Kind::Text, "Where that is talked about."),
    key("expires", Kind::Text, "The last day on which it holds, such as 2027-01-31."),
    key("varies", Kind::Flag, "That it comes and goes, as a race does: a run in which it holds is no news."),
    key("versions", Kind::OneOf(&[Kind::Text, Kind::List(&Kind::Text)]), "Of which releases it is said, such as \">=0.1.24, <0.1.26\"; of a list one must hold."),
]);

fn kinds() -> Vec<&'static str> {
    words(&Why::WORDS)
}
