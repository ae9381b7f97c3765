//! One order: at each step somebody is chosen, and everybody comes to rest again.

use super::actor::Actor;
use super::value::{Pids, values};
use super::{Order, Stop, touch};
use crate::orders::{
    Access, Ask, Choice, Draw, Effect, End, Limits, Line, Object, Rest, Seen, Step, Task, Unit,
    What, digest, together, ways,
};
use crate::supervise::look_again;

/// No order has more steps: a process that never comes to an end is a finding.
const STEPS: usize = 2000;

impl Order<'_, '_> {
    /// The steps of the task, then the first way at each node, until nobody has anything left to do.
    pub(super) fn go(&mut self, task: &Task) -> Result<End, Stop> {
        let mut draw = task.chance.map(Draw::new);
        let mut checked = 0;
        let mut loose = task.prefix.iter().filter(|_| task.loose);
        loop {
            // Time has passed for somebody before anybody chose that it should: not all ways are seen from here.
            if let Some(who) = self.early.take() {
                let how = format!("{who} woke before it was its turn");
                return Ok(End::Diverged(self.steps.len(), how));
            }
            if self.alike.is_mirrored() {
                return Ok(End::Mirrored);
            }
            // What is done by a choice besides it has to be the same too.
            let begun = self.steps.iter().zip(&task.prefix);
            if !task.loose
                && let Some((_, step)) = begun.skip(checked).find(|(made, step)| made != step)
            {
                return Ok(self.diverged(step));
            }
            checked = self.steps.len();
            let wanted = task.prefix.get(self.steps.len()).filter(|_| !task.loose);
            if self.steps.len() < task.known
                && let Some(step) = wanted
            {
                let choices = self.choices(Some(step.unit));
                let is_it = |choice: &Choice| choice.unit == step.unit && choice.text == step.text;
                match choices.iter().position(is_it) {
                    Some(chosen) => self.steps(&choices, chosen, true)?,
                    None => return Ok(self.diverged(step)),
                }
                continue;
            }
            if task.known > 0 && self.steps.len() == task.known {
                self.look()?;
            }
            let choices = self.choices(None);
            self.remember(&choices);
            let same = |step: &&Step| choices.iter().any(|choice| choice.unit == step.unit);
            let wanted = wanted.or_else(|| loose.find(same));
            if choices.is_empty() && wanted.is_none() {
                self.judge_the_end()?;
                return Ok(End::Finished);
            }
            if self.steps.len() >= STEPS {
                let what = format!("after {STEPS} steps there is no end");
                self.find("PID-11", what, Ask::Nothing);
                return Ok(End::Finished);
            }
            let chosen = match wanted {
                Some(step) => {
                    let same = |choice: &Choice| {
                        choice.unit == step.unit && (task.loose || choice.text == step.text)
                    };
                    match choices.iter().position(same) {
                        Some(chosen) => chosen,
                        None => return Ok(self.diverged(step)),
                    }
                }
                None => {
                    let last = self.steps.last().map(|step| step.unit);
                    let ways = ways(last, &choices, 0, Limits::default());
                    // Other ways are left to whoever knows which were gone.
                    let each: Vec<&Choice> = ways.iter().map(|way| &choices[way.chosen]).collect();
                    let drawn = draw.as_mut();
                    let drawn = drawn.map(|draw| draw.choose(self.steps.len(), &each));
                    ways.get(drawn.unwrap_or(0)).map_or(0, |way| way.chosen)
                }
            };
            if let Some(state) = self.states.last_mut() {
                state.chosen = Some(chosen);
            }
            self.steps(&choices, chosen, false)?;
        }
    }

    /// Makes a choice, with what is done by it.
    fn steps(&mut self, choices: &[Choice], chosen: usize, is_known: bool) -> Result<(), Stop> {
        let made = together(choices, chosen);
        let timers = made.iter().filter(|made| made.unit.what == What::Timer);
        let whose: Vec<usize> = timers.map(|made| usize::from(made.unit.actor)).collect();
        if !whose.is_empty() {
            (self.turn)(false)?;
            self.pass_time(&whose)?;
            (self.turn)(true)?;
        }
        made.into_iter()
            .try_for_each(|choice| self.step(choice.clone(), is_known))
    }

    /// The state that the order has come to, for orders that come to it too.
    fn remember(&mut self, choices: &[Choice]) {
        let mut told = |choice: &Choice| {
            let digest = digest(choice);
            if self.stage.told.insert(digest) {
                self.news.push(choice.clone());
            }
            digest
        };
        let told: Vec<(u8, u64)> = choices
            .iter()
            .map(|choice| (choice.unit.actor, told(choice)))
            .collect();
        let rest = |(at, actor): (u8, &Actor<'_>)| Rest {
            choices: told
                .iter()
                .filter(|(of, _)| *of == at)
                .map(|(_, it)| *it)
                .collect(),
            locks: actor.waits_for(),
        };
        self.states.push(Seen {
            actors: (0..).zip(&self.actors).map(rest).collect(),
            view: self.view(),
            ..Seen::default()
        });
    }

    /// How things are not as they were, for a person.
    fn diverged(&mut self, step: &Step) -> End {
        let choices = self.choices(None);
        let name = |unit: Unit| self.actors[usize::from(unit.actor)].name().to_owned();
        let now: Vec<String> = choices
            .iter()
            .map(|choice| format!("{}: {}", name(choice.unit), choice.text))
            .collect();
        let how = format!(
            "{} was about to do `{}`; now there is {}",
            name(step.unit),
            step.text,
            now.join(", ")
        );
        End::Diverged(self.steps.len(), how)
    }

    /// Everybody who could go on, or one of them.
    fn choices(&mut self, only: Option<Unit>) -> Vec<Choice> {
        let mut choices = Vec::new();
        self.actors.iter_mut().for_each(Actor::rests);
        let kills = self.past.kills() < self.stage.limits.kills;
        let files = &mut self.files;
        for (at, actor) in (0u8..).zip(&mut self.actors) {
            let unit = |what| Unit { actor: at, what };
            if !actor.is_alive() {
                continue;
            }
            let mut caller = touch::Caller {
                names: None,
                tried: &actor.tried,
                actor: at,
            };
            let is_timer = only.is_some_and(|only| only.what == What::Timer);
            let is_meant = |what| {
                let is_one = |only| only == unit(what) || is_timer && what == What::Timer;
                only.is_none_or(is_one)
            };
            for parked in &mut actor.parked {
                if !is_meant(What::Thread(parked.thread)) {
                    continue;
                }
                // What it touches depends on what is there, and that may be something else by now.
                if std::mem::take(&mut parked.is_stale) {
                    look_again(&mut parked.call, &parked.waiting, |path| {
                        files.is_there(path)
                    });
                    caller.names = parked.names;
                    parked.label = touch::label(&parked.call, files, &caller);
                }
                let mut label = parked.label.clone();
                label.add(Object::Process(at), Access::Read);
                let called = parked.names.and_then(|inode| files.called(inode));
                choices.push(Choice {
                    unit: unit(What::Thread(parked.thread)),
                    text: parked.text(called, &self.stage.places),
                    label,
                });
            }
            if actor.may_wake() && is_meant(What::Timer) {
                choices.push(Choice {
                    unit: unit(What::Timer),
                    text: "time passes".to_owned(),
                    label: touch::locks(files, &caller, Access::Read),
                });
            }
            if kills && !actor.killed && !actor.parked.is_empty() && is_meant(What::Kill) {
                let mut label = touch::locks(files, &caller, Access::Set);
                label.add(Object::Process(at), Access::Set);
                choices.push(Choice {
                    unit: unit(What::Kill),
                    text: "is killed".to_owned(),
                    label,
                });
            }
        }
        choices
    }

    /// Makes a step. Of one that is known, what could be seen after it was seen in another order.
    fn step(&mut self, choice: Choice, is_known: bool) -> Result<(), Stop> {
        let at = usize::from(choice.unit.actor);
        let before = self.seen.clone();
        let event = self.past.event(choice.unit, &choice.text, &choice.label);
        self.steps.push(Step {
            unit: choice.unit,
            text: choice.text.clone(),
        });
        self.lines.push(Line {
            actor: choice.unit.actor,
            after: self.steps.len(),
            is_step: true,
            text: choice.text,
            place: None,
        });
        let line = self.lines.len() - 1;
        let mut call = None;
        match choice.unit.what {
            What::Thread(thread) => {
                let parked = &mut self.actors[at].parked;
                let Some(found) = parked.iter().position(|parked| parked.thread == thread) else {
                    return Err(Stop::Broken("the chosen thread is gone".into()));
                };
                let parked = parked.remove(found);
                self.lines[line].place.clone_from(&parked.place);
                self.lines[line].text = parked.call.text();
                self.let_go(at, &parked)?;
                call = Some(parked.call);
            }
            // It has passed.
            What::Timer => {}
            What::Kill => {
                self.actors[at].killed = true;
                self.actors[at].parked.clear();
                self.actors[at].child.kill()?;
                self.actors[at].gate = None;
            }
        }
        self.settle(at)?;
        if let Some(call) = &call {
            touch::note_made(&mut self.files, call);
        }
        // Locks that are let go, and those of one that has ended by whatever it did, wake others.
        if choice.label.wakes() || !self.actors[at].is_alive() {
            self.settle_others(at)?;
        }
        let known = self.stage.effects.get(event, &self.past, &choice.label);
        let effect = if let Some(effect) = known.filter(|_| is_known) {
            effect
        } else {
            let pids: Vec<Pids> = self.actors.iter().map(Actor::pids).collect();
            let effect = Effect {
                values: values(&choice.label, &self.files, &pids, event)?,
                done: self.how_it_ended(at)?,
            };
            // Whoever hears of all orders tells what was otherwise before.
            let _odd = self.stage.effects.learn(event, &self.past, &effect);
            if let Some(state) = self.states.last_mut() {
                state.effects.push(effect.clone());
            }
            effect
        };
        self.past.push(choice.unit, event, &effect);
        // Whatever anybody says he writes, and that is told: who was woken too.
        for speaker in 0..self.actors.len() {
            if std::mem::take(&mut self.actors[speaker].spoke) {
                self.hear(speaker)?;
                self.prompt(speaker)?;
            }
        }
        if choice.label.changes() {
            let all = self.actors.iter_mut().flat_map(|actor| &mut actor.parked);
            all.for_each(|parked| parked.is_stale = true);
            if !is_known {
                self.look()?;
                self.judge_step(at, call.as_ref(), &before);
            }
        }
        self.alike.push(choice.unit.actor, &choice.label);
        Ok(())
    }
}
