//! What the model knows of the world.

use super::action::{Form, Odd};

/// What is in the place of a runtime dir.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dir {
    Absent,
    Odd(Odd),
    Real(Real),
}

/// A runtime dir.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Real {
    pub(super) mode: &'static str,
    pub(super) pidfile: Entry,
    /// Another program's file is in it.
    pub(super) litter: bool,
}

impl Real {
    pub(super) const SAFE: &'static str = "0700";

    pub(super) fn empty() -> Self {
        Self {
            mode: Self::SAFE,
            pidfile: Entry::Absent,
            litter: false,
        }
    }

    pub(super) fn is_safe(self) -> bool {
        self.mode == Self::SAFE
    }
}

/// What is in the place of a pidfile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    Absent,
    File,
    Odd(Odd),
}

/// What is in the legacy pidfile's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Legacy {
    Absent,
    /// Planted, with this content.
    Planted(&'static str),
    /// Made by a server for its hold, and touched by nobody else.
    Made,
    /// A file of which no more is known.
    Unknown,
    Odd(Odd),
}

impl Legacy {
    pub(super) fn is_file(self) -> bool {
        matches!(self, Self::Planted(_) | Self::Made | Self::Unknown)
    }
}

/// The state dir.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StateDir {
    pub(super) legacy: Legacy,
    /// The database: which, since one may follow another.
    pub(super) database: Option<usize>,
    /// `config.json` is there.
    pub(super) config: bool,
    /// `memories/a.md` is there.
    pub(super) memories: bool,
}

/// A live server's part at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Primary,
    Secondary,
    /// It was the primary, and its pidfile lost its name.
    Adrift,
}

/// A live server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) name: String,
    pub(super) place: Form,
    pub(super) part: Part,
    /// It holds the file that is in the legacy pidfile's place.
    pub(super) holds_legacy: bool,
    /// The database it has opened, which may be gone.
    pub(super) database: Option<usize>,
}

/// A lock of the suite's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hold {
    pub(super) name: String,
    /// `None`: the legacy pidfile.
    pub(super) place: Option<Form>,
    pub(super) shared: bool,
}

/// A live old server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Old {
    pub(super) name: String,
    /// It got the lock.
    pub(super) owns: bool,
}

/// Everything.
#[derive(Debug)]
pub(super) struct State {
    dirs: [Dir; 2],
    pub(super) xdg_loose: bool,
    pub(super) home: Option<StateDir>,
    pub(super) servers: Vec<Server>,
    pub(super) hold: Option<Hold>,
    pub(super) old: Option<Old>,
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            dirs: [Dir::Absent; 2],
            xdg_loose: false,
            home: None,
            servers: Vec::new(),
            hold: None,
            old: None,
        }
    }

    pub(super) fn dir(&self, place: Form) -> Dir {
        self.dirs[place as usize]
    }

    pub(super) fn set_dir(&mut self, place: Form, dir: Dir) {
        self.dirs[place as usize] = dir;
    }

    pub(super) fn pidfile(&self, place: Form) -> Entry {
        match self.dir(place) {
            Dir::Real(real) => real.pidfile,
            Dir::Absent | Dir::Odd(_) => Entry::Absent,
        }
    }

    /// Where a real directory is, its pidfile is this from now on.
    pub(super) fn set_pidfile(&mut self, place: Form, entry: Entry) {
        if let Dir::Real(real) = &mut self.dirs[place as usize] {
            real.pidfile = entry;
        }
    }

    /// The runtime dir of an environment (RUN-1 to RUN-3).
    pub(super) fn place_of(&self, env: Form) -> Form {
        match env {
            Form::Xdg if self.xdg_loose => Form::Temp,
            Form::Xdg | Form::Temp => env,
        }
    }

    pub(super) fn primary(&self, place: Form) -> Option<&Server> {
        let is = |s: &&Server| s.place == place && s.part == Part::Primary;
        self.servers.iter().find(is)
    }

    pub(super) fn secondaries(&self, place: Form) -> impl Iterator<Item = &Server> {
        let is = move |s: &&Server| s.place == place && s.part == Part::Secondary;
        self.servers.iter().filter(is)
    }

    pub(super) fn is_held(&self, place: Option<Form>) -> bool {
        self.hold.as_ref().is_some_and(|hold| hold.place == place)
    }

    /// Somebody holds the lock on the pidfile that the path names.
    pub(super) fn is_locked(&self, place: Form) -> bool {
        self.primary(place).is_some() || self.is_held(Some(place))
    }

    /// Whether the name may be taken away: nobody waits for it. What becomes of one who waits for a file
    /// that has lost its name, the contract does not say.
    pub(super) fn may_lose_name(&self, place: Form) -> bool {
        self.secondaries(place).next().is_none() && !self.is_held(Some(place))
    }

    /// The pidfile's name is gone or another file's.
    pub(super) fn lose_name(&mut self, place: Form) {
        for server in &mut self.servers {
            if server.place == place && server.part == Part::Primary {
                server.part = Part::Adrift;
            }
        }
    }

    pub(super) fn legacy(&self) -> Legacy {
        self.home.map_or(Legacy::Absent, |home| home.legacy)
    }

    pub(super) fn set_legacy(&mut self, legacy: Legacy) {
        if let Some(home) = &mut self.home {
            home.legacy = legacy;
        }
    }

    pub(super) fn legacy_holders(&self) -> usize {
        self.servers.iter().filter(|s| s.holds_legacy).count()
    }

    /// Somebody who keeps new servers out holds it.
    pub(super) fn legacy_is_exclusive(&self) -> bool {
        self.old.as_ref().is_some_and(|old| old.owns)
            || self
                .hold
                .as_ref()
                .is_some_and(|hold| hold.place.is_none() && !hold.shared)
    }

    pub(super) fn legacy_is_locked(&self) -> bool {
        self.legacy_holders() > 0 || self.legacy_is_exclusive() || self.is_held(None)
    }

    /// A server lives that does not hold the legacy pidfile as far as is known, and may do so at any time:
    /// the contract says when at the latest, not when at the earliest.
    pub(super) fn someone_may_hold_legacy(&self) -> bool {
        self.servers.iter().any(|s| !s.holds_legacy)
    }

    /// The legacy pidfile's name is gone or another file's.
    pub(super) fn lose_legacy(&mut self) {
        for server in &mut self.servers {
            server.holds_legacy = false;
        }
    }
}

/// The path of a runtime dir, as scenarios write it.
pub(super) fn dir_path(place: Form) -> &'static str {
    match place {
        Form::Xdg => "${xdg_form}",
        Form::Temp => "${temp_form}",
    }
}

/// The path of a pidfile.
pub(super) fn pidfile_path(place: Form) -> &'static str {
    match place {
        Form::Xdg => "${xdg_form}/server.pid",
        Form::Temp => "${temp_form}/server.pid",
    }
}

/// The path of the legacy pidfile.
pub(super) const LEGACY: &str = "${legacy_pidfile}";
/// The path of the state dir.
pub(super) const STATE: &str = "${state_dir}";
/// Some language runtimes try out TMPDIR with a file that is gone at once.
pub(super) const SCRATCH: &str = "${tmp}/scratch";
