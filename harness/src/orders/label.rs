//! What a call touches, as far as the order of calls can matter to anybody.

use serde::{Deserialize, Serialize};

/// A file, by how it came to be: the same whenever the same has happened, which its number is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct File(pub u64);

/// What can be touched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Object {
    /// A name in a directory.
    Name(String),
    /// The list of a directory's names.
    Entries(String),
    /// Mode and owner of a file.
    Inode(File),
    /// How many names it has.
    Links(File),
    /// What is in it, and how much.
    Content(File),
    /// The locks of a file.
    Lock(File),
    /// A process.
    Process(u8),
}

/// How.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Access {
    /// It is looked at.
    Read,
    /// Something is added or taken, each on its own: two of these are in nobody's way.
    Share,
    /// It is changed, and whoever does so cannot tell what it was before.
    Set,
    /// It is looked at and changed.
    Write,
}

impl Access {
    /// Whether whoever does this may find out what it was.
    #[must_use]
    pub fn tells(self) -> bool {
        matches!(self, Self::Read | Self::Write)
    }
}

/// Everything that a call touches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Label(Vec<(Object, Access)>);

impl Label {
    /// All of it.
    pub fn iter(&self) -> impl Iterator<Item = &(Object, Access)> {
        self.0.iter()
    }

    /// The locks of it.
    pub fn locks(&self) -> impl Iterator<Item = &Object> {
        let objects = self.0.iter().map(|(object, _)| object);
        objects.filter(|object| matches!(object, Object::Lock(_)))
    }

    /// Notes one more.
    pub fn add(&mut self, object: Object, access: Access) {
        self.0.push((object, access));
    }

    /// Whether nothing is touched: then nobody can tell when the call was made.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether anything is changed.
    #[must_use]
    pub fn changes(&self) -> bool {
        self.0.iter().any(|(_, access)| *access != Access::Read)
    }

    /// Whether a lock or a process is changed: somebody who sleeps may wake.
    #[must_use]
    pub fn wakes(&self) -> bool {
        self.0.iter().any(|(object, access)| {
            let changes = matches!(access, Access::Set | Access::Write);
            changes && matches!(object, Object::Lock(_) | Object::Process(_))
        })
    }

    /// Whether it matters which of two calls comes first.
    #[must_use]
    pub fn conflicts(&self, other: &Self) -> bool {
        self.0.iter().any(|(object, access)| {
            other.0.iter().any(|(another, how)| {
                object == another
                    && !matches!(
                        (access, how),
                        (Access::Read, Access::Read) | (Access::Share, Access::Share)
                    )
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(objects: &[(Object, Access)]) -> Label {
        Label(objects.to_vec())
    }

    #[test]
    fn only_a_change_conflicts() {
        let name = || Object::Name("/a".into());
        let list = || Object::Entries("/".into());
        let read = label(&[(name(), Access::Read)]);
        let write = label(&[(name(), Access::Write), (list(), Access::Share)]);
        let beside = label(&[
            (Object::Name("/b".into()), Access::Write),
            (list(), Access::Share),
        ]);
        let listing = label(&[(list(), Access::Read)]);
        assert!(!read.conflicts(&read));
        assert!(read.conflicts(&write) && write.conflicts(&read));
        assert!(!write.conflicts(&beside));
        assert!(write.conflicts(&listing) && beside.conflicts(&listing));
        assert!(!label(&[]).conflicts(&write));
    }
}
