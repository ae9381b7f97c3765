//! Gathering what a check needs, and handing it to the judge.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;

use super::{Done, Engine, Stop};
use crate::judge::fs::FilledFacts;
use crate::judge::process::FilledText;
use crate::judge::{self, Gap};
use crate::observe::tree;
use crate::scenario::model::{
    ExpectEnd, ExpectFs, ExpectProcess, FileKind, FsFacts, Step, TextChecks,
};
use crate::world::path_of;

impl Engine<'_> {
    pub(super) fn expect_process(&mut self, step: &Step, expect: &ExpectProcess) -> Done {
        let ExpectProcess {
            who,
            end,
            if_end,
            stdout,
            stderr,
            output,
        } = expect;
        let lives_on = end == &Some(ExpectEnd::Running);
        let stdout = self.fill_text(stdout)?;
        let stderr = self.fill_text(stderr)?;
        let output = self.fill_text(output)?;
        // That it does not end was told by the check that waited for it first.
        let told = if_end.is_some() && self.child(who)?.overdue;
        if lives_on {
            // Whatever is known by now: nothing is waited for.
            self.child(who)?.look()?;
        } else if !self.wait_for_end(who)? {
            if told {
                return Ok(());
            }
            let expected = end
                .as_ref()
                .map_or("it ends".into(), judge::process::describe);
            let gap = Gap::new(format!("{who}: {expected}"), "it still runs");
            self.mismatch(step, gap, true);
            return Ok(());
        }
        let child = self.child(who)?;
        let found = child.end;
        let is_for = |end: &ExpectEnd| judge::process::end(end, found).is_none();
        if !if_end.as_ref().is_none_or(is_for) {
            return Ok(());
        }
        let mut gaps: Vec<Gap> = Vec::new();
        gaps.extend(end.as_ref().and_then(|e| judge::process::end(e, found)));
        gaps.extend(judge::process::text("stdout", &stdout, child.stdout()));
        gaps.extend(judge::process::text("stderr", &stderr, child.stderr()));
        gaps.extend(judge::process::text("output", &output, &child.output()));
        for gap in gaps {
            let gap = Gap::new(format!("{who}: {}", gap.expected), gap.found);
            self.mismatch(step, gap, false);
        }
        Ok(())
    }

    fn fill_text(&self, checks: &TextChecks) -> Result<FilledText, Stop> {
        let TextChecks {
            contains,
            once,
            lacks,
            equals,
            ends_with,
            max_lines,
            no_control,
        } = checks;
        Ok(FilledText {
            contains: self.fill_all(contains)?,
            once: self.fill_all(once)?,
            lacks: self.fill_all(lacks)?,
            equals: equals.as_ref().map(|t| self.fill(t)).transpose()?,
            ends_with: ends_with.as_ref().map(|t| self.fill(t)).transpose()?,
            max_lines: *max_lines,
            no_control: *no_control,
        })
    }

    pub(super) fn expect_fs(&mut self, step: &Step, expect: &ExpectFs) -> Done {
        match expect {
            ExpectFs::Unchanged {
                path,
                since,
                except,
            } => {
                let path = path.as_ref().map(|p| self.fill_path(p)).transpose()?;
                let except = except
                    .iter()
                    .map(|p| self.fill_path(p))
                    .collect::<Result<Vec<_>, _>>()?;
                let after = self.tree()?;
                let before = self
                    .snapshots
                    .get(since)
                    .ok_or_else(|| Stop::not_there(since, format!("no snapshot at `{since}`")))?;
                let gaps = judge::fs::unchanged(before, &after, path.as_deref(), &except, |p| {
                    self.world.show(p)
                });
                for gap in gaps {
                    self.mismatch(step, gap, false);
                }
                Ok(())
            }
            ExpectFs::Facts(facts) => self.expect_facts(step, facts),
        }
    }

    fn expect_facts(&mut self, step: &Step, facts: &FsFacts) -> Done {
        let FsFacts {
            path,
            kind,
            mode,
            mode_lacks,
            mode_has,
            uid,
            content,
            line,
            entries,
            target,
            same_inode,
            removed_after,
            eventually,
        } = facts;
        let path = self.fill_path(path)?;
        let inode = match same_inode {
            Some(name) => {
                let meta = self.opened_file(name)?.metadata()?;
                Some((meta.dev(), meta.ino()))
            }
            None => None,
        };
        let filled = FilledFacts {
            kind: *kind,
            mode: *mode,
            mode_lacks: *mode_lacks,
            mode_has: *mode_has,
            uid: *uid,
            content: content.as_ref().map(|t| self.fill(t)).transpose()?,
            line: line.as_ref().map(|t| self.fill(t)).transpose()?,
            entries: entries
                .as_ref()
                .map(|list| self.fill_all(list))
                .transpose()?
                .map(|names| names.into_iter().map(OsString::from_vec).collect()),
            target: target
                .as_ref()
                .map(|t| self.fill(t))
                .transpose()?
                .map(path_of),
            inode,
        };
        let mut gaps = Vec::new();
        let look = |gaps: &mut Vec<Gap>| -> Result<bool, Stop> {
            let entry = tree::entry(&path)?;
            let is_dir = entry
                .as_ref()
                .is_some_and(|e| e.kind == FileKind::Directory);
            let names = if filled.entries.is_some() && is_dir {
                Some(tree::names(&path)?)
            } else {
                None
            };
            *gaps = judge::fs::facts(&filled, entry.as_ref(), names.as_deref());
            Ok(gaps.is_empty())
        };
        if *eventually {
            self.wait_until(|_| look(&mut gaps))?;
        } else {
            look(&mut gaps)?;
        }
        if !removed_after.is_empty() {
            let earlier = removed_after
                .iter()
                .map(|p| self.fill_path(p))
                .collect::<Result<Vec<_>, _>>()?;
            self.watch.read()?;
            let at = self.watch.removed_at(&path);
            for other in earlier {
                let other_at = self.watch.removed_at(&other);
                let shown = self.world.show(&other);
                gaps.extend(judge::fs::order(&shown, at, other_at));
            }
        }
        let shown = self.world.show(&path);
        for gap in gaps {
            let gap = Gap::new(format!("{shown}: {}", gap.expected), gap.found);
            self.mismatch(step, gap, *eventually);
        }
        Ok(())
    }

    pub(super) fn opened_file(&self, name: &str) -> Result<&std::fs::File, Stop> {
        self.opened
            .get(name)
            .ok_or_else(|| Stop::not_there(name, format!("no inode was opened as `{name}`")))
    }
}
