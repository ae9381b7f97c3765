//! Knowing what comes, from orders that were run.
//!
//! What a process does next depends on what it could know, and on the state of what it is about to touch. Both recur in
//! many orders. So most steps can be made in thought.

use std::collections::{BTreeMap, HashMap};

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

/// What a process does, by the values of what it depends on.
#[derive(Debug, Serialize, Deserialize)]
struct Next {
    /// Each with whether all of it matters, and not only what can be found out.
    on: Vec<(u64, bool)>,
    /// By what stands for the values; nothing where it was not always so.
    choices: HashMap<u64, Option<Vec<u64>>>,
}

impl Next {
    fn now(&self, past: &Past) -> u64 {
        let value = |&(object, is_all): &(u64, bool)| {
            let value = past.value_of(object);
            if is_all { value.is } else { value.shows }
        };
        digest(self.on.iter().map(value).collect::<Vec<u64>>())
    }
}

/// All that was seen.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Memory {
    choices: HashMap<u64, Choice>,
    /// By who it is and what it could know: see [`Past::who`].
    next: HashMap<u64, Vec<Next>>,
    effects: Effects,
    /// What was not as before, with nothing to show for it, and how often: what the suite takes for all that matters is not
    /// all then.
    odd: BTreeMap<String, u64>,
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
        let mut on: Vec<(u64, bool)> = touched
            .map(|(object, _)| (digest(object), false))
            // Who is woken is told by those who wait, too.
            .chain(rest.locks.iter().map(|lock| (digest(lock), true)))
            .chain([(digest(Object::Process(actor)), false)])
            .collect();
        on.sort_unstable();
        on.dedup();
        let known = self.next.entry(past.who(actor)).or_default();
        let at = known.iter().position(|next| next.on == on);
        let at = at.unwrap_or_else(|| {
            let choices = HashMap::new();
            known.push(Next { on, choices });
            known.len() - 1
        });
        if let Some(next) = known.get_mut(at) {
            let new = || Some(rest.choices.clone());
            let before = next.choices.entry(next.now(past)).or_insert_with(new);
            if before
                .as_ref()
                .is_some_and(|before| *before != rest.choices)
            {
                let was = before.take().unwrap_or_default();
                let text = |it: &u64| Some(self.choices.get(it)?.text.clone());
                let text = |all: &[u64]| all.iter().filter_map(text).collect::<Vec<_>>();
                let (was, is) = (text(&was), text(&rest.choices));
                self.is_odd(format!("actor {actor} can do {is:?}, and could do {was:?}"));
            }
        }
    }

    /// What a process can do, if that is known.
    pub(super) fn next(&self, actor: u8, past: &Past) -> Option<&[u64]> {
        if past.is_done(actor) {
            return Some(&[]);
        }
        let known = self.next.get(&past.who(actor))?.iter();
        let mut fits = known.filter_map(|next| next.choices.get(&next.now(past)));
        let next = fits.next()?.as_deref();
        // What it depends on is what it was seen to touch: where two such stories fit, one of them is not whole.
        next.filter(|_| fits.next().is_none())
    }

    /// Keeps what a step has come to.
    pub(super) fn learn(&mut self, choice: &Choice, event: u64, past: &Past, effect: &Effect) {
        if let Some(odd) = self.effects.learn(event, past, effect) {
            let Choice { unit, text, .. } = choice;
            self.is_odd(format!("after `{text}` of actor {}: {odd}", unit.actor));
        }
    }

    /// Something is not as it was.
    pub(super) fn is_odd(&mut self, what: String) {
        *self.odd.entry(what).or_default() += 1;
    }

    /// All that was not as it was, and how often.
    pub(super) fn odd(&self) -> &BTreeMap<String, u64> {
        &self.odd
    }

    /// What a step comes to, if that is known.
    pub(super) fn effect(&self, event: u64, past: &Past, label: &Label) -> Option<Effect> {
        self.effects.get(event, past, label)
    }
}
