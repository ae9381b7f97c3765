//! An order as steps, with what is done while somebody is held in a pause of his.

use toml_edit::{InlineTable, Value};

use super::{NoScript, list, step};
use crate::orders::{Ask, Line, Place, Ran};

/// Somebody is held, and these steps are done meanwhile.
#[derive(Debug, Default)]
struct Open {
    /// Nobody, for what is done while nobody is held.
    held: Option<(u8, Place)>,
    steps: Vec<InlineTable>,
}

/// An order, and what of it is written by now.
#[derive(Debug)]
pub(super) struct Script<'a> {
    names: &'a [String],
    /// As they are written.
    actors: Vec<InlineTable>,
    lines: &'a [Line],
    answered: &'a [(u8, usize)],
    /// The innermost last.
    open: Vec<Open>,
    /// The server that was wronged.
    is_live: Option<u8>,
    /// It is started while another is held, and then a right one may refuse to serve.
    may_fail: bool,
}

/// What one process does before somebody else goes on, within one part of what it does.
#[derive(Debug)]
struct Stretch<'a> {
    actor: u8,
    part: Part,
    /// Its part begins with it.
    begins: bool,
    /// The call at which it is held after it; nothing, where this part is through.
    held_at: Option<&'a Line>,
    /// After so many steps of all it is over.
    until: usize,
}

/// What a process does until it has answered, or ends by itself; and what it does when it is told to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Start,
    End,
}

impl<'a> Script<'a> {
    fn name(&self, actor: u8) -> String {
        let name = self.names.get(usize::from(actor));
        name.cloned().unwrap_or_default()
    }

    fn actor(&self, actor: u8, key: &str) -> Option<&Value> {
        self.actors.get(usize::from(actor))?.get(key)
    }

    fn serves(&self, actor: u8) -> bool {
        self.actor(actor, "serves").and_then(Value::as_bool) == Some(true)
    }

    /// The signal or the end of its input by which it is told to end after its answer.
    fn end(&self, actor: u8) -> Option<InlineTable> {
        let name = self.name(actor);
        match self.actor(actor, "until").and_then(Value::as_str)? {
            "terminated" => Some(step("signal", &name, [("send", "TERM".into())])),
            "hung-up" => Some(step("close-stdin", &name, [])),
            _ => None,
        }
    }

    /// After how many steps it has answered.
    fn answer(&self, actor: u8) -> Option<usize> {
        let of = |&(whose, after): &(u8, usize)| (whose == actor).then_some(after);
        self.answered.iter().find_map(of)
    }

    /// Nothing is written yet. The actors are those of the file.
    pub(super) fn new(
        names: &'a [String],
        actors: Vec<InlineTable>,
        ran: &'a Ran,
        ask: &Ask,
    ) -> Self {
        Self {
            names,
            actors,
            lines: &ran.lines,
            answered: &ran.answered,
            open: vec![Open::default()],
            is_live: match ask {
                Ask::Primary(actor) => Some(*actor),
                Ask::Stays(_, _, live) => Some(*live),
                Ask::OneOf(_) | Ask::NoState | Ask::NoPidfile | Ask::EndsWell(_) | Ask::Nothing => {
                    None
                }
            },
            may_fail: false,
        }
    }

    /// Writes all that was done, and `checks` where `after` steps were made.
    pub(super) fn walk(
        mut self,
        after: usize,
        checks: &[InlineTable],
    ) -> Result<Vec<InlineTable>, NoScript> {
        for actor in (0..).take(self.names.len()) {
            if self.serves(actor) {
                self.begins(actor, Part::Start);
                self.is_through(actor, Part::Start);
            }
        }
        let mut checked = false;
        for stretch in self.stretches()? {
            let Stretch { actor, part, .. } = stretch;
            if stretch.begins {
                self.begins(actor, part);
            } else {
                self.goes_on(actor)?;
            }
            match stretch.held_at {
                None => self.is_through(actor, part),
                Some(line) => {
                    let place = line.place.clone();
                    let place = place
                        .ok_or_else(|| NoScript::Place(self.name(actor), line.text.clone()))?;
                    self.open.push(Open {
                        held: Some((actor, place)),
                        steps: Vec::new(),
                    });
                }
            }
            if stretch.until >= after && !checked {
                checked = true;
                self.check(checks);
            }
        }
        // Whoever is still held has nothing more to do that matters.
        while let Some(&(actor, _)) = self.open.last().and_then(|open| open.held.as_ref()) {
            self.goes_on(actor)?;
        }
        if !checked {
            self.check(checks);
        }
        Ok(self.open.pop().unwrap_or_default().steps)
    }

    /// Adds the checks. Where somebody was held or told to end and nobody is now, what comes of it takes its own time.
    fn check(&mut self, checks: &[InlineTable]) {
        let served = self.is_live.filter(|_| self.may_fail);
        let takes_time = ["pause", "signal", "close-stdin"];
        let is_late = |step: &InlineTable| takes_time.iter().any(|verb| step.contains_key(verb));
        let is_late = self.open.len() == 1 && self.steps().iter().any(is_late);
        for check in checks {
            let mut check = check.clone();
            let is_lock = check.contains_key("expect-lock") || check.contains_key("line");
            if is_late && is_lock {
                check.insert("eventually", true.into());
            }
            if let Some(server) = served {
                check.insert("if-served", self.name(server).into());
            }
            self.steps().push(check);
        }
        if let Some(server) = served {
            let name = self.name(server);
            let keys = [
                ("exit", "nonzero".into()),
                ("if-failed", name.clone().into()),
            ];
            self.steps().push(step("expect", &name, keys));
        }
    }

    /// The steps that are being written.
    fn steps(&mut self) -> &mut Vec<InlineTable> {
        if self.open.is_empty() {
            self.open.push(Open::default());
        }
        let last = self.open.len() - 1;
        &mut self.open[last].steps
    }

    /// Whoever is held last goes on: what was done meanwhile is what its pause does.
    fn goes_on(&mut self, actor: u8) -> Result<(), NoScript> {
        match self.open.pop() {
            Some(Open {
                held: Some((held, place)),
                steps,
            }) if held == actor => {
                let name = self.name(actor);
                let keys = [
                    ("of", name.clone().into()),
                    ("call", place.call.into()),
                    ("path", place.path.into()),
                    ("nth", i64::from(place.nth).into()),
                    // Another subject may do without this call.
                    ("if-called", true.into()),
                    ("do", list(steps.into_iter().map(Value::InlineTable))),
                ];
                // Its calls are counted from there on.
                let starts =
                    |step: &InlineTable| step.get("spawn").and_then(Value::as_str) == Some(&name);
                let [Open { steps, held: None }] = self.open.as_mut_slice() else {
                    return Err(NoScript::Nested(name));
                };
                let Some(at) = steps.iter().position(starts) else {
                    return Err(NoScript::Nested(name));
                };
                let pauses = steps.iter().filter(|step| step.contains_key("pause"));
                let handle = format!("{name}-{}", pauses.count() + 1);
                steps.insert(at, step("pause", &handle, keys));
                Ok(())
            }
            other => {
                let held = other.and_then(|open| open.held);
                let held = held.map_or_else(String::new, |(held, _)| self.name(held));
                Err(NoScript::Turns(self.name(actor), held))
            }
        }
    }

    /// Starts it, or tells it to end.
    fn begins(&mut self, actor: u8, part: Part) {
        let step = match part {
            Part::Start => self.actors.get(usize::from(actor)).cloned(),
            Part::End => self.end(actor),
        };
        self.steps().extend(step.map(|mut step| {
            // Where its part ends is a matter of an exploration.
            step.remove("until");
            step.remove("serves");
            step
        }));
    }

    /// Waits until it has answered, or is gone.
    fn is_through(&mut self, actor: u8, part: Part) {
        let name = self.name(actor);
        let mut through = step("wait", &name, []);
        if part == Part::Start && self.answer(actor).is_some() {
            through = step("handshake", &name, []);
            if self.is_live == Some(actor) && self.open.len() > 1 {
                self.may_fail = true;
                through.insert("or-fails", true.into());
            }
        }
        self.steps().push(through);
    }

    /// Of which part a step is.
    fn part(&self, line: &Line) -> Part {
        let answer = self.answer(line.actor);
        match answer.is_some_and(|answer| line.after > answer) && self.end(line.actor).is_some() {
            true => Part::End,
            false => Part::Start,
        }
    }

    /// All that is done, by who does it. Time passes by itself, and what somebody does who serves and is asked for nothing more
    /// takes its own time too.
    fn stretches(&self) -> Result<Vec<Stretch<'a>>, NoScript> {
        let steps: Vec<&'a Line> = self.lines.iter().filter(|line| line.is_step).collect();
        if let Some(killed) = steps.iter().find(|line| line.text == "is killed") {
            return Err(NoScript::Kill(self.name(killed.actor)));
        }
        let is_asked = |line: &&&'a Line| {
            let answer = self.answer(line.actor);
            let is_over = answer.is_some_and(|answer| line.after > answer);
            line.text != "time passes" && (!is_over || self.part(line) == Part::End)
        };
        let steps: Vec<&'a Line> = steps.iter().filter(is_asked).copied().collect();
        let part = |line: &Line| (line.actor, self.part(line));
        let mut stretches = Vec::new();
        let mut at = 0;
        for made in steps.chunk_by(|a, b| part(a) == part(b)) {
            let (before, after) = (&steps[..at], &steps[at + made.len()..]);
            at += made.len();
            let [first, ..] = made else { continue };
            let this = part(first);
            stretches.push(Stretch {
                actor: this.0,
                part: this.1,
                begins: !before.iter().any(|line| part(line) == this),
                held_at: after.iter().find(|line| part(line) == this).copied(),
                until: made.last().map_or(0, |line| line.after),
            });
        }
        Ok(stretches)
    }
}
