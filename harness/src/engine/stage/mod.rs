//! A world in which the calls of a few processes are made in a given order.
//!
//! Each process is held at each call whose place in the order anybody could notice, and one of them goes on at a time. All else
//! goes on at once. A process that sleeps in the kernel is seen to, and another goes on.

mod actor;
mod at_once;
mod files;
mod hold;
mod judge;
mod look;
mod order;
pub mod quiet;
mod sleep;
mod touch;
mod value;

use std::collections::HashSet;
use std::io;
use std::time::Instant;

use self::actor::Actor;
use self::files::Files;
use self::look::Look;
use super::{Engine, Job, Stop};
use crate::observe::watch::Watch;
use crate::orders::{
    Alike, Choice, Effects, End, Finding, Limits, Line, Past, Ran, Seen, Step, Task,
};
use crate::process::{Child, Wiring};
use crate::scenario::model::{Explore, Spawn, StdinKind, Until};
use crate::supervise::Places;
use crate::sys::birth::Birth;
use crate::sys::fork::SpawnError;
use crate::world::World;

/// What is said to each server at its start.
const TALK: &str = concat!(
    r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2024-11-05","#,
    r#""capabilities":{},"clientInfo":{"name":"pidproof","version":"1"}}}"#,
    "\n",
    r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
    "\n",
);

/// The pid of the first actor, where it can be chosen, and how far the next one's is from it. What they say is then the
/// same in each order, and no number in it is a pid by chance.
const FIRST_PID: i32 = 20_011;
const NEXT_PID: i32 = 1_013;

/// A world for one exploration, used for one order after another.
pub struct Stage<'a> {
    engine: Engine<'a>,
    explore: &'a Explore,
    places: Places,
    look: look::Places,
    limits: Limits,
    /// Each actor with its next of those that are alike.
    alike: Vec<(u8, u8)>,
    /// What steps came to, by what stands for each.
    effects: Effects,
    /// Which choices were told of an order.
    told: HashSet<u64>,
    /// Whether a pid can be chosen.
    gives_pids: bool,
}

/// One order being run.
struct Order<'s, 'a> {
    stage: &'s mut Stage<'a>,
    /// Tells that others may be at work, or waits until this one may be again.
    turn: &'s mut dyn FnMut(bool) -> io::Result<()>,
    actors: Vec<Actor<'a>>,
    steps: Vec<Step>,
    alike: Alike,
    lines: Vec<Line>,
    /// Who has answered, and after how many steps.
    answered: Vec<(u8, usize)>,
    findings: Vec<Finding>,
    /// The world as it was after the last step.
    seen: Look,
    /// Whether the state was there at first.
    had_state: bool,
    looks: u64,
    past: Past,
    files: Files,
    /// Who woke by its time before that was chosen.
    early: Option<String>,
    /// The states that it came to, from the last one on that was known before.
    states: Vec<Seen>,
    /// What their choices are, as far as that is news.
    news: Vec<Choice>,
}

impl<'a> Stage<'a> {
    /// A stage in a world.
    ///
    /// # Errors
    /// What the host refuses, or that the case is no exploration.
    pub fn new(job: &'a Job, world: &'a World, limits: Limits) -> Result<Self, String> {
        let explore = job.case.explore.as_ref().ok_or("this is no exploration")?;
        let watch = Watch::new(&[]).map_err(|e| e.to_string())?;
        let mut engine = Engine::new(job, world, watch);
        let mut stage = || -> Result<(Places, look::Places), Stop> {
            engine.supervise()?;
            let look = look::Places {
                pidfile: engine.fill_path(&explore.pidfile)?,
                state: engine.fill_path(&explore.state)?,
                hold: explore
                    .hold
                    .as_ref()
                    .map(|at| engine.fill_path(at))
                    .transpose()?,
            };
            Ok((engine.places(), look))
        };
        let (places, look) = stage().map_err(say)?;
        Ok(Self {
            engine,
            explore,
            places,
            look,
            limits,
            alike: explore.alike(),
            effects: Effects::default(),
            told: HashSet::new(),
            gives_pids: true,
        })
    }

    /// Runs one order, from a world made anew, and ends all its processes. `turn` is called with `false` before time has to
    /// pass, and with `true` before the order goes on after it.
    pub fn run(&mut self, task: &Task, turn: &mut dyn FnMut(bool) -> io::Result<()>) -> Ran {
        let is_one_of_all = self.limits.alike && task.chance.is_none() && !task.loose;
        let pairs: &[(u8, u8)] = if is_one_of_all { &self.alike } else { &[] };
        let mut order = Order {
            alike: Alike::new(pairs),
            stage: self,
            turn,
            actors: Vec::new(),
            steps: Vec::new(),
            lines: Vec::new(),
            answered: Vec::new(),
            findings: Vec::new(),
            seen: Look::default(),
            had_state: false,
            looks: 0,
            past: Past::default(),
            files: Files::default(),
            early: None,
            states: Vec::new(),
            news: Vec::new(),
        };
        let end = order.begin().and_then(|()| match task.at_once {
            true => order.go_at_once(),
            false => order.go(task),
        });
        let ended = order.end_all();
        let end = match (end, ended) {
            (Ok(end), Ok(())) => end,
            (Err(stop), _) => End::Broken(say(stop)),
            (_, Err(e)) => End::Broken(format!("ending the processes of an order: {e}")),
        };
        let looked_at = [
            Some(&order.stage.look.pidfile),
            order.stage.look.hold.as_ref(),
        ];
        let places = looked_at.into_iter().flatten();
        let places = places.filter_map(|path| order.files.name(path));
        let places = places.flat_map(|name| touch::with_above(&name)).collect();
        Ran {
            end,
            steps: order.steps,
            findings: order.findings,
            lines: order.lines,
            answered: order.answered,
            looks: order.looks,
            seen: order.states,
            choices: order.news,
            places,
        }
    }

    /// Starts the how manieth of the actors.
    fn start(&mut self, nth: usize, spawn: &Spawn) -> Result<Child, Stop> {
        let mut plan = self.engine.plan(spawn)?;
        let wiring = Wiring {
            stdin: spawn.stdin == StdinKind::Pipe,
            terminal: [false; 3],
        };
        if plan.birth == Birth::default() && self.gives_pids {
            plan.birth.pid = i32::try_from(nth)
                .ok()
                .map(|nth| FIRST_PID + nth * NEXT_PID);
            match Child::spawn(&plan, wiring) {
                Err(SpawnError::Fork(why)) => {
                    // Another thread has the number now, or nobody may choose here.
                    self.gives_pids = why.raw_os_error() == Some(libc::EEXIST);
                    plan.birth.pid = None;
                }
                other => return started(spawn, other),
            }
        }
        started(spawn, Child::spawn(&plan, wiring))
    }
}

fn started(spawn: &Spawn, child: Result<Child, SpawnError>) -> Result<Child, Stop> {
    child.map_err(|e| Stop::Broken(format!("starting {}: {e}", spawn.handle)))
}

fn say(stop: Stop) -> String {
    match stop {
        Stop::Broken(why) => why,
        Stop::NotThere(missing) => missing.why,
        Stop::Subject => "a step before the orders could not be done".to_owned(),
    }
}

impl<'a> Order<'_, 'a> {
    /// The world, the steps before, and the processes, each held at its first call.
    fn begin(&mut self) -> Result<(), Stop> {
        let explore = self.stage.explore;
        let world = self.stage.engine.world;
        world.renew().map_err(|e| Stop::Broken(e.to_string()))?;
        self.stage.engine.steps(None)?;
        self.stage.engine.timeline.clear();
        if let Some(mismatch) = self.stage.engine.mismatches.pop() {
            return Err(Stop::Broken(mismatch.found));
        }
        self.files = Files::of_world(&world.roots)?;
        // Those that serve already come first, alone and unhindered.
        for (nth, part) in explore.actors.iter().enumerate() {
            let child = self.stage.start(nth, &part.spawn)?;
            self.actors.push(Actor::new(part, child));
            let at = self.actors.len() - 1;
            if self.actors[at].is_server() {
                self.actors[at].child.send(TALK.as_bytes());
                self.actors[at].child.look()?;
            }
            if part.serves {
                self.serve(at)?;
            }
        }
        // Whatever is there by now was there at first.
        if explore.actors.iter().any(|actor| actor.serves) {
            self.files = Files::of_world(&world.roots)?;
        }
        for at in 0..self.actors.len() {
            if !explore.actors[at].serves {
                self.settle(at)?;
            }
        }
        self.early = None;
        self.look()?;
        self.had_state = self.seen.state;
        for at in 0..self.actors.len() {
            if explore.actors[at].serves {
                self.prompt(at)?;
            }
        }
        Ok(())
    }

    /// Lets a process go on until it serves.
    fn serve(&mut self, at: usize) -> Result<(), Stop> {
        let deadline = Instant::now() + self.stage.engine.job.patience;
        while !self.actors[at].answered {
            self.settle(at)?;
            while let Some(parked) = self.actors[at].parked.pop() {
                self.let_go(at, &parked)?;
            }
            self.hear(at)?;
            if Instant::now() > deadline || !self.actors[at].is_alive() {
                let name = self.actors[at].name().to_owned();
                return Err(Stop::Broken(format!("{name} does not come to serve")));
            }
        }
        // What it does after its answer is its own time too.
        loop {
            self.settle(at)?;
            let Some(parked) = self.actors[at].parked.pop() else {
                return Ok(());
            };
            self.let_go(at, &parked)?;
        }
    }

    /// Sees how things are.
    pub(super) fn look(&mut self) -> Result<(), Stop> {
        self.seen = Look::take(&self.stage.look, &self.files)?;
        Ok(())
    }

    /// Takes note of what a process has said.
    pub(super) fn hear(&mut self, at: usize) -> Result<(), Stop> {
        let actor = &mut self.actors[at];
        actor.child.look()?;
        let before = actor.answered;
        actor.hear();
        if actor.answered && !before {
            let whose = u8::try_from(at).unwrap_or(u8::MAX);
            self.answered.push((whose, self.steps.len()));
        }
        Ok(())
    }

    /// Gives a process that has answered what its part asks for next.
    pub(super) fn prompt(&mut self, at: usize) -> Result<(), Stop> {
        if !self.ask_to_end(at)? {
            return Ok(());
        }
        self.settle(at)?;
        if !self.actors[at].is_alive() {
            self.settle_others(at)?;
        }
        self.hear(at)
    }

    /// The same without waiting for what comes of it; false where nothing more is asked.
    pub(super) fn ask_to_end(&mut self, at: usize) -> Result<bool, Stop> {
        let actor = &mut self.actors[at];
        if !actor.answered || actor.told_to_end || !actor.is_alive() {
            return Ok(false);
        }
        match actor.part.until {
            Until::Terminated => actor.child.signal(libc::SIGTERM)?,
            Until::Hung => actor.child.close_stdin()?,
            Until::Answered | Until::Ended => return Ok(false),
        }
        actor.told_to_end = true;
        Ok(true)
    }

    fn end_all(&mut self) -> io::Result<()> {
        for actor in &mut self.actors {
            actor.child.kill()?;
        }
        Ok(())
    }
}
