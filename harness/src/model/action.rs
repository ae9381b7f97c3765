//! What can be done, and how lists of it are made.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};

/// The two forms of the runtime dir: which environment a process gets, or which place is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// XDG_RUNTIME_DIR is set.
    Xdg,
    /// It is not, so the temp form serves.
    Temp,
}

impl Form {
    /// Both.
    pub(super) const ALL: [Self; 2] = [Self::Xdg, Self::Temp];
}

/// How a process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Its input ends.
    Input,
    /// SIGTERM.
    Term,
    /// SIGINT.
    Int,
    /// SIGHUP.
    Hup,
    /// SIGKILL.
    Kill,
}

/// What stands where a file or directory belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Odd {
    /// A link to a file or directory elsewhere.
    Link,
    /// A fifo.
    Fifo,
    /// A directory where a file belongs, a file where a directory belongs.
    Other,
}

/// The flags of `uninstall -y`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags {
    /// `--keep-config`
    pub keep_config: bool,
    /// `--keep-data`
    pub keep_data: bool,
    /// `--force`
    pub force: bool,
}

/// One thing done to the world or to a process in it. `which` counts the live servers, round and round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A server starts and is asked for a handshake.
    Start {
        /// Its environment.
        env: Form,
        /// Which umask.
        umask: u8,
    },
    /// A server ends.
    End {
        /// Which.
        which: u8,
        /// How.
        how: End,
    },
    /// A server is asked to store something.
    Store {
        /// Which.
        which: u8,
    },
    /// `mm uninstall -y` runs to its end.
    Uninstall {
        /// Its environment.
        env: Form,
        /// Its flags.
        flags: Flags,
    },
    /// A stale pidfile is put in the pidfile's place.
    Plant {
        /// Where.
        place: Form,
        /// What it says.
        content: u8,
    },
    /// Something that is no file is put there.
    PlantOdd {
        /// Where.
        place: Form,
        /// What.
        what: Odd,
    },
    /// The pidfile is removed.
    Unlink {
        /// Where.
        place: Form,
    },
    /// A directory with this mode is put in the runtime dir's place.
    PlantDir {
        /// Where.
        place: Form,
        /// Its mode.
        mode: u8,
    },
    /// Something that is no directory is put there.
    PlantOddDir {
        /// Where.
        place: Form,
        /// What.
        what: Odd,
    },
    /// The runtime dir is removed with all that is in it.
    RemoveDir {
        /// Where.
        place: Form,
    },
    /// The runtime dir's mode changes.
    Chmod {
        /// Where.
        place: Form,
        /// Its mode.
        mode: u8,
    },
    /// Another program's file appears in the runtime dir.
    Litter {
        /// Where.
        place: Form,
    },
    /// XDG_RUNTIME_DIR becomes unusable, or usable again.
    ChmodXdg {
        /// Unusable.
        loose: bool,
    },
    /// Somebody makes a state dir with a configuration and a memory.
    MakeState,
    /// Somebody removes the state dir.
    RemoveState,
    /// A stale legacy pidfile is put in its place.
    PlantLegacy {
        /// What it says.
        content: u8,
    },
    /// Something that is no file is put there.
    PlantOddLegacy {
        /// What.
        what: Odd,
    },
    /// The legacy pidfile is removed.
    UnlinkLegacy,
    /// Somebody locks a stale pidfile: at a place, or the legacy one.
    Hold {
        /// Where; the legacy one otherwise.
        place: Option<Form>,
        /// Shared.
        shared: bool,
    },
    /// That lock is let go.
    Release,
    /// An old server starts.
    StartOld,
    /// It ends.
    EndOld {
        /// By SIGKILL; by the end of its input otherwise.
        kill: bool,
    },
}

fn form() -> impl Strategy<Value = Form> {
    prop_oneof![2 => Just(Form::Xdg), 1 => Just(Form::Temp)]
}

fn odd() -> impl Strategy<Value = Odd> {
    prop_oneof![Just(Odd::Link), Just(Odd::Fifo), Just(Odd::Other)]
}

fn flags() -> impl Strategy<Value = Flags> {
    let keep = prop_oneof![3 => Just(false), 1 => Just(true)];
    let force = prop_oneof![5 => Just(false), 1 => Just(true)];
    (keep.clone(), keep, force).prop_map(|(keep_config, keep_data, force)| Flags {
        keep_config,
        keep_data,
        force,
    })
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        3 => Just(End::Input),
        3 => Just(End::Term),
        1 => Just(End::Int),
        1 => Just(End::Hup),
        3 => Just(End::Kill),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    let place = form;
    let hold = prop_oneof![form().prop_map(Some), Just(None)];
    prop_oneof![
        12 => (form(), 0..UMASKS.len() as u8).prop_map(|(env, umask)| Action::Start { env, umask }),
        8 => (0..4u8, end()).prop_map(|(which, how)| Action::End { which, how }),
        4 => (0..4u8).prop_map(|which| Action::Store { which }),
        8 => (form(), flags()).prop_map(|(env, flags)| Action::Uninstall { env, flags }),
        4 => (place(), 0..CONTENTS.len() as u8).prop_map(|(place, content)| Action::Plant { place, content }),
        1 => (place(), odd()).prop_map(|(place, what)| Action::PlantOdd { place, what }),
        2 => place().prop_map(|place| Action::Unlink { place }),
        1 => (place(), 0..MODES.len() as u8).prop_map(|(place, mode)| Action::PlantDir { place, mode }),
        1 => (place(), odd()).prop_map(|(place, what)| Action::PlantOddDir { place, what }),
        2 => place().prop_map(|place| Action::RemoveDir { place }),
        2 => (place(), 0..MODES.len() as u8).prop_map(|(place, mode)| Action::Chmod { place, mode }),
        1 => place().prop_map(|place| Action::Litter { place }),
        1 => any::<bool>().prop_map(|loose| Action::ChmodXdg { loose }),
        2 => Just(Action::MakeState),
        1 => Just(Action::RemoveState),
        1 => (0..CONTENTS.len() as u8).prop_map(|content| Action::PlantLegacy { content }),
        1 => odd().prop_map(|what| Action::PlantOddLegacy { what }),
        1 => Just(Action::UnlinkLegacy),
        2 => (hold, any::<bool>()).prop_map(|(place, shared)| Action::Hold { place, shared }),
        2 => Just(Action::Release),
        2 => Just(Action::StartOld),
        2 => any::<bool>().prop_map(|kill| Action::EndOld { kill }),
    ]
}

/// Lists of `length` actions in the middle, of one at least and of not quite twice as many at most: what may
/// be short can be made short.
pub fn actions(length: usize) -> impl Strategy<Value = Vec<Action>> {
    vec(action(), 1..2 * length.max(1))
}

/// The umasks of servers; the ordinary one first, since lists shrink towards it.
pub(super) const UMASKS: [&str; 5] = ["0022", "0000", "0077", "0177", "0777"];

/// Modes of a runtime dir; the safe one first.
pub(super) const MODES: [&str; 4] = ["0700", "0755", "0710", "0777"];

/// What a stale pidfile says, and its mode.
pub(super) const CONTENTS: [(&str, &str); 7] = [
    ("4194304", "0600"),
    ("1", "0644"),
    ("1\n", "0600"),
    ("", "0600"),
    ("-1\n", "0600"),
    ("no pid at all, and longer than any pid would be", "0600"),
    ("0${byte.ff}${byte.01}", "0666"),
];
