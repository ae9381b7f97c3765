//! Mounting file systems in the world.

use super::{Done, Engine};
use crate::scenario::model::{FileSystem, Mount, Step};
use crate::scenario::template::Template;
use crate::world;

impl Engine<'_> {
    pub(super) fn mount(&mut self, step: &Step, mount: &Mount) -> Done {
        let path = self.fill_path(&mount.path)?;
        // A directory made just now must be watched as what it is, before another is seen in its place.
        self.watch.read()?;
        let mounted = match &mount.what {
            FileSystem::Tmpfs { size, inodes, mode } => {
                let made = world::Tmpfs {
                    size: *size,
                    inodes: *inodes,
                    mode: *mode,
                    ids: (self.world.uid, self.world.gid),
                };
                world::mount_tmpfs(&path, &made, mount.read_only)
            }
            FileSystem::Bind { from } => {
                world::mount_bind(&self.fill_path(from)?, &path, mount.read_only)
            }
        };
        if let Err(e) = mounted {
            return self.not_as_needed(step, &step.label, &e);
        }
        if matches!(mount.what, FileSystem::Tmpfs { .. }) {
            // The same inodes by another path are watched already, and are no further files.
            self.watch.cover(&path)?;
            self.mounted.push(path);
        }
        self.note(format!("world: {}", step.label));
        Ok(())
    }

    pub(super) fn umount(&mut self, step: &Step, path: &Template) -> Done {
        let path = self.fill_path(path)?;
        if let Err(e) = world::umount(&path) {
            return self.not_as_needed(step, &step.label, &e);
        }
        self.mounted.retain(|mounted| *mounted != path);
        self.note(format!("world: {}", step.label));
        Ok(())
    }
}
