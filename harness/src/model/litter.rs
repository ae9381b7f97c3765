//! What somebody else does to files: planting, replacing, removing, changing modes, and locking.

use super::action::{CONTENTS, Form, MODES, Odd};
use super::script::Step;
use super::state::{
    Dir, Entry, Hold, LEGACY, Legacy, Real, STATE, StateDir, dir_path, pidfile_path,
};
use super::walk::Walk;

impl Walk {
    /// Makes something in `${cwd}` and moves it to `path`, where `there` tells of something to remove first.
    fn move_into(&mut self, path: &str, there: bool, made: &str) {
        if there {
            self.push(Step::new("remove", path));
        }
        self.push(Step::new("rename", made).set("to", path));
    }

    /// A file of its own inode, so that nobody's file is written to.
    fn file(&mut self, content: u8) -> Option<(String, &'static str)> {
        let (text, mode) = *CONTENTS.get(usize::from(content))?;
        let made = format!("${{cwd}}/{}", self.name("file"));
        let step = Step::new("write", &made);
        self.push(step.set("content", text).set("mode", mode));
        Some((made, text))
    }

    /// Something odd; `other` makes what is neither link nor fifo.
    fn odd(&mut self, what: Odd, target_is_dir: bool) -> String {
        let made = format!("${{cwd}}/{}", self.name("odd"));
        match what {
            Odd::Link => {
                let target = format!("${{cwd}}/{}", self.name("target"));
                self.push(if target_is_dir {
                    Step::new("mkdir", &target)
                } else {
                    Step::new("write", &target).set("content", "keep me")
                });
                self.push(Step::new("symlink", &made).set("to", target));
            }
            Odd::Fifo => self.push(Step::new("mkfifo", &made)),
            Odd::Other if target_is_dir => {
                self.push(Step::new("write", &made).set("content", "keep me"));
            }
            Odd::Other => self.push(Step::new("mkdir", &made)),
        }
        made
    }

    /// Sees to it that there is a runtime dir to put something in.
    fn need_dir(&mut self, place: Form) -> Option<()> {
        match self.state.dir(place) {
            Dir::Real(_) => {}
            Dir::Absent => {
                self.push(Step::new("mkdir", dir_path(place)));
                self.state.set_dir(place, Dir::Real(Real::empty()));
            }
            Dir::Odd(_) => return None,
        }
        Some(())
    }

    pub(super) fn plant(&mut self, place: Form, content: u8) -> Option<()> {
        if !self.state.may_lose_name(place) {
            return None;
        }
        self.need_dir(place)?;
        let (made, _) = self.file(content)?;
        let odd = matches!(self.state.pidfile(place), Entry::Odd(_));
        self.move_into(pidfile_path(place), odd, &made);
        self.state.lose_name(place);
        self.state.set_pidfile(place, Entry::File);
        Some(())
    }

    pub(super) fn plant_odd(&mut self, place: Form, what: Odd) -> Option<()> {
        if !self.state.may_lose_name(place) {
            return None;
        }
        self.need_dir(place)?;
        let made = self.odd(what, false);
        let there = self.state.pidfile(place) != Entry::Absent;
        self.move_into(pidfile_path(place), there, &made);
        self.state.lose_name(place);
        self.state.set_pidfile(place, Entry::Odd(what));
        Some(())
    }

    pub(super) fn unlink(&mut self, place: Form) -> Option<()> {
        if !self.state.may_lose_name(place) || self.state.pidfile(place) == Entry::Absent {
            return None;
        }
        self.push(Step::new("remove", pidfile_path(place)));
        self.state.lose_name(place);
        self.state.set_pidfile(place, Entry::Absent);
        Some(())
    }

    pub(super) fn plant_dir(&mut self, place: Form, mode: u8) -> Option<()> {
        let mode = *MODES.get(usize::from(mode))?;
        self.remove_dir(place).or_else(|| {
            let absent = self.state.dir(place) == Dir::Absent;
            absent.then_some(())
        })?;
        self.push(Step::new("mkdir", dir_path(place)).set("mode", mode));
        let real = Real {
            mode,
            ..Real::empty()
        };
        self.state.set_dir(place, Dir::Real(real));
        Some(())
    }

    pub(super) fn plant_odd_dir(&mut self, place: Form, what: Odd) -> Option<()> {
        self.remove_dir(place).or_else(|| {
            let absent = self.state.dir(place) == Dir::Absent;
            absent.then_some(())
        })?;
        let made = self.odd(what, true);
        self.move_into(dir_path(place), false, &made);
        self.state.set_dir(place, Dir::Odd(what));
        Some(())
    }

    pub(super) fn remove_dir(&mut self, place: Form) -> Option<()> {
        if !self.state.may_lose_name(place) || self.state.dir(place) == Dir::Absent {
            return None;
        }
        self.push(Step::new("remove", dir_path(place)));
        self.state.lose_name(place);
        self.state.set_dir(place, Dir::Absent);
        Some(())
    }

    pub(super) fn chmod(&mut self, place: Form, mode: u8) -> Option<()> {
        let mode = *MODES.get(usize::from(mode))?;
        let Dir::Real(real) = self.state.dir(place) else {
            return None;
        };
        // A secondary that would have to go into a dir that is unsafe by now: nobody says what it does.
        if real.mode == mode || !self.state.may_lose_name(place) {
            return None;
        }
        self.push(Step::new("chmod", dir_path(place)).set("mode", mode));
        self.state.set_dir(place, Dir::Real(Real { mode, ..real }));
        Some(())
    }

    pub(super) fn litter(&mut self, place: Form) -> Option<()> {
        let Dir::Real(real) = self.state.dir(place) else {
            return None;
        };
        if real.litter {
            return None;
        }
        let path = format!("{}/other", dir_path(place));
        self.push(Step::new("write", &path).set("content", "of another program"));
        let real = Real {
            litter: true,
            ..real
        };
        self.state.set_dir(place, Dir::Real(real));
        Some(())
    }

    pub(super) fn chmod_xdg(&mut self, loose: bool) -> Option<()> {
        if self.state.xdg_loose == loose || !self.state.may_lose_name(Form::Xdg) {
            return None;
        }
        let mode = if loose { "0755" } else { "0700" };
        self.push(Step::new("chmod", "${xdg}").set("mode", mode));
        self.state.xdg_loose = loose;
        Some(())
    }

    pub(super) fn make_state(&mut self) -> Option<()> {
        if self.state.home.is_some() {
            return None;
        }
        self.push(Step::new("mkdir", STATE));
        let config = Step::new("write", "${state_dir}/config.json");
        self.push(config.set("content", "${settled_config}"));
        self.push(Step::new("mkdir", "${state_dir}/memories"));
        let memory = Step::new("write", "${state_dir}/memories/a.md");
        self.push(memory.set("content", "a memory"));
        self.state.home = Some(StateDir {
            legacy: Legacy::Absent,
            database: None,
            config: true,
            memories: true,
        });
        Some(())
    }

    /// The legacy file may be touched: an old server would trip over it at its end, and a lock of the suite's
    /// own would no longer be where the model thinks it is.
    fn may_lose_legacy(&self) -> bool {
        self.state.home.is_some() && !self.state.legacy_is_exclusive() && !self.state.is_held(None)
    }

    pub(super) fn remove_state(&mut self) -> Option<()> {
        if !self.may_lose_legacy() {
            return None;
        }
        self.push(Step::new("remove", STATE));
        self.state.lose_legacy();
        self.state.home = None;
        Some(())
    }

    pub(super) fn plant_legacy(&mut self, content: u8) -> Option<()> {
        if !self.may_lose_legacy() {
            return None;
        }
        let (made, text) = self.file(content)?;
        let odd = matches!(self.state.legacy(), Legacy::Odd(_));
        self.move_into(LEGACY, odd, &made);
        self.state.lose_legacy();
        self.state.set_legacy(Legacy::Planted(text));
        Some(())
    }

    pub(super) fn plant_odd_legacy(&mut self, what: Odd) -> Option<()> {
        if !self.may_lose_legacy() {
            return None;
        }
        let made = self.odd(what, false);
        let there = self.state.legacy() != Legacy::Absent;
        self.move_into(LEGACY, there, &made);
        self.state.lose_legacy();
        self.state.set_legacy(Legacy::Odd(what));
        Some(())
    }

    pub(super) fn unlink_legacy(&mut self) -> Option<()> {
        if !self.may_lose_legacy() || self.state.legacy() == Legacy::Absent {
            return None;
        }
        self.push(Step::new("remove", LEGACY));
        self.state.lose_legacy();
        self.state.set_legacy(Legacy::Absent);
        Some(())
    }

    pub(super) fn hold(&mut self, place: Option<Form>, shared: bool) -> Option<()> {
        if self.state.hold.is_some() {
            return None;
        }
        let path = match place {
            Some(place) => {
                let free = self.state.pidfile(place) == Entry::File && !self.state.is_locked(place);
                free.then(|| pidfile_path(place))?
            }
            None => {
                let free = self.state.legacy().is_file()
                    && !self.state.legacy_is_locked()
                    && !self.state.someone_may_hold_legacy();
                free.then_some(LEGACY)?
            }
        };
        let name = self.name("hold");
        let lock = if shared { "shared" } else { "exclusive" };
        let step = Step::new("hold", &name).set("path", path);
        self.push(step.set("lock", lock));
        self.state.hold = Some(Hold {
            name,
            place,
            shared,
        });
        Some(())
    }

    pub(super) fn release(&mut self) -> Option<()> {
        let hold = self.state.hold.take()?;
        self.push(Step::new("release", &hold.name));
        if let Some(place) = hold.place {
            self.promote(place);
        }
        Some(())
    }
}
