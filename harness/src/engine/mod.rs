//! Running one case in its world: steps in, evidence out.
//!
//! [`Engine::run`] is where it begins. The engine has one thread, because it forks.

mod calls;
mod changes;
mod checks;
mod due;
mod evidence;
mod locks;
mod mcp;
mod mounts;
mod never;
mod ready;
pub mod shell;
mod spawning;
pub mod stage;
mod steps;
mod stop;
mod terminal;
pub mod trial;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

pub use evidence::{Evidence, Line, ProcessRecord};
pub use ready::Readiness;
use stop::{Done, Missing, Stop};

use crate::judge::{Gap, Mismatch, Verdict};
use crate::observe::tree::Tree;
use crate::observe::watch::Watch;
use crate::process::{Child, Ready, pump};
use crate::scenario::model::{Case, Step};
use crate::scenario::template::{Place, Template};
use crate::supervise::Scope;
use crate::world::{World, path_of};

/// How the subject is started, with nothing left to look up.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Commands {
    /// The server: program and arguments. `@self` is the suite's own executable. Empty where there is none.
    pub server: Vec<String>,
    /// The command; likewise.
    pub cli: Vec<String>,
    /// Variables the subject needs.
    pub env: BTreeMap<String, String>,
    /// Host paths it needs to see, read-only.
    pub shown: Vec<PathBuf>,
    /// How its server shows that it serves.
    pub ready: Readiness,
}

/// A case to run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    /// The case.
    pub case: Case,
    /// The judged subject.
    pub commands: Commands,
    /// The other subjects of the case, by their names in it.
    pub beside: BTreeMap<String, Commands>,
    /// How a program of the suite is started; its name comes after this.
    pub fixture: Vec<String>,
    /// How long a wait may take before it counts as never.
    pub patience: Duration,
    /// Which system calls of its processes are told, if any.
    pub calls: Option<Scope>,
    /// Nothing is done at any call: does the subject do what it must without, and make these calls?
    pub control: bool,
    /// A shell is wanted in the world, before one of the steps.
    pub stop: Option<shell::StopAt>,
}

impl Job {
    /// How the subject of a spawn is started: the judged one, or another by its name.
    fn commands_of(&self, name: Option<&str>) -> Option<&Commands> {
        name.map_or(Some(&self.commands), |name| self.beside.get(name))
    }
}

/// What became of a case.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Outcome {
    /// The verdict.
    pub verdict: Verdict,
    /// What was seen.
    pub evidence: Evidence,
}

/// A path of which nothing may be made.
struct Forbidden {
    path: PathBuf,
    mark: usize,
    rule: String,
    line: usize,
    step: String,
}

/// One case being run.
pub struct Engine<'a> {
    job: &'a Job,
    world: &'a World,
    children: BTreeMap<String, Child>,
    /// Handles given to one of several, by what it is.
    also_called: HashMap<String, String>,
    sessions: HashMap<String, mcp::Session>,
    holds: HashMap<String, nix::fcntl::Flock<File>>,
    opened: HashMap<String, File>,
    snapshots: HashMap<String, Tree>,
    forbidden: Vec<Forbidden>,
    watch: Watch,
    start: Instant,
    timeline: Vec<evidence::Line>,
    mismatches: Vec<Mismatch>,
    spawned: bool,
    /// What became of each start that may fail.
    served: HashMap<String, bool>,
    /// What became of tool calls, by their steps' labels.
    answered: HashMap<String, bool>,
    /// Servers that do not speak MCP.
    ready: HashMap<String, Readiness>,
    /// The processes that run programs of others.
    tools: BTreeSet<String>,
    /// File systems the case has mounted: the watch and the trees cover these too.
    mounted: Vec<PathBuf>,
    calls: calls::Calls<'a>,
}

impl<'a> Engine<'a> {
    /// Runs a case and ends all its processes.
    pub fn run(job: &'a Job, world: &'a World) -> Outcome {
        Self::run_on(job, world, None)
    }

    /// As [`Engine::run`], with the streams of a shell where the job wants one.
    pub fn run_on(job: &'a Job, world: &'a World, streams: Option<&shell::Streams>) -> Outcome {
        let watch = match Watch::new(&world.roots) {
            Ok(watch) => watch,
            Err(e) => {
                return Outcome {
                    verdict: Verdict::Broken(format!("watching the world: {e}")),
                    evidence: Evidence::default(),
                };
            }
        };
        let mut engine = Self::new(job, world, watch);
        let mut result = engine.supervise().and_then(|()| engine.steps(streams));
        if result.is_ok() && job.control && engine.mismatches.is_empty() {
            result = engine.let_them_end();
        }
        if matches!(result, Ok(()) | Err(Stop::Subject)) {
            result = engine.look_at_the_end();
        }
        let mut evidence = engine.evidence();
        if let Err(e) = engine.end_all() {
            result = Err(Stop::Broken(format!(
                "ending the processes of the case: {e}"
            )));
        }
        if matches!(result, Ok(()) | Err(Stop::Subject))
            && let Err(Stop::Broken(why)) = engine.judge_forbidden()
        {
            result = Err(Stop::Broken(why));
        }
        evidence.timeline = engine.timeline();
        engine.tell_calls(&mut evidence);
        let verdict = match (result, engine.never_fired()) {
            (Err(Stop::Broken(why) | Stop::NotThere(Missing { why, .. })), _) => {
                Verdict::Broken(why)
            }
            (_, Some(verdict)) if engine.mismatches.is_empty() => verdict,
            (Ok(()) | Err(Stop::Subject), _) => Verdict::of(std::mem::take(&mut engine.mismatches)),
        };
        Outcome { verdict, evidence }
    }

    fn new(job: &'a Job, world: &'a World, watch: Watch) -> Self {
        let start = Instant::now();
        Self {
            job,
            world,
            children: BTreeMap::new(),
            also_called: HashMap::new(),
            sessions: HashMap::new(),
            holds: HashMap::new(),
            opened: HashMap::new(),
            snapshots: HashMap::new(),
            forbidden: Vec::new(),
            watch,
            start,
            timeline: Vec::new(),
            mismatches: Vec::new(),
            spawned: false,
            served: HashMap::new(),
            answered: HashMap::new(),
            ready: HashMap::new(),
            tools: BTreeSet::new(),
            mounted: Vec::new(),
            calls: calls::Calls::new(&job.case, start),
        }
    }

    fn steps(&mut self, streams: Option<&shell::Streams>) -> Done {
        let done = match (&self.job.stop, streams) {
            (Some(stop), Some(streams)) => self.steps_around(stop, streams),
            (Some(_), None) | (None, _) => self.all(&self.job.case.steps),
        };
        match done {
            Ok(()) | Err(Stop::Subject) => Ok(()),
            broken @ Err(Stop::Broken(_) | Stop::NotThere(_)) => broken,
        }
    }

    /// Does steps in order.
    fn all(&mut self, steps: &'a [Step]) -> Done {
        for step in steps {
            let done = match self.one(step) {
                Err(Stop::NotThere(missing)) => self.pass_over(step, missing),
                done => done,
            };
            done.map_err(|stop| match stop {
                Stop::Broken(why) => {
                    Stop::Broken(format!("{}:{}: {why}", self.job.case.file, step.line))
                }
                other @ (Stop::Subject | Stop::NotThere(_)) => other,
            })?;
        }
        Ok(())
    }

    /// Does a step, if it is due.
    fn one(&mut self, step: &'a Step) -> Done {
        if !self.is_due(step)? || self.is_moot(step) {
            return Ok(());
        }
        if step.snapshot {
            let tree = self.tree()?;
            self.snapshots.insert(step.label.clone(), tree);
        }
        let before = self.mismatches.len();
        let done = self.step(step).and_then(|()| self.attend_pauses());
        if matches!(done, Ok(()) | Err(Stop::Subject)) && self.is_moot(step) {
            self.mismatches.truncate(before);
            return Ok(());
        }
        done
    }

    /// All files of the world as they are now.
    fn tree(&self) -> std::io::Result<Tree> {
        let roots = [self.world.roots.as_slice(), self.mounted.as_slice()].concat();
        crate::observe::tree::tree(&roots)
    }

    /// What is there before anything is torn down.
    fn look_at_the_end(&mut self) -> Done {
        self.watch.read()?;
        Ok(())
    }

    fn end_all(&mut self) -> std::io::Result<()> {
        for child in self.children.values_mut() {
            child.kill()?;
        }
        Ok(())
    }

    /// Waits until `ready` says so or patience ends. Returns whether it said so.
    fn wait_until(
        &mut self,
        ready: impl FnMut(&mut Self) -> Result<bool, Stop>,
    ) -> Result<bool, Stop> {
        self.wait_at_most(self.job.patience, ready)
    }

    fn wait_at_most(
        &mut self,
        patience: Duration,
        mut ready: impl FnMut(&mut Self) -> Result<bool, Stop>,
    ) -> Result<bool, Stop> {
        let mut deadline = Instant::now() + patience;
        loop {
            if ready(self)? {
                return Ok(true);
            }
            use std::os::fd::AsFd;
            let woken = pump(
                self.children.values_mut(),
                Some(self.watch.as_fd()),
                &mut self.calls.supervisor,
                deadline,
            )?;
            self.watch.read()?;
            let before = Instant::now();
            self.attend_pauses()?;
            // What is done while a call is held is not the time of whoever waits.
            deadline += before.elapsed();
            if woken == Ready::Deadline {
                return ready(self);
            }
        }
    }

    /// Waits for a process to end; a process that once missed its deadline is not waited for again.
    fn wait_for_end(&mut self, who: &str) -> Result<bool, Stop> {
        let child = self.child(who)?;
        child.look()?;
        if child.overdue {
            return Ok(child.end.is_some());
        }
        let ended = self.wait_until(|engine| Ok(engine.child(who)?.end.is_some()))?;
        let child = self.child(who)?;
        child.overdue = !ended;
        let end = crate::judge::process::say(child.end);
        self.note(format!("{who}: {end}"));
        Ok(ended)
    }

    fn child(&mut self, who: &str) -> Result<&mut Child, Stop> {
        let who = self.called(who).to_owned();
        self.children
            .get_mut(&who)
            .ok_or_else(|| Stop::not_started(&who))
    }

    /// The handle a process was spawned with.
    fn called<'b>(&'b self, who: &'b str) -> &'b str {
        self.also_called.get(who).map_or(who, String::as_str)
    }

    fn started(&self, who: &str) -> Result<&Child, Stop> {
        self.children
            .get(self.called(who))
            .ok_or_else(|| Stop::not_started(who))
    }

    fn mismatch(&mut self, step: &Step, gap: Gap, timed_out: bool) {
        self.note(format!("{}: NOT as expected: {}", step.label, gap.found));
        self.mismatches.push(Mismatch {
            rule: step.rule.clone(),
            line: step.line,
            step: step.text.clone(),
            expected: gap.expected,
            found: gap.found,
            timed_out,
        });
    }

    fn fill(&self, template: &Template) -> Result<Vec<u8>, Stop> {
        template.fill(&self.job.case.names, &mut |place| match place {
            Place::World(var) => Ok(self.world.value(*var)),
            Place::Pid(who) => Ok(self.started(who)?.own_pid.to_string().into_bytes()),
            Place::Stderr(who) => Ok(self.started(who)?.stderr().to_vec()),
            Place::Name(name) => Err(Stop::Broken(format!("no name `{name}`"))),
            Place::Byte(byte) => Ok(vec![*byte]),
        })
    }

    fn fill_path(&self, template: &Template) -> Result<PathBuf, Stop> {
        let path = path_of(self.fill(template)?);
        if path.is_absolute() {
            Ok(path)
        } else {
            Ok(self.world.cwd.join(path))
        }
    }

    fn fill_all(&self, templates: &[Template]) -> Result<Vec<Vec<u8>>, Stop> {
        templates.iter().map(|t| self.fill(t)).collect()
    }

    fn note(&mut self, text: String) {
        self.timeline.push(evidence::Line {
            at: self.start.elapsed(),
            text,
        });
    }
}
