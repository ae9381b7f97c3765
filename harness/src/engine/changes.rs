//! Changing the world's files.

use super::{Done, Engine};
use crate::scenario::model::{Change, ChangeKind, Step};
use crate::world::{Filled, apply, path_of};

impl Engine<'_> {
    pub(super) fn change(&mut self, step: &Step, change: &Change) -> Done {
        let path = self.fill_path(&change.path)?;
        let bytes = match &change.how {
            ChangeKind::Write { content, .. } => self.fill(content)?,
            ChangeKind::Symlink { to }
            | ChangeKind::Hardlink { to }
            | ChangeKind::Rename { to, .. } => self.fill(to)?,
            ChangeKind::Mkdir
            | ChangeKind::Mkfifo
            | ChangeKind::Mksock
            | ChangeKind::Chmod
            | ChangeKind::Chown
            | ChangeKind::Touch { .. }
            | ChangeKind::Remove { .. } => Vec::new(),
        };
        let ids = match change.uid {
            Some(uid) => (uid, uid),
            None => (self.world.uid, self.world.gid),
        };
        let filled = Filled {
            path: &path,
            bytes: &bytes,
            ids,
            mode: change.mode,
        };
        let what = format!("{} ({})", step.label, self.world.show(&path));
        match apply(&change.how, &filled) {
            Ok(()) => {
                let to = match &change.how {
                    ChangeKind::Symlink { .. } | ChangeKind::Rename { .. } => {
                        format!(" -> {}", self.world.show(&path_of(bytes)))
                    }
                    ChangeKind::Write { .. }
                    | ChangeKind::Hardlink { .. }
                    | ChangeKind::Mkdir
                    | ChangeKind::Mkfifo
                    | ChangeKind::Mksock
                    | ChangeKind::Chmod
                    | ChangeKind::Chown
                    | ChangeKind::Touch { .. }
                    | ChangeKind::Remove { .. } => String::new(),
                };
                self.note(format!("world: {}{to}", step.label));
                Ok(())
            }
            Err(e) => self.not_as_needed(step, &what, &e),
        }
    }
}
