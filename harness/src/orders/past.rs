//! What has happened so far, as far as anybody could tell by it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Access, Label, Object, Unit, What};

/// What has happened so far: what each process could know, from its own calls and what they found, and what everything
/// that was changed has come to.
#[derive(Debug, Clone, Default)]
pub struct Past {
    actors: BTreeMap<u8, Knowledge>,
    /// Only what is not as it was at first.
    values: HashMap<Object, u64>,
    kills: u32,
}

#[derive(Debug, Clone, Default)]
struct Knowledge {
    digest: u64,
    /// The locks it has to do with: it may sleep until one falls free.
    locks: BTreeSet<Object>,
}

impl Past {
    /// What stands for a step that is about to be made, with all that its process knows and will find.
    #[must_use]
    pub fn event(&self, unit: Unit, text: &str, label: &Label) -> u64 {
        // With fixed keys: guards and the suite have to agree.
        let mut hasher = DefaultHasher::new();
        (unit, text, self.knows(unit.actor)).hash(&mut hasher);
        for (object, access) in label.iter() {
            (object, access, self.value(object)).hash(&mut hasher);
        }
        hasher.finish()
    }

    /// The step was made, and what it changed has come to this.
    pub fn push(&mut self, unit: Unit, label: &Label, event: u64, values: &[(Object, u64)]) {
        let knowledge = self.actors.entry(unit.actor).or_default();
        knowledge.digest = event;
        let locks = label.iter().map(|(object, _)| object);
        let locks = locks.filter(|object| matches!(object, Object::Lock(_)));
        knowledge.locks.extend(locks.cloned());
        self.values.extend(values.iter().cloned());
        self.kills += u32::from(unit.what == What::Kill);
    }

    /// What a process could know.
    #[must_use]
    pub fn knows(&self, actor: u8) -> u64 {
        self.actors.get(&actor).map_or(0, |known| known.digest)
    }

    /// What something has come to.
    #[must_use]
    pub fn value(&self, object: &Object) -> u64 {
        self.values.get(object).copied().unwrap_or(0)
    }

    /// How many processes were killed.
    #[must_use]
    pub fn kills(&self) -> u32 {
        self.kills
    }

    /// The locks a process has to do with.
    pub(super) fn locks(&self, actor: u8) -> impl Iterator<Item = &Object> {
        self.actors
            .get(&actor)
            .into_iter()
            .flat_map(|known| &known.locks)
    }
}

/// What a step changes.
pub fn changed(label: &Label) -> impl Iterator<Item = &Object> {
    label
        .iter()
        .filter_map(|(object, access)| (*access != Access::Read).then_some(object))
}
