//! What stands in a scenario file beside its steps, and in `names.toml` and `rules.toml`.

use super::steps::SPAWN;
use super::{Key, Kind, Shape, key, map, needed, table, words};
use crate::scenario::explore::UNTIL;
use crate::scenario::model::Tier;
use crate::scenario::rules::LEVELS;
use crate::scenario::step::SIGNALS;
use crate::scenario::sweep::{KINDS, SWAPS};

/// A scenario file.
pub(in crate::scenario) static SCENARIO: Shape = table("a scenario", HEADER);

const HEADER: &[Key] = &[
    needed("title", Kind::Text, "What the scenario shows, as a sentence."),
    needed("rules", Kind::List(&Kind::Text), "The rules it judges. One hardened rule makes every case hardened."),
    key("needs", Kind::Word(tiers), "What it needs of the host: `namespaces` where /tmp or /run/user are judged, `ids` where something belongs to somebody else."),
    key("tools", Kind::List(&Kind::Text), "Programs of the host that it needs, for `role = \"tool\"`."),
    key("only-if", Kind::Table(&ONLY_IF), "Parameters of the contract, and the values for which the scenario makes sense."),
    key("matrix", Kind::Table(&MATRIX), "Its axes: each point of them is a case."),
    key("sweep", Kind::Table(&SWEEP), "What is done at each of the calls that the steps lead to."),
    key("explore", Kind::Table(&EXPLORE), "A few processes, in every order of their calls."),
    key("subjects", Kind::Table(&SUBJECTS), "Other subjects that it starts something of: a name, and what `--subject` would take, or `old-server`."),
    key("names", Kind::Table(&NAMES), "Names of its own, or other values for those of names.toml."),
    key("env", Kind::Table(&ENV), "Environment of every process of the case, over the world's."),
    key("step", Kind::Steps, "What is done and judged, in order: one verb a step, which comes first."),
];

fn tiers() -> Vec<&'static str> {
    Tier::ALL.map(Tier::word).to_vec()
}

static ONLY_IF: Shape = map("only-if", &Kind::OneOf(&[Kind::Text, Kind::Number(i64::MIN), Kind::Flag]));
static SUBJECTS: Shape = map("subjects", &Kind::Text);
static NAMES: Shape = map("names", &Kind::Template);
/// Variables of a process.
pub(super) static ENV: Shape = map("variables", &Kind::OneOf(&[Kind::Template, Kind::Off]));

/// An axis is an array of values that are their own labels, or a table of labelled tables.
static MATRIX: Shape = map("a table of axes", &Kind::OneOf(&[
    Kind::Some(&Kind::OneOf(&[Kind::Text, Kind::Number(i64::MIN)])),
    Kind::Table(&LABELS),
]));
static LABELS: Shape = map("labels", &Kind::Table(&POINT));
static POINT: Shape = map("values", &Kind::Any);

/// `[sweep]`.
static SWEEP: Shape = table("`[sweep]`", &[
    needed("kind", Kind::Word(kinds), "What is done at each call: it fails, the process is killed, what was looked at is swapped, or it is held."),
    needed("of", Kind::Text, "The process whose calls they are."),
    key("signals", Kind::List(&Kind::Word(signals)), "For `kill`: the signals."),
    key("paths", Kind::List(&Kind::Text), "For `windows` and `errors`: the only paths that are swapped, or calls on which fail, as the timeline names them."),
    key("swaps", Kind::List(&Kind::Word(swaps)), "For `windows`: the only things that are put in a path's place."),
    key("do", Kind::Steps, "For `stall`: what is done while a call is held."),
]);

fn swaps() -> Vec<&'static str> {
    SWAPS.to_vec()
}

fn kinds() -> Vec<&'static str> {
    KINDS.to_vec()
}

/// Names of signals.
pub(super) fn signals() -> Vec<&'static str> {
    words(&SIGNALS)
}

/// `[explore]`.
static EXPLORE: Shape = table("`[explore]`", &[
    needed("pidfile", Kind::Template, "Where the primary's pidfile is."),
    needed("state", Kind::Template, "What an uninstall may not take from under a live server."),
    key("hold", Kind::Template, "A file that a server may hold a lock on beside its pidfile."),
    needed("actor", Kind::List(&Kind::Table(&ACTOR)), "The processes, two or three, all started at once."),
]);

/// `[[explore.actor]]`.
pub(in crate::scenario) static ACTOR: Shape = Shape {
    what: "an actor",
    keys: &[
        key("until", Kind::Word(until), "Where its part ends."),
        key("serves", Kind::Flag, "Its start is no part of the orders: it serves already."),
    ],
    shared: &[SPAWN],
    free: None,
};

fn until() -> Vec<&'static str> {
    words(&UNTIL)
}

/// `names.toml`.
pub(in crate::scenario) static NAMES_FILE: Shape = table("names.toml", &[
    key("names", Kind::Table(&NAMES), "What all scenarios share."),
    key("parameters", Kind::Table(&PARAMETERS), "What the contract leaves open, where a subject says nothing."),
]);
static PARAMETERS: Shape = map("parameters", &Kind::Any);

/// A rule of `rules.toml`.
pub(in crate::scenario) static RULE: Shape = table("a rule", &[
    needed("level", Kind::Word(levels), "Core or hardened."),
    needed("statement", Kind::Text, "What must hold."),
    key("why", Kind::Text, "What for."),
    key("seen", Kind::Text, "Where it was seen to be broken."),
]);

fn levels() -> Vec<&'static str> {
    words(&LEVELS)
}
