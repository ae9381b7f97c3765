//! What must hold between any two steps, and when nobody has anything left to do. Only what can be seen from outside.

use std::time::{Duration, Instant};

use super::look::Look;
use super::{Order, Stop};
use crate::calls::Call;
use crate::calls::table::Family;
use crate::orders::{Ask, Done, Finding, digest};
use crate::scenario::model::{Role, Until};
use crate::sys::pidfd::End as Ended;

/// PID-12: within a second of the lock falling free.
const PROMOTION: Duration = Duration::from_secs(1);

impl Order<'_, '_> {
    pub(super) fn find(&mut self, rule: &str, what: String, ask: Ask) {
        let after = self.steps.len();
        let known = |f: &Finding| f.rule == rule && f.what == what;
        if !self.findings.iter().any(known) {
            self.findings.push(Finding {
                rule: rule.to_owned(),
                what,
                after,
                ask,
            });
        }
    }

    /// What stands for all of this state by which a step is judged.
    pub(super) fn view(&self) -> u64 {
        let of = |actor: &super::Actor<'_>| {
            let pid = actor.child.own_pid;
            let holds = self.seen.others.contains(&pid);
            (actor.is_alive(), self.seen.is_primary(pid), holds)
        };
        digest(self.actors.iter().map(of).collect::<Vec<_>>())
    }

    /// Of a process that does nothing any more, what stands for all that is asked of it at the end.
    pub(super) fn how_it_ended(&mut self, at: usize) -> Result<Option<Done>, Stop> {
        let lives = self.actors[at].is_alive();
        if !lives || self.actors[at].spoke {
            self.hear(at)?;
        }
        if lives && !self.actors[at].sleeps_for_ever() {
            return Ok(None);
        }
        let actor = &self.actors[at];
        let how = match actor.child.end {
            Some(Ended::Code(code)) => (Some(code), None),
            Some(Ended::Signal(signal)) => (None, Some(signal)),
            None => (None, None),
        };
        let told = (actor.killed, actor.told_to_end, actor.answered);
        // What it says is for whoever reads it, and may hold the time of day.
        let says_why = !lives && !actor.child.stderr().is_empty();
        let how = digest((how, told, says_why));
        Ok(Some(Done { how, lives }))
    }

    /// After a step that changed something: `at` made it, `call` was its call, and this is how things were before.
    pub(super) fn judge_step(&mut self, at: usize, call: Option<&Call>, before: &Look) {
        let who = self.actors[at].name().to_owned();
        let what = call.map_or("its end".to_owned(), |call| format!("`{}`", call.name));
        // Whoever was the primary still is, unless it did something about it itself.
        for other in (0..self.actors.len()).filter(|other| *other != at) {
            if self.has_lost(other, before) {
                let rule = if self.is_cli(at) { "UNI-14" } else { "PID-4" };
                let (name, now) = (self.actors[other].name().to_owned(), self.seen.say());
                self.find(
                    rule,
                    format!("{who} takes the pidfile from {name}, which lives, by {what}: {now}"),
                    Ask::Primary(number(other)),
                );
            }
        }
        if let Some(call) = call {
            self.judge_call(at, call, before);
        }
    }

    /// Whether a server was the primary, and lives, and is no more.
    pub(super) fn has_lost(&self, server: usize, before: &Look) -> bool {
        let server = &self.actors[server];
        let pid = server.child.own_pid;
        server.is_alive() && before.is_primary(pid) && !self.seen.is_primary(pid)
    }

    fn is_cli(&self, at: usize) -> bool {
        matches!(self.actors[at].part.spawn.role, Role::Cli)
    }

    /// What a call of `at`, which was made, has to do with the state.
    pub(super) fn judge_call(&mut self, at: usize, call: &Call, before: &Look) {
        let who = self.actors[at].name().to_owned();
        let real = call.real.as_deref().unwrap_or_default();
        let in_state = std::path::Path::new(real).starts_with(&self.stage.look.state);
        if call.creates && in_state && !self.had_state {
            self.find(
                "HOME-1",
                format!("{who} makes {}", call.path.as_deref().unwrap_or(real)),
                Ask::NoState,
            );
        }
        // Tried is not done: a directory that somebody has put something into stays.
        let removes = matches!(call.family, Family::Unlink | Family::Rmdir | Family::Rename)
            && call.comes_to.is_none()
            && !self.files.is_there(std::path::Path::new(real));
        if self.is_cli(at) && removes && in_state {
            let lives = |other: &usize| {
                let actor = &self.actors[*other];
                let pid = actor.child.own_pid;
                *other != at
                    && actor.is_alive()
                    && actor.is_server()
                    && (before.is_primary(pid) || before.others.contains(&pid))
            };
            if let Some(server) = (0..self.actors.len()).find(lives) {
                let name = self.actors[server].name().to_owned();
                let path = call.path.as_deref().unwrap_or(real);
                self.find(
                    "UNI-14",
                    format!("{who} removes {path} while {name} lives and holds a lock"),
                    Ask::Stays(
                        path.to_owned(),
                        call.family == Family::Rmdir,
                        number(server),
                    ),
                );
            }
        }
    }

    /// When nobody has anything left to do.
    pub(super) fn judge_the_end(&mut self) -> Result<(), Stop> {
        for at in 0..self.actors.len() {
            self.hear(at)?;
        }
        self.look()?;
        self.wait_for_a_primary()?;
        let mut found = Vec::new();
        for (at, actor) in self.actors.iter().enumerate() {
            if !actor.killed {
                found.extend(ended_badly(actor, number(at)));
            }
        }
        let serving = self.serving();
        let primaries = serving
            .iter()
            .filter(|at| self.seen.is_primary(self.actors[**at].child.own_pid));
        let now = self.seen.say();
        let what = match (serving.len(), primaries.count()) {
            (0, _) | (_, 1) => None,
            (1, _) => Some(format!("the one server that lives is no primary: {now}")),
            (many, _) => Some(format!(
                "{many} servers live and none is the primary: {now}"
            )),
        };
        let servers: Vec<u8> = serving.into_iter().map(number).collect();
        found.extend(what.map(|what| ("PID-12", what, Ask::OneOf(servers))));
        let orderly = self.past.kills() == 0
            && self
                .actors
                .iter()
                .filter(|actor| actor.is_server())
                .all(|actor| !actor.is_alive());
        if orderly && self.seen.text.is_some() {
            let what = format!("every server has ended and the pidfile stays: {now}");
            found.push(("END-1", what, Ask::NoPidfile));
        }
        for (rule, what, ask) in found {
            self.find(rule, what, ask);
        }
        if self.past.kills() > 0 {
            self.judge_recovery()?;
        }
        Ok(())
    }

    /// The servers that live and serve, as they see themselves.
    fn serving(&self) -> Vec<usize> {
        // What stands in for another kind of server has no pidfile there.
        let serves = |at: &usize| {
            let actor = &self.actors[*at];
            actor.is_alive() && actor.answered && matches!(actor.part.spawn.role, Role::Server)
        };
        (0..self.actors.len()).filter(serves).collect()
    }

    /// One that looks now and then whether the lock is free has a second for it.
    fn wait_for_a_primary(&mut self) -> Result<(), Stop> {
        let serving = self.serving();
        let deadline = Instant::now() + PROMOTION;
        while !serving.is_empty()
            && !serving
                .iter()
                .any(|at| self.seen.is_primary(self.actors[*at].child.own_pid))
            && self
                .actors
                .iter()
                .any(|actor| actor.is_alive() && actor.wakes.is_some())
            && Instant::now() < deadline
        {
            (self.turn)(false)?;
            self.listen(Duration::from_millis(50))?;
            (self.turn)(true)?;
            for at in 0..self.actors.len() {
                while let Some(parked) = self.actors[at].parked.pop() {
                    self.let_go(at, &parked)?;
                    self.settle(at)?;
                }
            }
            self.look()?;
        }
        Ok(())
    }

    /// After a kill the next start succeeds.
    fn judge_recovery(&mut self) -> Result<(), Stop> {
        let lives = self.actors.iter().any(|a| a.is_alive() && a.is_server());
        let explore = self.stage.explore;
        let Some(part) = explore
            .actors
            .iter()
            .find(|part| matches!(part.spawn.role, Role::Server))
        else {
            return Ok(());
        };
        let child = self.stage.start(self.actors.len(), &part.spawn)?;
        self.actors.push(super::Actor::new(part, child));
        let at = self.actors.len() - 1;
        self.actors[at].child.send(super::TALK.as_bytes());
        self.actors[at].child.look()?;
        if let Err(stop) = self.serve(at) {
            let why = super::say(stop);
            let said = said(&self.actors[at]);
            self.find(
                "END-5",
                format!("after the kill the next start fails: {why}: {said}"),
                Ask::Nothing,
            );
            return Ok(());
        }
        self.look()?;
        if !lives && !self.seen.is_primary(self.actors[at].child.own_pid) {
            let now = self.seen.say();
            self.find(
                "END-5",
                format!("after the kill the next server is no primary: {now}"),
                Ask::Nothing,
            );
        }
        Ok(())
    }
}

pub(super) fn number(at: usize) -> u8 {
    u8::try_from(at).unwrap_or(u8::MAX)
}

/// What is wrong with how a process has ended, or not: the rule, what happened, and by what it is seen again.
fn ended_badly(actor: &super::Actor<'_>, at: u8) -> Vec<(&'static str, String, Ask)> {
    let mut found = Vec::new();
    let name = actor.name();
    if !actor.is_through() {
        let rule = if actor.told_to_end { "END-1" } else { "PID-11" };
        let what = format!("{name} stands still for ever: {}", said(actor));
        found.push((rule, what, Ask::Nothing));
    }
    match actor.child.end {
        Some(Ended::Signal(signal)) => {
            let what = format!("{name} is ended by signal {signal}");
            found.push(("PID-11", what, Ask::Nothing));
        }
        Some(Ended::Code(code)) if actor.told_to_end && code != 0 => {
            let what = format!("{name} ends with status {code}: {}", said(actor));
            found.push(("END-1", what, Ask::EndsWell(at)));
        }
        Some(Ended::Code(0)) if actor.is_server() && !actor.answered => {
            let what = format!("{name} does not serve and ends with status 0");
            found.push(("DIR-10", what, Ask::Nothing));
        }
        Some(Ended::Code(_)) if actor.is_server() && actor.child.stderr().is_empty() => {
            let part = actor.part.until;
            if !actor.answered && part != Until::Ended {
                let what = format!("{name} ends and does not say why");
                found.push(("PID-11", what, Ask::Nothing));
            }
        }
        Some(Ended::Code(_)) | None => {}
    }
    found
}

fn said(actor: &super::Actor<'_>) -> String {
    let text = String::from_utf8_lossy(actor.child.stderr());
    let last = text.trim().lines().last().unwrap_or("it says nothing");
    last.chars().take(300).collect()
}
