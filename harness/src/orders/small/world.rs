//! Programs of a few calls on names that hold a value, and the world that they run in.

use std::collections::BTreeMap;

use crate::orders::{Access, Choice, Done, Label, Object, Unit, Value, What, changed};

/// What whoever judges looks at.
pub(super) const VIEW: &str = "x";

/// What a process can find out of a value: whether there is any, and whether it is more than 1.
fn shows(value: u64) -> u64 {
    value.min(2)
}

/// One call: what it works on, how, and what it does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    pub(super) name: &'static str,
    pub(super) access: Access,
    /// What it writes, where it does.
    pub(super) value: u64,
    /// Where it finds what shows as this, the process leaves out the next call.
    pub(super) skips_at: Option<u64>,
    /// It makes what is not there, as mkdir does: else it only looks.
    pub(super) makes: bool,
    /// It waits until somebody has written, and when its time has passed the process leaves out the next call.
    pub(super) waits: bool,
}

pub(super) const fn call(name: &'static str, access: Access) -> Call {
    Call {
        name,
        access,
        value: 1,
        skips_at: None,
        makes: false,
        waits: false,
    }
}

pub(super) const fn wait(name: &'static str) -> Call {
    Call {
        waits: true,
        ..call(name, Access::Read)
    }
}

impl Call {
    /// What it does where its name has this value.
    fn access(&self, value: u64) -> Access {
        match (self.makes, value) {
            (false, _) => self.access,
            (true, 0) => Access::Write,
            (true, _) => Access::Read,
        }
    }
}

/// What a process does next depends on what it has found.
struct Process<'a> {
    calls: &'a [Call],
    at: usize,
}

pub(super) struct World<'a> {
    processes: Vec<Process<'a>>,
    values: BTreeMap<&'static str, u64>,
}

/// What a world is, told apart by nothing else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Truth {
    /// Where each process is; all that are at their end are at the same.
    at: Vec<usize>,
    values: BTreeMap<&'static str, u64>,
}

impl Truth {
    /// With other names for the processes.
    pub(super) fn renamed(&self, names: &[u8]) -> Self {
        let mut other = self.clone();
        for (at, name) in self.at.iter().zip(names) {
            other.at[usize::from(*name)] = *at;
        }
        other
    }
}

impl<'a> World<'a> {
    pub(super) fn new(programs: &[&'a [Call]]) -> Self {
        let process = |calls: &&'a [Call]| Process { calls, at: 0 };
        Self {
            processes: programs.iter().map(process).collect(),
            values: BTreeMap::new(),
        }
    }

    pub(super) fn choices(&self) -> Vec<Choice> {
        let choice = |(actor, process): (u8, &Process<'_>)| {
            let call = process.calls.get(process.at)?;
            let value = self.values.get(call.name).copied().unwrap_or(0);
            let access = call.access(value);
            let what = if call.waits && value == 0 {
                What::Timer
            } else {
                What::Thread(0)
            };
            let mut label = Label::default();
            label.add(Object::Name(call.name.into()), access);
            Some(Choice {
                unit: Unit { actor, what },
                text: format!("{}{}{access:?}", call.name, process.at),
                label,
            })
        };
        (0u8..).zip(&self.processes).filter_map(choice).collect()
    }

    pub(super) fn truth(&self) -> Truth {
        let at = |process: &Process<'_>| process.at.min(process.calls.len());
        let mut values = self.values.clone();
        // As if it had never been touched.
        values.retain(|_, value| *value != 0);
        Truth {
            at: self.processes.iter().map(at).collect(),
            values,
        }
    }

    /// What everybody sees who judges.
    pub(super) fn view(&self) -> u64 {
        shows(self.values.get(VIEW).copied().unwrap_or(0))
    }

    /// Whether a process does nothing any more: how it ended is always the same.
    pub(super) fn done(&self, actor: u8) -> Option<Done> {
        let process = &self.processes[usize::from(actor)];
        (process.at >= process.calls.len()).then_some(Done {
            how: 1,
            lives: process.calls.len().is_multiple_of(2),
        })
    }

    pub(super) fn step(&mut self, actor: u8) {
        let process = &mut self.processes[usize::from(actor)];
        let call = process.calls[process.at];
        let value = self.values.entry(call.name).or_default();
        let skips = call.skips_at == Some(shows(*value)) || call.waits && *value == 0;
        process.at += 1 + usize::from(skips);
        if call.access(*value) != Access::Read {
            *value = call.value;
        }
    }

    pub(super) fn values(&self, label: &Label) -> Vec<(Object, Value)> {
        let value = |object: &Object| match object {
            Object::Name(name) => {
                let is = self.values.get(&**name).copied().unwrap_or(0);
                let shows = shows(is);
                Value { is, shows }
            }
            Object::Entries(_)
            | Object::Inode(_)
            | Object::Links(_)
            | Object::Content(_)
            | Object::Lock(_)
            | Object::Process(_) => unreachable!("small programs only have names"),
        };
        changed(label)
            .map(|object| (object.clone(), value(object)))
            .collect()
    }
}
