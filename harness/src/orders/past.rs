//! What has happened so far, as far as anybody could tell by it.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Access, Label, Object, Unit, What};

/// What has happened so far: what each process could know, from its own calls and what they found, and what everything
/// that was changed has come to.
#[derive(Debug, Clone, Default)]
pub struct Past {
    /// What stands for all that each process could know.
    actors: BTreeMap<u8, u64>,
    /// Only what is not as it was at first.
    values: HashMap<Object, u64>,
    kills: u32,
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
    pub fn push(&mut self, unit: Unit, event: u64, values: &[(Object, u64)]) {
        self.actors.insert(unit.actor, event);
        self.values.extend(values.iter().cloned());
        self.kills += u32::from(unit.what == What::Kill);
    }

    /// What a process could know.
    #[must_use]
    pub fn knows(&self, actor: u8) -> u64 {
        self.actors.get(&actor).copied().unwrap_or(0)
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
}

/// What a step changes.
pub fn changed(label: &Label) -> impl Iterator<Item = &Object> {
    label
        .iter()
        .filter_map(|(object, access)| (*access != Access::Read).then_some(object))
}
