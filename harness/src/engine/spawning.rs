//! Starting the processes of a case.

use std::collections::BTreeMap;
use std::ffi::{CString, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use super::{Done, Engine, Readiness, Stop};
use crate::judge::Gap;
use crate::process::{Child, Wiring};
use crate::scenario::model::{Role, Spawn, StdinKind, Step, Streams};
use crate::sys::birth::Birth;
use crate::sys::fork::{Limit, Plan, SpawnError, Stage};
use crate::world::find_tool;

impl Engine<'_> {
    pub(super) fn spawn(&mut self, step: &Step, spawn: &Spawn) -> Done {
        let plan = self.plan(spawn)?;
        // What the scenario has made by now is watched before anybody can change it.
        self.watch.read()?;
        let shown: Vec<String> = plan
            .argv
            .iter()
            .map(|a| a.to_string_lossy().into_owned())
            .collect();
        let Streams {
            stdin,
            stdout,
            stderr,
        } = spawn.terminal;
        let wiring = Wiring {
            stdin: spawn.stdin == StdinKind::Pipe,
            terminal: [stdin, stdout, stderr],
        };
        let mut child = match Child::spawn(&plan, wiring) {
            Ok(child) => child,
            Err(e) => {
                let what = format!("starting {} ({}): {e}", spawn.handle, shown.join(" "));
                // What was there to be executed is the subject's; all before that is the suite's work.
                let of_subject = matches!(
                    e,
                    SpawnError::Child {
                        stage: Stage::Exec | Stage::Cwd,
                        ..
                    }
                );
                // What stands beside the judged subject says nothing about it.
                let beside = matches!(spawn.role, Role::Fixture(_) | Role::Tool(_))
                    || spawn.subject.is_some();
                if !of_subject || beside {
                    return Err(Stop::Broken(what));
                }
                self.mismatch(step, Gap::new("the program starts", what), false);
                return Err(Stop::Subject);
            }
        };
        self.spawned = true;
        self.hear_of(&spawn.handle, &mut child);
        let own = match child.own_pid {
            own if own == child.pid => String::new(),
            own => format!(" ({own} in its own pid namespace)"),
        };
        self.note(format!(
            "{}: started, pid {}{own}, umask {:04o}: {}",
            spawn.handle,
            child.pid,
            plan.umask,
            shown.join(" ")
        ));
        let commands = self.job.commands_of(spawn.subject.as_deref());
        if let (Role::Server, Some(commands)) = (&spawn.role, commands)
            && commands.ready != Readiness::Initialize
        {
            let ready = commands.ready.clone();
            self.ready.insert(spawn.handle.clone(), ready);
        }
        if matches!(spawn.role, Role::Tool(_)) {
            self.tools.insert(spawn.handle.clone());
        }
        self.children.insert(spawn.handle.clone(), child);
        Ok(())
    }

    /// The pid of a process that has ended, for another to get.
    fn free_pid(&mut self, who: &str) -> Result<i32, Stop> {
        let child = self.child(who)?;
        child.look()?;
        if child.end.is_none() {
            return Err(Stop::Broken(format!(
                "`{who}` has not ended, so its pid is nobody else's: `wait` for it first"
            )));
        }
        Ok(child.pid)
    }

    pub(super) fn plan(&mut self, spawn: &Spawn) -> Result<Plan, Stop> {
        let commands = self
            .job
            .commands_of(spawn.subject.as_deref())
            .ok_or_else(|| Stop::Broken(format!("{} is of no known subject", spawn.handle)))?;
        let mut argv: Vec<Vec<u8>> = match &spawn.role {
            Role::Server => commands.server.iter().map(|a| self.program(a)).collect(),
            Role::Cli => commands.cli.iter().map(|a| self.program(a)).collect(),
            Role::Fixture(name) => self
                .job
                .fixture
                .iter()
                .map(|a| self.program(a))
                .chain([name.as_bytes().to_vec()])
                .collect(),
            Role::Tool(name) => {
                let path = find_tool(name)
                    .ok_or_else(|| Stop::Broken(format!("no `{name}` in this world")))?;
                vec![path.into_os_string().into_vec()]
            }
        };
        if argv.is_empty() {
            let role = &spawn.role;
            return Err(Stop::Broken(format!(
                "the subject has no {role:?} to start"
            )));
        }
        argv.extend(self.fill_all(&spawn.args)?);
        let mut env: BTreeMap<String, OsString> = self.world.env().into_iter().collect();
        for (key, value) in &commands.env {
            env.insert(key.clone(), value.into());
        }
        for changes in [&self.job.case.env, &spawn.env] {
            for (key, value) in changes {
                match value {
                    Some(template) => {
                        env.insert(key.clone(), OsString::from_vec(self.fill(template)?));
                    }
                    None => {
                        env.remove(key);
                    }
                }
            }
        }
        let env = env
            .into_iter()
            .map(|(key, value)| [key.as_bytes(), b"=", value.as_bytes()].concat());
        let (uid, gid) = match spawn.uid {
            Some(uid) => (uid, uid),
            None => (self.world.uid, self.world.gid),
        };
        let same_pid_as = spawn.same_pid_as.as_ref();
        let pid = same_pid_as.map(|who| self.free_pid(who)).transpose()?;
        let limits = [
            (Limit::OpenFiles, spawn.limits.open_files),
            (Limit::FileSize, spawn.limits.file_size),
        ];
        Ok(Plan {
            argv: argv.into_iter().map(c_string).collect::<Result<_, _>>()?,
            env: env.map(c_string).collect::<Result<_, _>>()?,
            cwd: c_string(self.world.cwd.as_os_str().as_bytes().to_vec())?,
            umask: spawn.umask.unwrap_or(0o022),
            ids: self.world.drops_ids.then_some((uid, gid)),
            limits: limits
                .into_iter()
                .filter_map(|(limit, most)| Some((limit, most?)))
                .collect(),
            birth: Birth {
                pid,
                own_namespace: spawn.own_pid_namespace,
            },
            filter: self.calls.filter.clone(),
        })
    }

    fn program(&self, arg: &str) -> Vec<u8> {
        if arg == "@self" {
            self.world.exe.as_os_str().as_bytes().to_vec()
        } else {
            arg.as_bytes().to_vec()
        }
    }
}

fn c_string(bytes: Vec<u8>) -> Result<CString, Stop> {
    CString::new(bytes)
        .map_err(|e| Stop::Broken(format!("an argument or variable holds a NUL byte: {e}")))
}
