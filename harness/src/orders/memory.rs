//! Knowing what comes, from orders that were run.
//!
//! What a process does next depends on what it could know, and on the state of what it is about to touch. Both recur in
//! many orders. So most steps can be made in thought.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::past::Effects;
use super::{Choice, Effect, Label, Object, Past, digest};

/// A process at rest, as it was seen in a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rest {
    /// What it could do, by what stands for each: see [`super::Ran::choices`]. Nothing, where it sleeps or is gone.
    pub choices: Vec<u64>,
    /// Locks that it depends on too: one of its threads waits for them, or has waited since its last step.
    pub locks: Vec<Object>,
}

/// What a process does where these have these values.
#[derive(Debug, Serialize, Deserialize)]
struct Next {
    on: Vec<(Object, u64)>,
    choices: Vec<u64>,
    /// It was not always so.
    is_unsure: bool,
}

/// All that was seen.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Memory {
    choices: HashMap<u64, Choice>,
    /// By who it is and what it could know: see [`Past::who`].
    next: HashMap<u64, Vec<Next>>,
    effects: Effects,
    /// How often something was not as before, with nothing to show for it: what the suite takes for all that matters is not
    /// all then.
    pub(super) unsteady: u64,
}

impl Memory {
    /// What choices are.
    pub(super) fn hear(&mut self, choices: &[Choice]) {
        let each = choices
            .iter()
            .map(|choice| (digest(choice), choice.clone()));
        self.choices.extend(each);
    }

    /// A choice by what stands for it.
    pub(super) fn choice(&self, digest: u64) -> Option<&Choice> {
        self.choices.get(&digest)
    }

    /// Keeps what a process could do.
    pub(super) fn keep(&mut self, actor: u8, past: &Past, rest: &Rest) {
        let choices = rest.choices.iter().filter_map(|it| self.choices.get(it));
        let touched = choices.flat_map(|choice| choice.label.iter());
        let mut objects: Vec<Object> = touched
            .map(|(object, _)| object.clone())
            .chain(rest.locks.iter().cloned())
            .chain([Object::Process(actor)])
            .collect();
        objects.sort_unstable();
        objects.dedup();
        let now = |object: Object| {
            let value = past.value(&object);
            (object, value)
        };
        let on: Vec<(Object, u64)> = objects.into_iter().map(now).collect();
        let known = self.next.entry(past.who(actor)).or_default();
        match known.iter_mut().find(|next| next.on == on) {
            Some(next) if next.choices == rest.choices => {}
            Some(next) => {
                next.is_unsure = true;
                self.unsteady += 1;
            }
            None => known.push(Next {
                on,
                choices: rest.choices.clone(),
                is_unsure: false,
            }),
        }
    }

    /// What a process can do, if that is known.
    pub(super) fn next(&self, actor: u8, past: &Past) -> Option<&[u64]> {
        let known = self.next.get(&past.who(actor))?.iter();
        let is_now = |(object, value): &(Object, u64)| past.value(object) == *value;
        let mut fits = known.filter(|next| next.on.iter().all(is_now));
        let next = fits.next()?;
        // What it depends on is what it was seen to touch: where two such stories fit, one of them is not whole.
        let is_sure = !next.is_unsure && fits.next().is_none();
        is_sure.then_some(&next.choices)
    }

    /// Keeps what a step has come to.
    pub(super) fn learn(&mut self, event: u64, past: &Past, effect: &Effect) {
        let same = self.effects.learn(event, past, effect);
        self.unsteady += u64::from(!same);
    }

    /// What a step comes to, if that is known.
    pub(super) fn effect(&self, event: u64, past: &Past, label: &Label) -> Option<Effect> {
        self.effects.get(event, past, label)
    }
}
