//! Every system call of x86_64: watched, refused, or harmless and why.
//!
//! Pure data and no decoding: what a call is, where its arguments stand, and whether a supervisor has to see it. `docs/system-calls.md`
//! tells it in prose. The numbers are those of x86_64; elsewhere nothing is known, and nothing may be supervised.

mod family;
#[cfg(test)]
mod tests;
#[cfg(all(target_arch = "x86_64", target_pointer_width = "64"))]
mod x86_64;

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

pub use family::Family;
#[cfg(all(target_arch = "x86_64", target_pointer_width = "64"))]
use x86_64 as machine;

/// On another machine nothing is known.
#[cfg(not(all(target_arch = "x86_64", target_pointer_width = "64")))]
mod machine {
    pub(super) static WATCHED: [super::Call; 0] = [];
    pub(super) static REFUSED: &[super::Group] = &[];
    pub(super) static HARMLESS: &[super::Group] = &[];
    pub(super) const HIGHEST: i64 = -1;
    pub(super) const UNUSED: std::ops::RangeInclusive<i64> = std::ops::RangeInclusive::new(0, -1);
}
use machine::{HARMLESS, REFUSED, WATCHED};

/// How much a call can do: what is watched is chosen by it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Changes files, locks, mounts or processes. An open counts as one, whatever for: see [`Call::class_with`].
    Change,
    /// Only looks: names a file, or asks about an open one.
    Look,
    /// Gets the content of what is open. Frequent, so a class of its own.
    Read,
    /// Closes and copies descriptors: needed where their lifetimes have to be exact.
    Descriptor,
}

/// What becomes of a symbolic link that a path ends in. The bits are those of the call's own flags.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Last {
    /// What it points to is meant.
    Follow,
    /// It is meant itself; what makes or removes a name works on names.
    Stay,
    /// What it points to is meant, unless one of these bits is set.
    Unless(u64),
    /// It is meant itself, unless one of these bits is set.
    Only(u64),
    /// As open(2) does: what it points to, unless `O_NOFOLLOW` is set, or `O_CREAT` with `O_EXCL`.
    AsOpen,
}

impl Last {
    /// Whether what the link points to is meant, when the call's flags have this value.
    #[must_use]
    pub const fn follows(self, flags: u64) -> bool {
        const NOFOLLOW: u64 = libc::O_NOFOLLOW as u64;
        const NEW: u64 = (libc::O_CREAT | libc::O_EXCL) as u64;
        match self {
            Self::Follow => true,
            Self::Stay => false,
            Self::Unless(bits) => flags & bits == 0,
            Self::Only(bits) => flags & bits != 0,
            Self::AsOpen => flags & NOFOLLOW == 0 && flags & NEW != NEW,
        }
    }
}

/// Where a call says what it works on: numbers of arguments, from 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// A path, from the working directory on.
    Path(u8, Last),
    /// The descriptor of a directory, and a path from there on. A path that is null or empty means what the descriptor stands for,
    /// in the calls that allow it (`AT_EMPTY_PATH`).
    At(u8, u8, Last),
    /// An open descriptor.
    Fd(u8),
    /// Descriptors, from the one to the other, both included.
    Range(u8, u8),
    /// Text: where a new symbolic link points, what is to be mounted (a path only if it is a bind).
    Text(u8),
    /// Address and length of a `sockaddr`, which has a path if the family is `AF_UNIX`.
    Address(u8, u8),
    /// A process or a thread; zero and less mean groups, where the call has them.
    Pid(u8),
    /// The descriptor of a process.
    Pidfd(u8),
}

/// The argument that says how it is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flags {
    /// There is none.
    None,
    /// There is none; it is done as with these. `creat` is an `open`.
    Fixed(i32),
    /// `O_` flags.
    Open(u8),
    /// The address of a `struct open_how`, which begins with `O_` flags and the mode, 64 bits each.
    OpenHow(u8),
    /// `AT_` flags.
    At(u8),
    /// What to do with a lock: `LOCK_` of flock(2).
    Lock(u8),
    /// A command of fcntl(2).
    Command(u8),
    /// A request of ioctl(2).
    Request(u8),
    /// The number of a signal.
    Signal(u8),
    /// Flags that only this call has.
    Own(u8),
}

/// A call that is watched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Call {
    /// Its number.
    pub number: i64,
    /// Its name in the kernel's table.
    pub name: &'static str,
    /// What it does, if its flags do not say otherwise: see [`Call::family_with`].
    pub family: Family,
    /// How much it can do at most: see [`Call::class_with`].
    pub class: Class,
    /// What it works on. Of two, the first is where it comes from and the second where it goes to.
    pub places: &'static [Place],
    /// Which argument says how.
    pub flags: Flags,
    /// Which argument has the mode of what is made or changed. With [`Flags::OpenHow`] it stands in there.
    pub mode: Option<u8>,
}

impl Call {
    /// What it does when its flags have this value: `unlinkat` can be an `rmdir`, and `fcntl` is many things.
    #[must_use]
    pub const fn family_with(&self, flags: u64) -> Family {
        if matches!(self.family, Family::Fcntl) {
            return command(flags).0;
        }
        let removes = matches!(self.family, Family::Unlink) && matches!(self.flags, Flags::At(_));
        if removes && flags & libc::AT_REMOVEDIR as u64 != 0 {
            return Family::Rmdir;
        }
        self.family
    }

    /// How much it can do when its flags have this value. An open that neither writes nor makes nor empties only looks. What is not
    /// known to be less counts as a change.
    #[must_use]
    pub const fn class_with(&self, flags: u64) -> Class {
        if matches!(self.flags, Flags::Open(_) | Flags::OpenHow(_))
            && matches!(self.family, Family::Open)
        {
            return open(flags);
        }
        if matches!(self.flags, Flags::Command(_)) {
            return command(flags).1;
        }
        if matches!(self.flags, Flags::Request(_)) {
            return request(flags);
        }
        self.class
    }
}

const fn open(flags: u64) -> Class {
    const CHANGES: u64 = (libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC) as u64;
    // With O_PATH the kernel drops all of these.
    if flags & libc::O_PATH as u64 != 0 || flags & CHANGES == libc::O_RDONLY as u64 {
        Class::Look
    } else {
        Class::Change
    }
}

/// A command of fcntl(2), of which the kernel reads 32 bits.
const fn command(flags: u64) -> (Family, Class) {
    /// Not in `libc` yet.
    const F_DUPFD_QUERY: i32 = 1027;
    match flags as i32 {
        libc::F_SETLK
        | libc::F_SETLKW
        | libc::F_OFD_SETLK
        | libc::F_OFD_SETLKW
        | libc::F_SETLEASE => (Family::Lock, Class::Change),
        libc::F_GETLK | libc::F_OFD_GETLK | libc::F_GETLEASE => (Family::Lock, Class::Look),
        libc::F_DUPFD | libc::F_DUPFD_CLOEXEC => (Family::Dup, Class::Descriptor),
        libc::F_SETFD | libc::F_SETFL => (Family::Fcntl, Class::Descriptor),
        libc::F_GETFD
        | libc::F_GETFL
        | libc::F_GETOWN
        | libc::F_GETPIPE_SZ
        | libc::F_GET_SEALS
        | F_DUPFD_QUERY => (Family::Fcntl, Class::Look),
        _ => (Family::Fcntl, Class::Change),
    }
}

/// A request of ioctl(2): the second byte says whose it is, and terminals and sockets are no files of anybody's tree.
const fn request(flags: u64) -> Class {
    const TERMINAL: u64 = b'T' as u64;
    const SOCKET: u64 = 0x89;
    match flags >> 8 & 0xff {
        TERMINAL | SOCKET => Class::Look,
        _ => Class::Change,
    }
}

/// Calls that share a reason.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Group {
    /// Why they stand here.
    pub reason: &'static str,
    /// Their numbers and names.
    pub calls: &'static [(i64, &'static str)],
}

/// What is done about a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// A supervisor sees it.
    Watched(&'static Call),
    /// It is answered with ENOSYS, as it would work past the supervisor.
    Refused(&'static Group),
    /// It is let through: it names no file and takes no lock that matters here.
    Harmless(&'static Group),
}

/// The highest number that is known. A filter refuses what is above it (and with that all of x32).
pub const HIGHEST: i64 = machine::HIGHEST;

/// Numbers below [`HIGHEST`] that no call has. A filter refuses them too.
pub const UNUSED: RangeInclusive<i64> = machine::UNUSED;

/// What is done about the call of this number; `None` if this table does not know it.
#[must_use]
pub fn standing(number: i64) -> Option<Standing> {
    if let Some(call) = call(number) {
        return Some(Standing::Watched(call));
    }
    let group = |groups: &'static [Group]| {
        groups
            .iter()
            .find(|g| g.calls.iter().any(|(n, _)| *n == number))
    };
    let refused = group(REFUSED).map(Standing::Refused);
    refused.or_else(|| group(HARMLESS).map(Standing::Harmless))
}

/// The watched call of this number.
#[must_use]
pub fn call(number: i64) -> Option<&'static Call> {
    let at = WATCHED.binary_search_by_key(&number, |c| c.number).ok()?;
    WATCHED.get(at)
}

/// The name of any call that is known.
#[must_use]
pub fn name(number: i64) -> Option<&'static str> {
    match standing(number)? {
        Standing::Watched(call) => Some(call.name),
        Standing::Refused(group) | Standing::Harmless(group) => {
            let mut calls = group.calls.iter();
            calls.find(|(n, _)| *n == number).map(|(_, name)| *name)
        }
    }
}

/// What may be watched, by number. Which of it is, is chosen by class and family.
pub fn watched() -> impl Iterator<Item = &'static Call> {
    WATCHED.iter()
}

/// What is refused.
pub fn refused() -> impl Iterator<Item = &'static Group> {
    REFUSED.iter()
}

/// What is let through.
pub fn harmless() -> impl Iterator<Item = &'static Group> {
    HARMLESS.iter()
}
