//! Judging who holds a lock, and giving one of several holders a name.

use super::{Done, Engine, Stop};
use crate::judge::lock::Wanted;
use crate::judge::{self, Gap};
use crate::observe::lock;
use crate::scenario::model::{ExpectLock, LockOn, Step};
use crate::scenario::template::Template;

impl Engine<'_> {
    pub(super) fn expect_lock(&mut self, step: &Step, expect: &ExpectLock) -> Done {
        let ExpectLock {
            on,
            or_at,
            held,
            by,
            one_as,
            close_on_exec,
            eventually,
        } = expect;
        let mut holders = Vec::new();
        for who in by {
            holders.push((self.child(who)?.pid, who.as_str()));
        }
        let wanted = Wanted {
            held: *held,
            by: &holders,
            one: one_as.is_some(),
            close_on_exec: *close_on_exec,
        };
        let pids: Vec<i32> = self.children.values().map(|c| c.pid).collect();
        let shown = match on {
            LockOn::Path(path) => {
                let mut shown = self.world.show(&self.fill_path(path)?);
                for other in or_at {
                    shown += &format!(" or {}", self.world.show(&self.fill_path(other)?));
                }
                shown
            }
            LockOn::Inode(name) => format!("the inode kept open as {name}"),
            LockOn::Former(path) => {
                format!("what was {}", self.world.show(&self.fill_path(path)?))
            }
        };
        let mut found = Err(Gap::new("a look at the lock", "none"));
        if *eventually {
            self.wait_until(|engine| {
                found = engine.holders_at_one(on, or_at, &wanted, &pids)?;
                Ok(found.is_ok())
            })?;
        } else {
            found = self.holders_at_one(on, or_at, &wanted, &pids)?;
        }
        match found {
            Ok(owners) => {
                if let Some(name) = one_as {
                    self.give_name(name, &owners)?;
                }
                Ok(())
            }
            Err(gap) => {
                let gap = Gap::new(format!("{shown}: {}", gap.expected), gap.found);
                self.mismatch(step, gap, *eventually);
                // Without a holder, what is asked of it can only repeat that there is none.
                if one_as.is_some() {
                    return Err(Stop::Subject);
                }
                Ok(())
            }
        }
    }

    fn give_name(&mut self, name: &str, owners: &[i32]) -> Done {
        let holder = self
            .children
            .iter()
            .find(|(_, child)| owners.contains(&child.pid))
            .map(|(handle, _)| handle.clone())
            .ok_or_else(|| Stop::Broken(format!("no process to be called `{name}`")))?;
        self.note(format!("{name}: is {holder}"));
        self.also_called.insert(name.to_owned(), holder);
        Ok(())
    }

    /// As [`Engine::holders`], where all may be as wanted at any one of several paths.
    fn holders_at_one(
        &self,
        on: &LockOn,
        or_at: &[Template],
        wanted: &Wanted<'_>,
        pids: &[i32],
    ) -> Result<Result<Vec<i32>, Gap>, Stop> {
        let mut found = self.holders(on, wanted, pids)?;
        for path in or_at {
            let Err(gap) = &mut found else { break };
            match self.holders(&LockOn::Path(path.clone()), wanted, pids)? {
                Err(other) => {
                    let shown = self.world.show(&self.fill_path(path)?);
                    gap.found += &format!("; {shown}: {}", other.found);
                }
                held => found = held,
            }
        }
        Ok(found)
    }

    /// The pids of the processes that hold the lock, if all is as wanted.
    fn holders(
        &self,
        on: &LockOn,
        wanted: &Wanted<'_>,
        pids: &[i32],
    ) -> Result<Result<Vec<i32>, Gap>, Stop> {
        let opened;
        let file = match on {
            LockOn::Inode(name) => self.opened_file(name)?,
            LockOn::Former(path) => {
                let holders = lock::former(&self.fill_path(path)?, pids);
                let names = self.children.iter();
                let names: Vec<&str> = names
                    .filter(|(_, child)| holders.contains(&child.pid))
                    .map(|(name, _)| name.as_str())
                    .collect();
                return Ok(if names.is_empty() {
                    Ok(Vec::new())
                } else {
                    let found = format!("held by {}", names.join(" and "));
                    Err(Gap::new(
                        "nobody holds the lock of a file that lost this name",
                        found,
                    ))
                });
            }
            LockOn::Path(path) => match lock::open(&self.fill_path(path)?) {
                Ok(file) => {
                    opened = file;
                    &opened
                }
                Err(e) => {
                    let expected = "a file whose lock can be asked for";
                    return Ok(Err(Gap::new(expected, e.to_string())));
                }
            },
        };
        let facts = lock::facts(file, pids)?;
        let owner = |pid| ancestor(pid, pids);
        Ok(match judge::lock::lock(wanted, &facts, owner) {
            Some(gap) => Err(gap),
            None => Ok(judge::lock::owners(&facts, owner)),
        })
    }
}

/// The process of the case that `pid` is or descends from; a subject may be started by a wrapper.
fn ancestor(pid: i32, pids: &[i32]) -> i32 {
    let mut at = pid;
    while at > 1 {
        if pids.contains(&at) {
            return at;
        }
        let stat = std::fs::read_to_string(format!("/proc/{at}/stat")).unwrap_or_default();
        // The second field is a name in parentheses, which may hold anything; the parent is the fourth.
        let parent = stat
            .rsplit_once(')')
            .and_then(|(_, rest)| rest.split_whitespace().nth(1))
            .and_then(|p| p.parse().ok());
        match parent {
            Some(parent) => at = parent,
            None => break,
        }
    }
    pid
}
