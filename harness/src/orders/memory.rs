//! Knowing what comes, from orders that were run.
//!
//! What a process does next depends on what it could know, and on the state of what it is about to touch. Both recur in
//! many orders. So of an order that will be cut short, because all that is left in it is tried in another place, that can
//! mostly be told without running it. And an order of a class of which one was run to its end comes to the same end.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{
    Alike, Choice, Class, Label, Limits, Node, Object, Past, Step, Task, class, next, together,
};

/// How often something is to be seen before it is relied on. A process that waits for a time may wake too early once; one
/// that has come to its call at once has not waited.
const SURE: u32 = 2;
/// The same of what was seen of the very steps, and of what they changed.
const ONCE: u32 = 1;

/// Who; what it could know; how many were killed by then.
type Who = (u8, u64, u32);

/// What each thing has come to.
type Values = Vec<(Object, u64)>;

/// Something that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sight {
    /// What a process was about to do.
    Next {
        /// Who, and what it could know.
        who: Who,
        /// What that depends on.
        on: Values,
        /// What it could do; nothing, where it sleeps or is gone.
        choices: Vec<Choice>,
        /// It came to that at once: no time of its own has passed.
        at_once: bool,
    },
    /// What a step has changed.
    Effect {
        /// The step, with all that it depends on.
        event: u64,
        /// What it came to.
        values: Values,
    },
}

impl Sight {
    /// What a process could do at a node; it may depend on `locks` too, for which one of its threads waits or has waited
    /// since its last step.
    #[must_use]
    pub fn next(
        actor: u8,
        past: &Past,
        choices: &[Choice],
        locks: &[Object],
        at_once: bool,
    ) -> Self {
        let choices: Vec<Choice> = choices
            .iter()
            .filter(|choice| choice.unit.actor == actor)
            .cloned()
            .collect();
        let touched = choices.iter().flat_map(|choice| choice.label.iter());
        let mut objects: Vec<Object> = touched
            .map(|(object, _)| object.clone())
            .chain(locks.iter().cloned())
            .chain([Object::Process(actor)])
            .collect();
        objects.sort_unstable();
        objects.dedup();
        let now = |object: Object| {
            let value = past.value(&object);
            (object, value)
        };
        Self::Next {
            who: (actor, past.knows(actor), past.kills()),
            on: objects.into_iter().map(now).collect(),
            choices,
            at_once,
        }
    }
}

/// Something known, and how well.
#[derive(Debug)]
struct Known<T> {
    what: T,
    times: u32,
    /// It was not always so.
    unsure: bool,
}

impl<T: PartialEq + Clone> Known<T> {
    fn new(what: &T) -> Self {
        Self {
            what: what.clone(),
            times: 0,
            unsure: false,
        }
    }

    /// Sees it once more, or so often at once. Returns whether that is news.
    fn see(&mut self, what: &T, times: u32) -> bool {
        if self.what != *what {
            return !std::mem::replace(&mut self.unsure, true);
        }
        let is_news = self.times < SURE;
        self.times = self.times.saturating_add(times);
        is_news
    }

    fn sure(&self, times: u32) -> Option<&T> {
        (self.times >= times && !self.unsure).then_some(&self.what)
    }
}

/// What a process does where these have these values.
#[derive(Debug)]
struct Next {
    on: Values,
    choices: Known<Vec<Choice>>,
}

/// All that was seen.
#[derive(Debug, Default)]
pub struct Memory {
    next: HashMap<Who, Vec<Next>>,
    effects: HashMap<u64, Known<Values>>,
    /// Classes of which an order was run to its end.
    ended: HashSet<Class>,
}

/// An order that need not be run.
#[derive(Debug, PartialEq, Eq)]
pub struct Spared {
    /// Why not.
    pub why: Why,
    /// Orders that part from it.
    pub others: Vec<Task>,
}

/// Why an order need not be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// All that is left in it is tried in another place.
    IsCut,
    /// Another of its class was run to its end.
    WasRun,
}

impl Memory {
    /// Keeps what was seen. Returns whether that was new enough to be told to others.
    pub fn keep(&mut self, sight: &Sight) -> bool {
        match sight {
            Sight::Effect { event, values } => self
                .effects
                .entry(*event)
                .or_insert_with(|| Known::new(values))
                .see(values, 1),
            Sight::Next {
                who,
                on,
                choices,
                at_once,
            } => {
                let known = self.next.entry(*who).or_default();
                let at = known.iter().position(|next| next.on == *on);
                let at = at.unwrap_or_else(|| {
                    known.push(Next {
                        on: on.clone(),
                        choices: Known::new(choices),
                    });
                    known.len() - 1
                });
                known
                    .get_mut(at)
                    .is_some_and(|next| next.choices.see(choices, if *at_once { SURE } else { 1 }))
            }
        }
    }

    /// An order of this class was run to its end.
    pub fn ended(&mut self, class: Class) {
        self.ended.insert(class);
    }

    /// What a step came to, if that is known.
    #[must_use]
    pub fn effect(&self, event: u64) -> Option<&[(Object, u64)]> {
        Some(self.effects.get(&event)?.sure(ONCE)?)
    }

    /// What a process can do, if that is known.
    fn choices(&self, actor: u8, past: &Past, times: u32) -> Option<&[Choice]> {
        let known = self
            .next
            .get(&(actor, past.knows(actor), past.kills()))?
            .iter();
        let is_now = |(object, value): &(Object, u64)| past.value(object) == *value;
        let mut fits = known.filter(|next| next.on.iter().all(is_now));
        let next = fits.next()?;
        // What it depends on is what it was seen to touch: where two such stories fit, one of them is not whole.
        next.choices
            .sure(times)
            .filter(|_| fits.next().is_none())
            .map(Vec::as_slice)
    }

    /// Goes through an order in thought: of so many processes, each with its next of those that are alike. Something, if it
    /// is known that it need not be run.
    #[must_use]
    pub fn foresee(
        &self,
        task: &Task,
        (actors, pairs): (u8, &[(u8, u8)]),
        limits: Limits,
    ) -> Option<Spared> {
        let spared = |why, others| Some(Spared { why, others });
        let mut past = Past::default();
        let mut steps: Vec<Step> = Vec::new();
        let mut labels: Vec<Label> = Vec::new();
        let (mut sleep, mut preemptions) = (task.sleep.clone(), task.preemptions);
        let mut others = Vec::new();
        let mut alike = Alike::new(if limits.alike { pairs } else { &[] });
        loop {
            if alike.is_mirrored() {
                return spared(Why::IsCut, others);
            }
            let from = steps.len();
            let wanted = task.prefix.get(from);
            let times = if wanted.is_some() { ONCE } else { SURE };
            let mut choices: Vec<Choice> = Vec::new();
            for actor in 0..actors {
                choices.extend_from_slice(self.choices(actor, &past, times)?);
            }
            let chosen = match wanted {
                Some(step) => choices
                    .iter()
                    .position(|choice| choice.unit == step.unit && choice.text == step.text)?,
                None if choices.is_empty() => {
                    let class = class(&steps, &labels, pairs);
                    // Somebody has to see how that ends.
                    return spared(Why::WasRun, others).filter(|_| self.ended.contains(&class));
                }
                None => {
                    let node = Node {
                        steps: &steps,
                        sleep: &sleep,
                        preemptions,
                        choices: &choices,
                    };
                    let Some(way) = next(&node, limits) else {
                        return spared(Why::IsCut, others);
                    };
                    others.extend(way.others);
                    (sleep, preemptions) = (way.sleep, way.preemptions);
                    way.chosen
                }
            };
            for Choice { unit, text, label } in together(&choices, chosen) {
                let event = past.event(*unit, text, label);
                past.push(*unit, event, self.effect(event)?);
                alike.push(unit.actor, label);
                steps.push(Step {
                    unit: *unit,
                    text: text.clone(),
                });
                labels.push(label.clone());
            }
            let is_as_wanted = |(step, wanted): (&Step, &Step)| step == wanted;
            if !steps.iter().zip(&task.prefix).skip(from).all(is_as_wanted) {
                return None;
            }
        }
    }
}
