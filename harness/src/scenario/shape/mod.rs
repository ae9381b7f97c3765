//! What may stand in pidproof's files: each table with its keys, what they take and what they mean.
//!
//! The parser reads by these: `Fields` takes no key that its shape does not have, nor as another kind than the
//! shape says, and what is needed is known from here only. The published JSON Schemas ([`schema`]) are made of the same.

#[rustfmt::skip] // A table, a key a line.
mod header;
pub mod schema;
#[rustfmt::skip] // Likewise.
mod steps;

pub(super) use header::{ACTOR, NAMES_FILE, RULE, SCENARIO};
pub(super) use steps::{VERBS, verb};

/// A table.
#[derive(Debug)]
pub struct Shape {
    /// What it is called in errors.
    pub what: &'static str,
    /// Its keys, in the order of the documentation.
    pub keys: &'static [Key],
    /// Keys that it shares with others.
    pub shared: &'static [&'static [Key]],
    /// What any other key takes; without it there may be none.
    pub free: Option<&'static Kind>,
}

/// A key of a table.
#[derive(Debug)]
pub struct Key {
    /// The key.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Whether it must be there, whatever else is.
    pub needed: bool,
    /// What it means, in a line.
    pub says: &'static str,
}

/// What a key takes.
#[derive(Debug)]
pub enum Kind {
    /// A string.
    Text,
    /// A string with `${...}` in it, or an integer, which counts as its digits.
    Template,
    /// A file mode: an octal string.
    Mode,
    /// An integer of at least this.
    Number(i64),
    /// `true` or `false`.
    Flag,
    /// `false`, which takes something away.
    Off,
    /// One of a few words. A function, so that the list is the one the parser looks in.
    Word(fn() -> Vec<&'static str>),
    /// The name of a program that the suite starts: a role.
    Role,
    /// An array.
    List(&'static Kind),
    /// An array that is not empty.
    Some(&'static Kind),
    /// A table.
    Table(&'static Shape),
    /// An array of steps.
    Steps,
    /// One of several kinds.
    OneOf(&'static [Kind]),
    /// Anything.
    Any,
}

/// As what the parser reads a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum As<'a> {
    Text,
    Texts,
    Template,
    Templates,
    Flag,
    Number,
    Mode,
    Word(&'a [&'static str]),
}

impl Shape {
    /// The key of this name.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.all().find(|key| key.name == name)
    }

    /// All its keys.
    pub fn all(&self) -> impl Iterator<Item = &'static Key> + use<> {
        self.keys
            .iter()
            .chain(self.shared.iter().copied().flatten())
    }
}

impl Kind {
    /// Whether a value of this kind may be read like that.
    pub(super) fn reads(&self, how: As<'_>) -> bool {
        match (self, how) {
            (Self::OneOf(kinds), how) => kinds.iter().any(|kind| kind.reads(how)),
            (Self::Any, _)
            | (Self::Text | Self::Template | Self::Role | Self::Word(_), As::Text)
            | (Self::Template, As::Template)
            | (Self::Number(_), As::Number)
            | (Self::Flag, As::Flag)
            | (Self::Mode, As::Mode) => true,
            (Self::Word(words), As::Word(asked)) => words() == asked,
            (Self::List(of) | Self::Some(of), As::Texts) => of.reads(As::Text),
            (Self::List(of) | Self::Some(of), As::Templates) => of.reads(As::Template),
            _ => false,
        }
    }

    /// The table that a value of this kind may be.
    pub(super) fn table(&self) -> Option<&'static Shape> {
        match self {
            Self::Table(shape) => Some(shape),
            Self::OneOf(kinds) => kinds.iter().find_map(Self::table),
            Self::Text
            | Self::Template
            | Self::Mode
            | Self::Number(_)
            | Self::Flag
            | Self::Off
            | Self::Word(_)
            | Self::Role
            | Self::List(_)
            | Self::Some(_)
            | Self::Steps
            | Self::Any => None,
        }
    }
}

/// A table with these keys and no others.
pub const fn table(what: &'static str, keys: &'static [Key]) -> Shape {
    Shape {
        what,
        keys,
        shared: &[],
        free: None,
    }
}

/// A table whose keys are names.
pub const fn map(what: &'static str, of: &'static Kind) -> Shape {
    Shape {
        what,
        keys: &[],
        shared: &[],
        free: Some(of),
    }
}

/// A key that may be left out.
pub const fn key(name: &'static str, kind: Kind, says: &'static str) -> Key {
    Key {
        name,
        kind,
        needed: false,
        says,
    }
}

/// A key that must be there.
pub const fn needed(name: &'static str, kind: Kind, says: &'static str) -> Key {
    Key {
        name,
        kind,
        needed: true,
        says,
    }
}

/// The words of a table in which the parser looks them up.
pub fn words<T>(table: &[(&'static str, T)]) -> Vec<&'static str> {
    table.iter().map(|(word, _)| *word).collect()
}

#[cfg(test)]
pub(crate) mod tests;
