//! Walking a list of actions: what each does, and what must hold after it.

use super::action::{Action, Form, UMASKS};
use super::script::{Step, Text};
use super::state::{Dir, SCRATCH, STATE, State, dir_path};

/// What a server does that does not get the lock (PID-5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loser {
    /// It serves beside the primary.
    Secondary,
    /// It exits.
    Exits,
}

impl Loser {
    /// The word for it, as the parameter `loser` has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Secondary => "secondary",
            Self::Exits => "exits",
        }
    }
}

/// A list of actions as a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The text of the file.
    pub text: String,
    /// How many of the actions did something.
    pub done: usize,
}

/// The scenario that does `actions` in order; `None` where none of them leaves anything to judge.
pub fn script(title: &str, actions: &[Action], loser: Loser) -> Option<Script> {
    let mut walk = Walk {
        state: State::new(),
        text: Text::default(),
        loser,
        count: 0,
        ever_home: false,
    };
    let mut done = 0;
    for action in actions {
        done += usize::from(walk.act(*action));
        walk.ever_home |= walk.state.home.is_some();
    }
    if !walk.text.judges() {
        return None;
    }
    // Where nothing is stored and nobody else makes it, it is not there for a moment either.
    let lazy = !walk.ever_home;
    let first = lazy.then(|| Step::new("never-created", STATE).rule("HOME-1"));
    if lazy {
        let none = toml::Value::Array(Vec::new());
        let step = Step::new("expect-fs", "${home}");
        walk.text.push(step.rule("HOME-4").set("entries", none));
    }
    Some(Script {
        text: walk.text.finish(title, loser.word(), first),
        done,
    })
}

/// The walk so far.
pub(super) struct Walk {
    pub(super) state: State,
    pub(super) text: Text,
    pub(super) loser: Loser,
    count: usize,
    ever_home: bool,
}

impl Walk {
    /// Does one action; false if it makes no sense here.
    fn act(&mut self, action: Action) -> bool {
        self.count += 1;
        let mut before = Text::default();
        std::mem::swap(&mut before, &mut self.text);
        let done = self.dispatch(action).is_some();
        std::mem::swap(&mut before, &mut self.text);
        if !done {
            // So that the same things have the same names without it.
            self.count -= 1;
        } else {
            self.text.comment(&format!("{}. {action:?}", self.count));
            self.text.append(before);
        }
        done
    }

    /// `None` where the action makes no sense; then nothing has changed.
    fn dispatch(&mut self, action: Action) -> Option<()> {
        match action {
            Action::Start { env, umask } => {
                self.start(env, UMASKS.get(usize::from(umask)).copied()?)
            }
            Action::End { which, how } => self.end(which, how),
            Action::Store { which } => self.store(which),
            Action::Uninstall { env, flags } => self.uninstall(env, flags),
            Action::Plant { place, content } => self.plant(place, content),
            Action::PlantOdd { place, what } => self.plant_odd(place, what),
            Action::Unlink { place } => self.unlink(place),
            Action::PlantDir { place, mode } => self.plant_dir(place, mode),
            Action::PlantOddDir { place, what } => self.plant_odd_dir(place, what),
            Action::RemoveDir { place } => self.remove_dir(place),
            Action::Chmod { place, mode } => self.chmod(place, mode),
            Action::Litter { place } => self.litter(place),
            Action::ChmodXdg { loose } => self.chmod_xdg(loose),
            Action::MakeState => self.make_state(),
            Action::RemoveState => self.remove_state(),
            Action::PlantLegacy { content } => self.plant_legacy(content),
            Action::PlantOddLegacy { what } => self.plant_odd_legacy(what),
            Action::UnlinkLegacy => self.unlink_legacy(),
            Action::Hold { place, shared } => self.hold(place, shared),
            Action::Release => self.release(),
            Action::StartOld => self.start_old(),
            Action::EndOld { kill } => self.end_old(kill),
        }
    }

    /// A name that no other action uses.
    pub(super) fn name(&self, what: &str) -> String {
        format!("{what}-{}", self.count)
    }

    /// The number of this action, by which databases are told apart.
    pub(super) fn number(&self) -> usize {
        self.count
    }

    pub(super) fn push(&mut self, step: Step) {
        self.text.push(step);
    }

    /// Starts a process in an environment.
    pub(super) fn spawn(&mut self, name: &str, role: &str, env: Form, more: impl Fn(Step) -> Step) {
        let step = more(Step::new("spawn", name).set("role", role));
        self.push(match env {
            Form::Xdg => step,
            Form::Temp => {
                let unset = [("XDG_RUNTIME_DIR".to_owned(), toml::Value::from(false))];
                step.set("env", toml::Table::from_iter(unset))
            }
        });
    }

    pub(super) fn absent(&mut self, path: &str, rule: &'static str) {
        let step = Step::new("expect-fs", path);
        self.push(step.rule(rule).set("type", "absent"));
    }

    pub(super) fn unchanged(&mut self, path: &str, rule: &'static str, since: &str) {
        let step = Step::new("expect-fs", path).rule(rule);
        self.push(step.set("unchanged-since", since));
    }

    /// Nothing anywhere has changed, but for what lies at `except`.
    pub(super) fn all_unchanged(&mut self, rule: &'static str, since: &str, except: &[&str]) {
        let mut list = vec![SCRATCH];
        list.extend(except);
        let step = Step::new("expect-fs", "all").rule(rule);
        self.push(step.set("unchanged-since", since).set("except", list));
    }

    /// Takes away what may be there or not, so that the model knows again.
    pub(super) fn clear(&mut self, path: &str) {
        self.push(Step::new("remove", path).set("if-there", true));
    }

    /// Clears a runtime dir of which it is not known whether it is there.
    pub(super) fn clear_dir(&mut self, place: Form) {
        self.clear(dir_path(place));
        self.state.set_dir(place, Dir::Absent);
    }

    /// The state dir stays away where nothing was stored.
    pub(super) fn no_home(&mut self) {
        if self.state.home.is_none() {
            self.absent(STATE, "HOME-1");
        }
    }

    pub(super) fn locked_by(
        &mut self,
        path: &str,
        who: &str,
        rule: &'static str,
        eventually: bool,
    ) {
        let step = Step::new("expect-lock", path)
            .rule(rule)
            .set("held", "exclusive")
            .set("by", who);
        self.push(if eventually {
            step.set("eventually", true)
        } else {
            step
        });
    }

    pub(super) fn unlocked(&mut self, path: &str, rule: &'static str) {
        let step = Step::new("expect-lock", path).rule(rule);
        self.push(step.set("held", "none"));
    }
}
