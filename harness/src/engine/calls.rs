//! The system calls of a case's processes: what is planned at them, what is done while one is held, and what
//! is asked of them afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use super::{Done, Engine, Stop};
use crate::judge::Gap;
use crate::judge::calls::{FilledCalls, FilledWant};
use crate::process::Child;
use crate::scenario::model::{Action, CallsWanted, Case, ExpectCalls, Injected, Injection, Step};
use crate::scenario::template::Template;
use crate::supervise::{Deed, Places, Rule, Supervisor, filter};
use crate::sys::seccomp::Filter;
use crate::world::World;

/// Everything about calls that one case needs.
pub(super) struct Calls<'a> {
    pub(super) supervisor: Supervisor,
    /// What its processes are started with, if their calls are told.
    pub(super) filter: Option<Rc<Filter>>,
    /// What is done while a call is held, by the handle of the pause.
    pauses: BTreeMap<String, &'a [Step]>,
    /// Processes that were sent a signal at a call: nothing more can be asked of them but that they end.
    struck: BTreeMap<String, i32>,
    /// Handles and labels of what is only there once a call was held.
    pub(super) late: BTreeSet<String>,
}

impl Calls<'_> {
    pub(super) fn new(case: &Case, start: std::time::Instant) -> Self {
        Self {
            late: super::due::late(case),
            supervisor: Supervisor::new(Places::default(), start),
            filter: None,
            pauses: BTreeMap::new(),
            struck: BTreeMap::new(),
        }
    }
}

impl<'a> Engine<'a> {
    /// Has the calls told, from the first process on.
    pub(super) fn supervise(&mut self) -> Done {
        let Some(scope) = self.job.calls else {
            return Ok(());
        };
        crate::supervise::stay_on_this_core()?;
        let places = self.places();
        self.calls.supervisor = Supervisor::new(places, self.start);
        self.calls.filter = Some(Rc::new(filter(scope)));
        Ok(())
    }

    /// The paths of the world by their names: the scenario's own, and the world's.
    pub(super) fn places(&self) -> Places {
        let World {
            home,
            xdg,
            tmp,
            cwd,
            system_tmp,
            ..
        } = self.world;
        let mut named: Vec<_> = [
            (home, "${home}"),
            (xdg, "${xdg}"),
            (tmp, "${tmp}"),
            (cwd, "${cwd}"),
            (system_tmp, "${system_tmp}"),
        ]
        .map(|(path, name)| (path.clone(), name.to_owned()))
        .into();
        for (name, template) in &self.job.case.names {
            // Not every name is a path, and a path that is none of the world's needs no name.
            let filled = self.fill(template).map(crate::world::path_of);
            if let Ok(path) = filled
                && self.world.roots.iter().any(|root| path.starts_with(root))
            {
                named.push((path, format!("${{{name}}}")));
            }
        }
        named.extend(
            self.world
                .roots
                .iter()
                .map(|root| (root.clone(), root.display().to_string())),
        );
        let others = self.job.beside.values();
        let all = std::iter::once(&self.job.commands).chain(others);
        Places::new(named).but(all.flat_map(|commands| commands.shown.clone()))
    }

    pub(super) fn hear_of(&mut self, handle: &str, child: &mut Child) {
        if let Some(gate) = child.take_gate() {
            self.calls.supervisor.add(handle, child.pid, gate);
        }
    }

    pub(super) fn inject(&mut self, injection: &'a Injection) -> Done {
        let Injection {
            name,
            of,
            call,
            path,
            nth,
            lasting,
            if_called,
            what,
        } = injection;
        let deed = match what {
            Injected::Fail { errno } => Deed::Fail(*errno),
            Injected::Delay { ms } => Deed::Delay(Duration::from_millis(*ms)),
            Injected::Strike { signal, moment } => Deed::Signal(*signal, *moment),
            Injected::Pause { steps } => {
                self.calls.pauses.insert(name.clone(), steps);
                Deed::Pause
            }
        };
        // In the control run it is only seen whether the call is made.
        let deed = (!self.job.control).then_some(deed);
        let path = path.as_ref().map(|p| self.call_path(p)).transpose()?;
        self.calls.supervisor.plan(Rule {
            name: name.clone(),
            of: of.clone(),
            call: *call,
            path,
            nth: *nth,
            lasting: *lasting,
            if_called: *if_called,
            deed,
            seen: 0,
        });
        Ok(())
    }

    /// A path as the log of calls has it.
    pub(super) fn call_path(&self, template: &Template) -> Result<String, Stop> {
        let bytes = self.fill(template)?;
        if let stream @ (b"stdout" | b"stderr") = bytes.as_slice() {
            return Ok(String::from_utf8_lossy(stream).into_owned());
        }
        let path = self.fill_path(template)?;
        self.calls.supervisor.shown(&path).ok_or_else(|| {
            Stop::Broken(format!(
                "{} is no path of the world: calls on it are not told",
                path.display()
            ))
        })
    }

    /// Does what a held call is held for, and takes note of signals sent at one.
    pub(super) fn attend_pauses(&mut self) -> Done {
        for (who, signal) in self.calls.supervisor.take_struck() {
            self.note(format!("{who}: signal {signal} at a call"));
            self.calls.struck.insert(who, signal);
        }
        while let Some(name) = self.calls.supervisor.next_reached() {
            let Some(steps) = self.calls.pauses.get(&name).copied() else {
                continue;
            };
            self.note(format!("{name}: a call is held"));
            let done = self.all(steps);
            self.note(format!("{name}: the call goes on"));
            self.calls.supervisor.resume(&name)?;
            done?;
        }
        Ok(())
    }

    pub(super) fn is_struck(&self, who: &str) -> bool {
        self.calls.struck.contains_key(self.called(who))
    }

    /// Whether the step asks something of a process that was sent a signal at a call. That it ends is all that
    /// can be asked of it.
    #[expect(clippy::wildcard_enum_match_arm, reason = "most actions ask nobody")]
    pub(super) fn is_moot(&mut self, step: &Step) -> bool {
        let who = match &step.action {
            Action::Handshake { who, .. }
            | Action::Await { who, .. }
            | Action::Type { who, .. }
            | Action::Say { who, .. }
            | Action::Signal { who, .. }
            | Action::CloseStdin { who } => who,
            Action::Call(call) => &call.who,
            Action::ExpectProcess(expect) => &expect.who,
            _ => return false,
        };
        let who = self.called(who).to_owned();
        let moot = self.calls.struck.contains_key(&who);
        if moot {
            self.note(format!(
                "{}: not done, as {who} was sent a signal",
                step.label
            ));
        }
        moot
    }

    /// At the end of a control run: processes that may have something of what is asked for still before them end
    /// in order. Checks have waited for nobody there.
    pub(super) fn let_them_end(&mut self) -> Done {
        let rules = self.calls.supervisor.rules().iter();
        let late: BTreeSet<String> = rules
            .filter(|rule| !rule.fired())
            .map(|rule| rule.of.clone())
            .collect();
        for who in late {
            // Who was not started is told of by the rule.
            if let Some(child) = self.children.get_mut(&who) {
                child.close_stdin()?;
                self.wait_for_end(&who)?;
            }
        }
        Ok(())
    }

    pub(super) fn expect_calls(&mut self, step: &Step, expect: &ExpectCalls) -> Done {
        let path = expect
            .path
            .as_ref()
            .map(|p| self.call_path(p))
            .transpose()?;
        let other = match &expect.want {
            CallsWanted::Before {
                path: Some(path), ..
            } => Some(self.call_path(path)?),
            CallsWanted::Before { path: None, .. } | CallsWanted::Some | CallsWanted::Times(_) => {
                None
            }
        };
        let asked = FilledCalls {
            call: expect.call,
            path: path.as_deref(),
            want: match &expect.want {
                CallsWanted::Some => FilledWant::Some,
                CallsWanted::Times(times) => FilledWant::Times(*times),
                CallsWanted::Before { call, .. } => FilledWant::Before(*call, other.as_deref()),
            },
        };
        let who = self.called(&expect.who).to_owned();
        let log = self.calls.supervisor.log();
        let gap = crate::judge::calls::calls(&asked, log.iter().filter(|call| call.who == who));
        if let Some(gap) = gap {
            let gap = Gap::new(format!("{who} {}", gap.expected), gap.found);
            self.mismatch(step, gap, false);
        }
        Ok(())
    }
}
