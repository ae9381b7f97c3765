//! Doing a step: everything but starting, changing files and judging.

use nix::fcntl::{Flock, FlockArg};

use super::{Done, Engine, Forbidden, Stop};
use crate::judge::Gap;
use crate::observe::lock;
use crate::scenario::model::{Action, LockKind, Step};
use crate::scenario::template::Template;
use crate::sys::pidfd::End;

impl<'a> Engine<'a> {
    pub(super) fn step(&mut self, step: &'a Step) -> Done {
        match &step.action {
            Action::Spawn(spawn) => self.spawn(step, spawn),
            Action::Handshake {
                who,
                refused,
                or_fails,
            } => {
                if *or_fails && !self.job.control {
                    self.handshake_or_failure(step, who)
                } else {
                    let refused = *refused && !self.job.control;
                    self.handshake(step, who, refused)?;
                    self.served.insert(who.clone(), true);
                    Ok(())
                }
            }
            Action::Call(call) => self.call(step, call),
            Action::Await {
                who,
                stdout,
                stderr,
                output,
            } => self.wait_for_text(step, who, [stdout, stderr, output].map(Option::as_ref)),
            Action::Type { who, text } => self.type_text(who, text),
            Action::Say { who, line } => {
                self.started(who)?;
                let line = [self.fill(line)?.as_slice(), b"\n"].concat();
                self.note(format!("{who}: is told {}", crate::judge::quote(&line)));
                self.child(who)?.send(&line);
                // Written now, where there is room: what follows may come to the process first.
                self.child(who)?.look()?;
                Ok(())
            }
            Action::Unwatch { path } => {
                let path = self.fill_path(path)?;
                self.note(format!("{}: no longer watched", self.world.show(&path)));
                Ok(self.watch.forget(&path)?)
            }
            Action::Signal { who, signal } => {
                self.started(who)?;
                self.note(format!("{who}: signal {signal}"));
                Ok(self.child(who)?.signal(*signal)?)
            }
            Action::CloseStdin { who } => {
                self.started(who)?;
                self.note(format!("{who}: standard input closed"));
                Ok(self.child(who)?.close_stdin()?)
            }
            Action::Wait { who } => {
                let ended = self.wait_for_end(who)?;
                if self.tools.contains(who) {
                    return self.tool_ended(who);
                }
                if ended {
                    return Ok(());
                }
                self.mismatch(step, Gap::new(format!("{who} ends"), "it still runs"), true);
                Err(Stop::Subject)
            }
            Action::Hold { name, path, lock } => self.hold(step, name, path, *lock),
            Action::Release { name } => {
                self.note(format!("{name}: lock let go"));
                self.holds.remove(name);
                Ok(())
            }
            Action::Open { name, path } => {
                let path = self.fill_path(path)?;
                match lock::open(&path) {
                    Ok(file) => {
                        self.opened.insert(name.clone(), file);
                        Ok(())
                    }
                    Err(e) => {
                        self.not_as_needed(step, &format!("open {}", self.world.show(&path)), &e)
                    }
                }
            }
            Action::Change(change) => self.change(step, change),
            Action::Mount(mount) => self.mount(step, mount),
            Action::Umount { path } => self.umount(step, path),
            Action::NeverCreated { path } => self.forbid(step, path),
            Action::ExpectProcess(expect) => self.expect_process(step, expect),
            Action::ExpectFs(expect) => self.expect_fs(step, expect),
            Action::ExpectLock(expect) => self.expect_lock(step, expect),
            Action::ExpectCalls(expect) => self.expect_calls(step, expect),
            Action::Inject(injection) => self.inject(injection),
        }
    }

    /// What a program of others does wrong is not the subject's fault.
    fn tool_ended(&mut self, who: &str) -> Done {
        let tool = self.child(who)?;
        if tool.end == Some(End::Code(0)) {
            return Ok(());
        }
        Err(Stop::Broken(format!(
            "{who}: {}; stderr: {}",
            crate::judge::process::say(tool.end),
            crate::judge::quote(tool.stderr())
        )))
    }

    fn hold(&mut self, step: &Step, name: &str, path: &Template, kind: LockKind) -> Done {
        let path = self.fill_path(path)?;
        let how = match kind {
            LockKind::Exclusive => FlockArg::LockExclusiveNonblock,
            LockKind::Shared => FlockArg::LockSharedNonblock,
        };
        let shown = self.world.show(&path);
        let taken = lock::open(&path)
            .and_then(|file| Flock::lock(file, how).map_err(|(_, errno)| errno.into()));
        match taken {
            Ok(lock) => {
                self.note(format!("{name}: holds {shown}"));
                self.holds.insert(name.to_owned(), lock);
                Ok(())
            }
            Err(e) => self.not_as_needed(step, &format!("lock {shown}"), &e),
        }
    }

    /// A step that could not be done. Before the first process runs that is a fault of the scenario;
    /// after it, the subject did not leave the world as the scenario needs it.
    pub(super) fn not_as_needed(&mut self, step: &Step, what: &str, e: &std::io::Error) -> Done {
        if !self.spawned {
            return Err(Stop::Broken(format!("{what}: {e}")));
        }
        self.mismatch(step, Gap::new(what, e.to_string()), false);
        Err(Stop::Subject)
    }

    fn forbid(&mut self, step: &Step, path: &Template) -> Done {
        let path = self.fill_path(path)?;
        let dir = path
            .parent()
            .ok_or_else(|| Stop::Broken("the root is always there".into()))?;
        self.watch.prove(dir)?;
        self.forbidden.push(Forbidden {
            mark: self.watch.mark(),
            rule: step.rule.clone(),
            line: step.line,
            step: step.text.clone(),
            path,
        });
        Ok(())
    }

    /// At the very end, when no process is left that could still make anything.
    pub(super) fn judge_forbidden(&mut self) -> Done {
        for forbidden in std::mem::take(&mut self.forbidden) {
            let dir = forbidden.path.parent().unwrap_or(&forbidden.path);
            self.watch.prove(dir).map_err(|e| {
                Stop::Broken(format!("{}:{}: {e}", self.job.case.file, forbidden.line))
            })?;
            let seen = self.watch.created_since(forbidden.mark, &forbidden.path);
            let found = match seen {
                Some(seen) => format!(
                    "created after {:.1?}",
                    seen.at.saturating_duration_since(self.start)
                ),
                None if std::fs::symlink_metadata(&forbidden.path).is_ok() => "it is there".into(),
                None => continue,
            };
            self.mismatches.push(crate::judge::Mismatch {
                rule: forbidden.rule,
                line: forbidden.line,
                step: forbidden.step,
                expected: format!("{} is never created", self.world.show(&forbidden.path)),
                found,
                timed_out: false,
            });
        }
        Ok(())
    }
}
