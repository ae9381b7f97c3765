//! What may stand in a profile.

use crate::scenario::shape::{Kind, Shape, key, map, needed, table, words};

/// A profile.
pub static PROFILE: Shape = table("a profile", &[
    key("server", Kind::Some(&Kind::Text), "The server: a program and its arguments."),
    key("cli", Kind::Some(&Kind::Text), "The command that belongs to it, likewise."),
    key("deviations", Kind::OneOf(&[Kind::Text, Kind::List(&Kind::Text)]), "The file with its known deviations, from where the profile is, or several."),
    key("shown", Kind::List(&Kind::Text), "Files and directories of the host that it needs to see, read-only."),
    key("ready", Kind::OneOf(&[Kind::Word(ready), Kind::Table(&READY)]), "How its server shows that it serves; an answer to MCP `initialize` if not said."),
    key("env", Kind::Table(&ENV), "Variables that it needs."),
    key("parameters", Kind::Table(&PARAMETERS), "What the contract leaves open, as this subject fills it in."),
    key("does-not-apply", Kind::List(&Kind::Table(&EXEMPT)), "Rules, or families of rules, that cannot be asked of it."),
    key("pypi", Kind::Table(&PYPI), "A package on PyPI: each release is a subject."),
    key("npm", Kind::Table(&NPM), "A package of npm's registry, likewise. A package has one registry."),
    key("cargo", Kind::Table(&CARGO), "A crate of cargo's registry, likewise."),
]);

/// `ready` as a text.
pub(super) static READY: Shape = table("`ready`", &[
    key("stdout", Kind::Text, "What its standard output holds once it serves."),
    key("stderr", Kind::Text, "What its standard error holds once it serves."),
]);

/// The words for `ready`.
pub(super) const READY_WORDS: [(&str, ()); 1] = [("initialize", ())];

fn ready() -> Vec<&'static str> {
    words(&READY_WORDS)
}

static ENV: Shape = map("[env]", &Kind::Text);
static PARAMETERS: Shape = map("[parameters]", &Kind::OneOf(&[Kind::Text, Kind::Number(i64::MIN)]));

/// A rule that does not apply.
pub(super) static EXEMPT: Shape = table("[[does-not-apply]]", &[
    needed("rule", Kind::Text, "The rule, or the family, such as LEG."),
    needed("reason", Kind::Text, "Why it does not apply."),
]);

static PYPI: Shape = table("[pypi]", &[
    needed("package", Kind::Text, "Its name there."),
    needed("python", Kind::Text, "The oldest Python it runs on, such as \"3.12\"."),
    key("constraint", Kind::List(&Kind::Table(&CONSTRAINT)), "What some releases need beside what they ask for."),
    key("sqlite", Kind::Table(&SQLITE), "A package whose module takes the place of a `sqlite3` that cannot load extensions."),
]);

/// A package of npm's registry.
pub(super) static NPM: Shape = table("[npm]", &[
    needed("package", Kind::Text, "Its name there."),
]);

/// A crate.
pub(super) static CARGO: Shape = table("[cargo]", &[
    needed("package", Kind::Text, "Its name there."),
]);

/// What releases before one need.
pub(super) static CONSTRAINT: Shape = table("[[pypi.constraint]]", &[
    needed("before", Kind::Text, "For the releases before this one."),
    needed("requires", Kind::List(&Kind::Text), "Requirements, such as \"name<2\"."),
]);

static SQLITE: Shape = table("[pypi.sqlite]", &[
    needed("package", Kind::Text, "Its name on PyPI."),
    needed("module", Kind::Text, "The module it brings."),
]);
