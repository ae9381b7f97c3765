//! Which calls are told of.

use serde::{Deserialize, Serialize};

use crate::calls::Word;
use crate::calls::table::{self, Class, Family, Flags};
use crate::sys::seccomp::{Filter, When};

/// How much of what a process does is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// What changes files, locks and processes.
    Changes,
    /// What looks at them too, and what closes descriptors.
    Everything,
    /// What reads them, too: all that a process could learn of another by.
    Orders,
}

/// fcntl(2) on locks; the rest of it concerns descriptors.
const LOCKS: &[u32] = &[
    libc::F_SETLK.cast_unsigned(),
    libc::F_SETLKW.cast_unsigned(),
    libc::F_OFD_SETLK.cast_unsigned(),
    libc::F_OFD_SETLKW.cast_unsigned(),
    libc::F_SETLEASE.cast_unsigned(),
];

/// The same, and whether there is one.
const ALL_LOCKS: &[u32] = &[
    libc::F_SETLK.cast_unsigned(),
    libc::F_SETLKW.cast_unsigned(),
    libc::F_OFD_SETLK.cast_unsigned(),
    libc::F_OFD_SETLKW.cast_unsigned(),
    libc::F_SETLEASE.cast_unsigned(),
    libc::F_GETLK.cast_unsigned(),
    libc::F_OFD_GETLK.cast_unsigned(),
];

/// ioctl(2) that puts content into files, or flags on them.
const FILES: &[u32] = &[
    // FICLONE, FICLONERANGE, FIDEDUPERANGE, FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR
    0x4004_9409,
    0x4020_940D,
    0xC018_9436,
    0x4008_6602,
    0x401C_5820,
];

/// An open that can change something.
const WRITES: u32 = (libc::O_WRONLY | libc::O_RDWR | libc::O_CREAT | libc::O_TRUNC).cast_unsigned();

impl Scope {
    /// The least of them that tells of every call that a word means.
    pub fn of(word: Word) -> Self {
        let Word::Family(family) = word else {
            // Whatever creates or cuts or unlocks changes something.
            return Self::Changes;
        };
        let of_family = |call: &&table::Call| call.family == family;
        let alike = |call| when(call, Self::Changes) == when(call, Self::Everything);
        if table::watched().filter(of_family).all(alike) {
            Self::Changes
        } else {
            Self::Everything
        }
    }
}

/// The calls of a scope. Of some of them only certain arguments are told.
pub fn told(scope: Scope) -> impl Iterator<Item = &'static table::Call> {
    table::watched().filter(move |call| when(call, scope).is_some())
}

/// When a call is told, if it is at all.
fn when(call: &table::Call, scope: Scope) -> Option<When> {
    Some(match (call.family, call.class, call.flags) {
        (_, _, Flags::Command(arg)) if scope == Scope::Orders => When::OneOf {
            arg,
            values: ALL_LOCKS,
        },
        (_, _, Flags::Command(arg)) => When::OneOf { arg, values: LOCKS },
        (_, _, Flags::Request(arg)) => When::OneOf { arg, values: FILES },
        (Family::Open, _, Flags::Open(arg)) if scope == Scope::Changes => {
            When::AnyOf { arg, bits: WRITES }
        }
        // Where a descriptor leads is asked of the kernel each time, so copies need not be followed.
        (Family::Dup | Family::Fcntl, ..) => return None,
        (_, Class::Read, _) if scope != Scope::Orders => return None,
        (_, Class::Look | Class::Descriptor, _) if scope == Scope::Changes => return None,
        // The end of one thread changes nothing but by the rarest of programs, which ends so as a whole.
        (Family::Exit, ..) if call.name == "exit" && scope == Scope::Changes => return None,
        _ => When::Always,
    })
}

/// The filter that has these calls told. Calls whose work is never told, as io_uring's, are told too, to be
/// refused by name.
pub fn filter(scope: Scope) -> Filter {
    let number = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
    let watched =
        table::watched().filter_map(|call| Some((number(call.number), when(call, scope)?)));
    let refused = table::refused()
        .flat_map(|group| group.calls)
        .map(|(n, _)| (number(*n), When::Always));
    let told: Vec<(u32, When)> = watched.chain(refused).collect();
    Filter::new(&told, number(table::HIGHEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_needs_what_it_means() {
        for (word, scope) in [
            (Word::Family(Family::Mkdir), Scope::Changes),
            (Word::Family(Family::Lock), Scope::Changes),
            (Word::Family(Family::Write), Scope::Changes),
            (Word::Create, Scope::Changes),
            // One that only reads is an open too.
            (Word::Family(Family::Open), Scope::Everything),
            (Word::Family(Family::Stat), Scope::Everything),
            (Word::Family(Family::Close), Scope::Everything),
            (Word::Family(Family::Exit), Scope::Everything),
        ] {
            assert_eq!(Scope::of(word), scope, "{word}");
        }
    }
}
