//! Stopping before a step, with a shell in the live world for whoever wants to look around.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Done, Engine, Stop};
use crate::process::Child;
use crate::sys::birth::Birth;
use crate::sys::fork::Plan;
use crate::world::is_program;

/// A person may look for as long as they like.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Where a case stops.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StopAt {
    /// Before this step, counted from 0; after the last one where there are no more.
    pub step: usize,
    /// The shell; where the world has none there, `/bin/sh`.
    pub shell: PathBuf,
    /// The kind of terminal, for programs that draw on it.
    pub term: Option<String>,
    /// The case ends with the shell.
    pub ends: bool,
}

/// The streams of whoever asked: standard input, output and error.
#[derive(Debug)]
pub struct Streams([File; 3]);

impl Streams {
    /// Those of another process, which must be of the same user. Opened before the world is entered, from which
    /// they are out of sight.
    ///
    /// # Errors
    /// What open(2) says.
    pub fn of(pid: i32) -> io::Result<Self> {
        let open = |fd: u8, write: bool| {
            // A terminal that is opened here must not become the session's own.
            use std::os::unix::fs::OpenOptionsExt;
            File::options()
                .read(!write)
                .append(write)
                .custom_flags(libc::O_NOCTTY)
                .open(format!("/proc/{pid}/fd/{fd}"))
        };
        Ok(Self([open(0, false)?, open(1, true)?, open(2, true)?]))
    }

    fn say(&self, text: &str) {
        let [_, _, stderr] = &self.0;
        // Whoever has closed it does not want to hear.
        let mut stderr: &File = stderr;
        drop(stderr.write_all(text.as_bytes()));
    }
}

impl<'a> Engine<'a> {
    /// Does the steps, with a shell before one of them.
    pub(super) fn steps_around(&mut self, stop: &StopAt, streams: &Streams) -> Done {
        let steps = &self.job.case.steps;
        let (before, after) = steps.split_at(stop.step.min(steps.len()));
        let done = self.all(before);
        if matches!(done, Err(Stop::Broken(_))) {
            return done;
        }
        let place = match (&done, after.first()) {
            (Err(_), _) => "the case ended before the step that was asked for".to_owned(),
            (Ok(()), Some(step)) => format!("before line {}: {}", step.line, step.text),
            (Ok(()), None) => "after the last step".to_owned(),
        };
        self.shell(stop, streams, &place)?;
        done?;
        if stop.ends {
            return Err(Stop::Subject);
        }
        self.all(after)
    }

    fn shell(&mut self, stop: &StopAt, streams: &Streams, place: &str) -> Done {
        streams.say(&self.situation(place, stop.ends)?);
        let plan = self.shell_plan(stop)?;
        let [stdin, stdout, stderr] = &streams.0;
        let fds = [stdin, stdout, stderr].map(AsFd::as_fd);
        let child =
            Child::on(&plan, fds).map_err(|e| Stop::Broken(format!("starting a shell: {e}")))?;
        // No handle can be this: it is no process of the case.
        let name = "(shell)";
        self.note(format!("stopped: {place}"));
        self.children.insert(name.to_owned(), child);
        let ended = self.wait_at_most(A_DAY, |engine| Ok(engine.child(name)?.end.is_some()));
        if let Some(mut child) = self.children.remove(name) {
            child.kill()?;
        }
        ended?;
        self.note("the shell has ended".to_owned());
        Ok(())
    }

    /// What a person sees first.
    fn situation(&mut self, place: &str, ends: bool) -> Result<String, Stop> {
        let mut text = format!("\nstopped {place}\n");
        for (who, child) in &mut self.children {
            child.look()?;
            let end = crate::judge::process::say(child.end);
            text.push_str(&format!("  {who} (pid {}): {end}\n", child.own_pid));
        }
        for name in self.holds.keys() {
            text.push_str(&format!("  {name} holds its lock\n"));
        }
        for mismatch in &self.mismatches {
            text.push_str(&format!(
                "  not as expected so far: {} at line {}\n",
                mismatch.rule, mismatch.line
            ));
        }
        let then = if ends { "ends" } else { "goes on" };
        text.push_str(&format!(
            "names of the scenario are variables here, and pids such as $server_pid; the case {then} when this shell ends\n"
        ));
        Ok(text)
    }

    fn shell_plan(&self, stop: &StopAt) -> Result<Plan, Stop> {
        let case = &self.job.case;
        let mut env: Vec<(String, Vec<u8>)> = Vec::new();
        for (name, value) in self.world.env() {
            use std::os::unix::ffi::OsStringExt;
            env.push((name, value.into_vec()));
        }
        for (name, value) in &self.job.commands.env {
            env.push((name.clone(), value.clone().into_bytes()));
        }
        for (name, value) in &case.env {
            env.retain(|(known, _)| known != name);
            if let Some(template) = value {
                env.push((name.clone(), self.fill(template)?));
            }
        }
        for (name, template) in &case.names {
            // One that speaks of a process which was not started yet says nothing.
            if let Ok(value) = self.fill(template) {
                env.push((name.clone(), value));
            }
        }
        for (who, child) in &self.children {
            let name = format!("{}_pid", who.replace('-', "_"));
            env.push((name, child.pid.to_string().into_bytes()));
        }
        env.push(("PS1".into(), b"world$ ".to_vec()));
        if let Some(term) = &stop.term {
            env.push(("TERM".into(), term.clone().into_bytes()));
        }
        // A line wider than the window would not be shown whole, and the world says 1000.
        env.retain(|(name, _)| name != "COLUMNS");
        let shell = match is_program(&stop.shell) {
            true => stop.shell.as_path(),
            false => Path::new("/bin/sh"),
        };
        let text = |bytes: &[u8]| {
            std::ffi::CString::new(bytes)
                .map_err(|e| Stop::Broken(format!("a variable holds a NUL byte: {e}")))
        };
        use std::os::unix::ffi::OsStrExt;
        Ok(Plan {
            argv: vec![text(shell.as_os_str().as_bytes())?],
            env: env
                .iter()
                .map(|(name, value)| text(&[name.as_bytes(), b"=", value].concat()))
                .collect::<Result<_, _>>()?,
            cwd: text(self.world.cwd.as_os_str().as_bytes())?,
            umask: 0o022,
            ids: self
                .world
                .drops_ids
                .then_some((self.world.uid, self.world.gid)),
            limits: Vec::new(),
            birth: Birth::default(),
            filter: None,
        })
    }
}
