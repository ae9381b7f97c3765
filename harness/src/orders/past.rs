//! What has happened so far, as far as anybody could tell by it.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};

use super::{Access, Label, Object, Unit, What};

/// What a thing has come to. As long as it is as it was at first, and when it is so again, both are 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Value {
    /// All of it.
    pub is: u64,
    /// What of it somebody can find out who looks at it.
    pub shows: u64,
}

impl Value {
    /// Something of which all can be seen.
    #[must_use]
    pub fn plain(is: u64) -> Self {
        Self { is, shows: is }
    }
}

/// What a step has come to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Effect {
    /// What each thing that it changed is by now.
    pub values: Vec<(Object, Value)>,
    /// Its process will not do anything any more: nobody asks what it knew.
    pub done: Option<Done>,
}

impl Effect {
    /// Which files have the names that it changed: whoever made one may have it open, and does to it what it does later.
    fn names(&self) -> impl Iterator<Item = u64> {
        let names = self
            .values
            .iter()
            .filter_map(|(object, value)| matches!(object, Object::Name(_)).then_some(value.shows));
        names.filter(|shows| *shows != 0)
    }
}

/// A process that is gone, or sleeps and nothing will wake it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Done {
    /// What stands for all that is asked of it at the end.
    pub how: u64,
    /// Whether it lives.
    pub lives: bool,
}

/// What has happened so far: what each process could know, from its own calls and what they found, and what everything
/// that was changed has come to. Where two orders have come to the same, they have the same before them.
#[derive(Debug, Clone, Default)]
pub struct Past {
    /// What stands for all that each process could know.
    actors: BTreeMap<u8, u64>,
    /// Only what is not as it was at first, by what stands for each thing: these are copied for each step in thought.
    values: HashMap<u64, Value>,
    /// Stands for all of these, in whatever order they were changed.
    sum: u64,
    /// The same of locks and contents alone.
    held: u64,
    /// Those of the actors that do nothing any more, and whether they live.
    done: BTreeMap<u8, bool>,
    kills: u32,
    /// How often time has passed for somebody: whoever asks a clock knows that, asleep or not.
    clock: u32,
}

/// With fixed keys: guards, the suite, and a suite that goes on on another day have to agree.
#[must_use]
pub fn digest(what: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

impl Past {
    /// What stands for a step that is about to be made, with all that its process knows and will find.
    #[must_use]
    pub fn event(&self, unit: Unit, text: &str, label: &Label) -> u64 {
        let deed = self.deed(unit, text, label);
        digest((self.knows(unit.actor), self.clock, deed))
    }

    /// What stands for a step that is about to be made, and what it finds, whatever its process knows.
    #[must_use]
    pub fn deed(&self, unit: Unit, text: &str, label: &Label) -> u64 {
        let mut hasher = DefaultHasher::new();
        (unit, text).hash(&mut hasher);
        for (object, access) in label.iter().filter(|(_, access)| access.tells()) {
            let shows = self.value(object).shows;
            (object, access, shows).hash(&mut hasher);
        }
        hasher.finish()
    }

    /// The step was made, and this is what it has come to.
    pub fn push(&mut self, unit: Unit, event: u64, effect: &Effect) {
        let knows = effect.done.map_or_else(
            || digest((event, effect.names().collect::<Vec<u64>>())),
            |done| done.how,
        );
        self.actors.insert(unit.actor, knows);
        match effect.done {
            Some(done) => self.done.insert(unit.actor, done.lives),
            None => self.done.remove(&unit.actor),
        };
        for (object, value) in &effect.values {
            let key = digest(object);
            let stands = |value: Value| match value {
                Value { is: 0, .. } => 0,
                Value { is, .. } => digest((key, is)),
            };
            let before = self.values.insert(key, *value).unwrap_or_default();
            let more = stands(*value).wrapping_sub(stands(before));
            self.sum = self.sum.wrapping_add(more);
            if matches!(object, Object::Lock(_) | Object::Content(_)) {
                self.held = self.held.wrapping_add(more);
            }
        }
        self.kills += u32::from(unit.what == What::Kill);
        self.clock += u32::from(unit.what == What::Timer);
    }

    /// What stands for all of it.
    #[must_use]
    pub fn state(&self) -> u64 {
        digest((&self.actors, self.sum, self.kills, self.clock))
    }

    /// What stands for all by which a step is judged, but for the step itself: who lives, who holds which lock, what is in
    /// the files, and which of them have the names that `places` stand for.
    #[must_use]
    pub fn outlook(&self, places: &[u64]) -> u64 {
        let named: Vec<u64> = places
            .iter()
            .map(|place| self.value_of(*place).shows)
            .collect();
        let gone = self.done.iter().filter(|(_, lives)| !**lives);
        let gone: Vec<u8> = gone.map(|(actor, _)| *actor).collect();
        digest((gone, self.held, named))
    }

    /// What a process could know.
    fn knows(&self, actor: u8) -> u64 {
        self.actors.get(&actor).copied().unwrap_or(0)
    }

    /// What something has come to.
    fn value(&self, object: &Object) -> Value {
        self.value_of(digest(object))
    }

    /// The same, by what stands for the thing.
    #[must_use]
    pub fn value_of(&self, object: u64) -> Value {
        self.values.get(&object).copied().unwrap_or_default()
    }

    /// What stands for all that decides what a process does next, but for the things it looks at.
    #[must_use]
    pub fn who(&self, actor: u8) -> u64 {
        digest((actor, self.knows(actor), self.kills, self.clock))
    }

    /// Whether a process does nothing any more.
    #[must_use]
    pub fn is_done(&self, actor: u8) -> bool {
        self.done.contains_key(&actor)
    }

    /// How many processes were killed.
    #[must_use]
    pub fn kills(&self) -> u32 {
        self.kills
    }
}

/// What steps have come to. What each thing is after a step depends on the step, with all that its process knows and finds,
/// and on what that thing was before.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Effects {
    values: HashMap<u64, Value>,
    done: HashMap<u64, Option<Done>>,
}

impl Effects {
    /// Keeps what a step has come to. What was seen first counts; what is otherwise now is told. What could not be seen has
    /// the step itself for its value, and is nothing that is otherwise.
    pub fn learn(&mut self, event: u64, past: &Past, effect: &Effect) -> Option<String> {
        let unseen = Value::plain(event);
        let mut odd = Vec::new();
        for (object, value) in &effect.values {
            let before = digest((event, object, past.value(object).is));
            let first = *self.values.entry(before).or_insert(*value);
            if first != *value && ![first, *value].contains(&unseen) {
                odd.push(format!("{object:?}"));
            }
        }
        if *self.done.entry(event).or_insert(effect.done) != effect.done {
            odd.push("how its process ended".to_owned());
        }
        (!odd.is_empty()).then(|| odd.join(", "))
    }

    /// What a step comes to, if that is known.
    #[must_use]
    pub fn get(&self, event: u64, past: &Past, label: &Label) -> Option<Effect> {
        let done = *self.done.get(&event)?;
        let value = |object: &Object| {
            let before = digest((event, object, past.value(object).is));
            Some((object.clone(), *self.values.get(&before)?))
        };
        let values = changed(label).map(value).collect::<Option<Vec<_>>>()?;
        Some(Effect { values, done })
    }
}

/// What a step changes.
pub fn changed(label: &Label) -> impl Iterator<Item = &Object> {
    label
        .iter()
        .filter_map(|(object, access)| (*access != Access::Read).then_some(object))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orders::File;

    #[test]
    fn what_could_not_be_seen_is_not_otherwise() {
        let (past, event) = (Past::default(), 7);
        let effect = |is: u64| Effect {
            values: vec![(Object::Content(File(1)), Value::plain(is))],
            done: None,
        };
        let mut effects = Effects::default();
        for (is, is_odd) in [(3, false), (event, false), (3, false), (4, true)] {
            let odd = effects.learn(event, &past, &effect(is));
            assert_eq!(odd.is_some(), is_odd, "{is}: {odd:?}");
        }
        // Nor is what is seen after that.
        let mut effects = Effects::default();
        for is in [event, 3, 4] {
            assert_eq!(effects.learn(event, &past, &effect(is)), None);
        }
    }
}
