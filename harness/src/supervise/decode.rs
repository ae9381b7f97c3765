//! From numbers to what a person reads, and to what can be known of the outcome beforehand.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "of the many families each match concerns a few"
)]

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Places;
use super::subject::{self, UNNAMED, named};
use crate::calls::table::{self, Class, Family, Flags, Place};
use crate::calls::{Call, Fate, Locking};
use crate::sys::seccomp::Waiting;

/// The call, if it concerns the world; who and when are left to whoever keeps the log.
pub(super) fn call(
    row: &table::Call,
    waiting: &Waiting,
    places: &Places,
    is_there: impl Fn(&Path) -> bool,
) -> Option<Call> {
    let flags = flags(row, waiting).unwrap_or(0);
    let family = row.family_with(flags);
    let class = row.class_with(flags);
    // What cannot be read was no path either: the call will fail by itself.
    let unnamed = family == Family::Open && flags & o(libc::O_TMPFILE) == o(libc::O_TMPFILE);
    let mut by_name = [false; 2];
    let mut paths = [None, None];
    for ((place, path), by_name) in row.places.iter().zip(&mut paths).zip(&mut by_name) {
        if let Ok(Some((found, is_name))) = find(place, waiting) {
            *by_name = is_name;
            *path = Some(if unnamed { found.join(UNNAMED) } else { found });
        }
    }
    let [mut first, mut second] = [0, 1].map(|at| {
        let (place, path) = (row.places.get(at)?, paths[at].as_deref()?);
        show(place, path, places).or_else(|| stream(place, waiting, family))
    });
    let concerns_processes = matches!(family, Family::Signal | Family::Exit);
    if !concerns_processes && first.is_none() && second.is_none() {
        return None;
    }
    let lock = locking(row, waiting, flags);
    // Only of what is called by its name: a descriptor's name may be gone, or somebody else's by now.
    let names = [0, 1].map(|at| paths[at].as_deref().filter(|_| by_name[at]));
    let (creates, comes_to) = outlook(family, flags, names, is_there);
    let [mut real, mut real_to] = paths;
    if family == Family::Symlink {
        // Where it points is text; the name that it gets is what it works on.
        std::mem::swap(&mut first, &mut second);
        real = real_to.take();
    }
    let text = |path: Option<PathBuf>| path?.into_os_string().into_string().ok();
    Some(Call {
        at: Duration::ZERO,
        who: String::new(),
        pid: waiting.tid,
        tid: waiting.tid,
        name: row.name.to_owned(),
        family,
        path: first,
        to: second,
        real: text(real),
        real_to: text(real_to),
        by_descriptor: !by_name[0] && family != Family::Symlink,
        how: how(row, waiting, flags, family, lock),
        lock,
        creates,
        truncates: family == Family::Open && flags & o(libc::O_TRUNC) != 0,
        looks: class == Class::Look,
        fate: Fate::Made,
        comes_to,
    })
}

/// What a call that still waits would do, as things are now: somebody else may have done something since it was read.
pub fn look_again(call: &mut Call, waiting: &Waiting, is_there: impl Fn(&Path) -> bool) {
    let Some(row) = table::call(waiting.number) else {
        return;
    };
    let name = |path: &'_ Option<String>| path.as_ref().map(PathBuf::from);
    let real = name(&call.real).filter(|_| !call.by_descriptor);
    let names = match call.family {
        Family::Symlink => [None, real],
        _ => [real, name(&call.real_to)],
    };
    let flags = flags(row, waiting).unwrap_or(0);
    let names = [names[0].as_deref(), names[1].as_deref()];
    (call.creates, call.comes_to) = outlook(call.family, flags, names, is_there);
}

/// Whether a call makes something, and the errno that it must end with, if there is no other way.
fn outlook(
    family: Family,
    flags: u64,
    names: [Option<&Path>; 2],
    is_there: impl Fn(&Path) -> bool,
) -> (bool, Option<i32>) {
    let there = names.map(|path| Some(is_there(path?)));
    let unnamed = flags & o(libc::O_TMPFILE) == o(libc::O_TMPFILE);
    let creates = match family {
        Family::Open => unnamed || flags & o(libc::O_CREAT) != 0 && there[0] == Some(false),
        Family::Symlink => there[1] == Some(false),
        Family::Mkdir | Family::Mknod => there[0] == Some(false),
        Family::Bind => there.into_iter().flatten().last() == Some(false),
        // What has no name yet gets one by a link.
        Family::Rename | Family::Link => {
            there[1] == Some(false) && (there[0] != Some(false) || names[0].is_some_and(is_unnamed))
        }
        _ => false,
    };
    (creates, comes_to(family, flags, there))
}

const fn o(flag: i32) -> u64 {
    flag.cast_unsigned() as u64
}

/// An argument.
fn arg(waiting: &Waiting, at: u8) -> u64 {
    waiting.args.get(usize::from(at)).copied().unwrap_or(0)
}

/// A descriptor: the kernel reads 32 bits of it.
fn fd(waiting: &Waiting, at: u8) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "the kernel does so too")]
    let low = arg(waiting, at) as u32;
    low.cast_signed()
}

fn flags(row: &table::Call, waiting: &Waiting) -> Option<u64> {
    match row.flags {
        Flags::None => None,
        Flags::Fixed(flags) => Some(o(flags)),
        Flags::Open(at)
        | Flags::At(at)
        | Flags::Lock(at)
        | Flags::Command(at)
        | Flags::Request(at)
        | Flags::Signal(at)
        | Flags::Own(at) => Some(arg(waiting, at)),
        Flags::OpenHow(at) => {
            let bytes = subject::bytes(waiting.tid, arg(waiting, at), 8).ok()?;
            Some(u64::from_ne_bytes(bytes.try_into().ok()?))
        }
    }
}

/// Where a place leads, if it is one of files, and whether it says so by a name.
fn find(place: &Place, waiting: &Waiting) -> io::Result<Option<(PathBuf, bool)>> {
    let tid = waiting.tid;
    let by_descriptor = |fd| Ok(Some((named(subject::descriptor(tid, fd)?), false)));
    let by_name = |path| Ok(Some((path, true)));
    match *place {
        Place::Path(at, _) => {
            let text = subject::string(tid, arg(waiting, at))?;
            by_name(subject::resolve(tid, None, Path::new(&text))?)
        }
        Place::At(dir, at, _) => {
            let dir = fd(waiting, dir);
            let text = match arg(waiting, at) {
                0 => Default::default(),
                at => subject::string(tid, at)?,
            };
            match text.is_empty() {
                // What its descriptor stands for is meant.
                true if dir != libc::AT_FDCWD => by_descriptor(dir),
                is_empty => {
                    let path = subject::resolve(tid, Some(dir), Path::new(&text))?;
                    Ok(Some((path, !is_empty)))
                }
            }
        }
        Place::Fd(at) => by_descriptor(fd(waiting, at)),
        Place::Text(at) => Ok(Some((
            subject::string(tid, arg(waiting, at))?.into(),
            false,
        ))),
        Place::Address(at, length) => {
            let path = unix_address(tid, arg(waiting, at), arg(waiting, length))?;
            Ok(path.map(|path| (path, true)))
        }
        Place::Range(..) | Place::Pid(_) | Place::Pidfd(_) => Ok(None),
    }
}

/// The path of a unix socket's address.
fn unix_address(tid: i32, at: u64, length: u64) -> io::Result<Option<PathBuf>> {
    let length = usize::try_from(length).unwrap_or(0).min(110);
    let bytes = subject::bytes(tid, at, length)?;
    let family = bytes.get(..2).and_then(|b| b.try_into().ok());
    if family.map(u16::from_ne_bytes) != Some(libc::AF_UNIX as u16) {
        return Ok(None);
    }
    let name = bytes.get(2..).unwrap_or_default();
    let name = name.split(|b| *b == 0).next().unwrap_or_default();
    if name.is_empty() {
        // Abstract: no file comes to be.
        return Ok(None);
    }
    let name = Path::new(std::ffi::OsStr::from_bytes(name));
    subject::resolve(tid, None, name).map(Some)
}

/// By the names of the world; a standard stream by its own.
fn show(place: &Place, path: &Path, places: &Places) -> Option<String> {
    match place {
        Place::Text(_) => Some(format!(
            "\"{}\"",
            path.as_os_str().as_bytes().escape_ascii()
        )),
        Place::Fd(_) | Place::Path(..) | Place::At(..) | Place::Address(..) => places.show(path),
        Place::Range(..) | Place::Pid(_) | Place::Pidfd(_) => None,
    }
}

/// What a process says to whoever started it.
fn stream(place: &Place, waiting: &Waiting, family: Family) -> Option<String> {
    let Place::Fd(at) = *place else { return None };
    let name = match (family, fd(waiting, at)) {
        (Family::Write, 1) => "stdout",
        (Family::Write, 2) => "stderr",
        _ => return None,
    };
    Some(name.to_owned())
}

fn locking(row: &table::Call, waiting: &Waiting, flags: u64) -> Option<Locking> {
    match row.flags {
        Flags::Lock(_) => Some(if flags & o(libc::LOCK_UN) != 0 {
            Locking::Unlock
        } else if flags & o(libc::LOCK_SH) != 0 {
            Locking::Shared
        } else {
            Locking::Exclusive
        }),
        Flags::Command(_) if row.family_with(flags) == Family::Lock => {
            // `struct flock` begins with its type, 16 bits.
            let kind = subject::bytes(waiting.tid, arg(waiting, 2), 2).ok()?;
            let kind = i16::from_ne_bytes(kind.try_into().ok()?);
            Some(match i32::from(kind) {
                libc::F_UNLCK => Locking::Unlock,
                libc::F_RDLCK => Locking::Shared,
                _ => Locking::Exclusive,
            })
        }
        _ => None,
    }
}

/// Whether a path stands for a file that was made without a name.
pub fn is_unnamed(path: &Path) -> bool {
    path.ends_with(UNNAMED)
}

/// Whether a path has something at its end, a link too.
pub(super) fn is_there(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}

/// The errno that a call must end with, where what is there leaves nothing else.
fn comes_to(family: Family, flags: u64, there: [Option<bool>; 2]) -> Option<i32> {
    let [first, second] = there;
    let absent = first == Some(false);
    match family {
        Family::Open
            if flags & o(libc::O_CREAT) == 0
                && flags & o(libc::O_TMPFILE) != o(libc::O_TMPFILE)
                && absent =>
        {
            Some(libc::ENOENT)
        }
        Family::Open
            if first == Some(true)
                && flags & o(libc::O_EXCL | libc::O_CREAT) == o(libc::O_EXCL | libc::O_CREAT) =>
        {
            Some(libc::EEXIST)
        }
        Family::Stat
        | Family::Access
        | Family::Readlink
        | Family::Unlink
        | Family::Rmdir
        | Family::Chmod
        | Family::Chown
        | Family::Rename
        | Family::Chdir
            if absent =>
        {
            Some(libc::ENOENT)
        }
        Family::Mkdir | Family::Mknod if first == Some(true) => Some(libc::EEXIST),
        Family::Symlink | Family::Link if second == Some(true) => Some(libc::EEXIST),
        _ => None,
    }
}

fn how(
    row: &table::Call,
    waiting: &Waiting,
    flags: u64,
    family: Family,
    lock: Option<Locking>,
) -> String {
    let mode = row.mode.map(|at| arg(waiting, at) & 0o7777);
    match (row.flags, lock) {
        (Flags::Open(_) | Flags::OpenHow(_) | Flags::Fixed(_), _) if family == Family::Open => {
            let makes =
                flags & o(libc::O_CREAT) != 0 || flags & o(libc::O_TMPFILE) == o(libc::O_TMPFILE);
            let mode = mode.filter(|_| makes).map(|m| format!(" {m:04o}"));
            format!("{}{}", open_flags(flags), mode.unwrap_or_default())
        }
        (_, Some(lock)) => {
            let waits = match row.flags {
                Flags::Lock(_) => flags & o(libc::LOCK_NB) == 0,
                _ => [libc::F_SETLKW, libc::F_OFD_SETLKW].map(o).contains(&flags),
            };
            let kind = match lock {
                Locking::Exclusive => "exclusive",
                Locking::Shared => "shared",
                Locking::Unlock => return "unlock".to_owned(),
            };
            let waits = if waits { ", and waits" } else { "" };
            format!("{kind}{waits}")
        }
        (Flags::Signal(_), _) => format!("signal {flags}"),
        _ => match (family, mode) {
            (Family::Exit, _) if row.name == "exit" => "of a thread".to_owned(),
            (Family::Exit, _) => format!("status {}", arg(waiting, 0) & 0xff),
            (Family::Truncate, _) => format!("to {} bytes", arg(waiting, 1)),
            (_, Some(mode)) => format!("{mode:04o}"),
            (_, None) => String::new(),
        },
    }
}

fn open_flags(flags: u64) -> String {
    const NAMES: [(i32, &str); 12] = [
        (libc::O_TMPFILE, "O_TMPFILE"),
        (libc::O_CREAT, "O_CREAT"),
        (libc::O_EXCL, "O_EXCL"),
        (libc::O_TRUNC, "O_TRUNC"),
        (libc::O_APPEND, "O_APPEND"),
        (libc::O_NONBLOCK, "O_NONBLOCK"),
        (libc::O_DIRECTORY, "O_DIRECTORY"),
        (libc::O_NOFOLLOW, "O_NOFOLLOW"),
        (libc::O_PATH, "O_PATH"),
        (libc::O_NOCTTY, "O_NOCTTY"),
        (libc::O_SYNC, "O_SYNC"),
        (libc::O_CLOEXEC, "O_CLOEXEC"),
    ];
    let access = match flags & o(libc::O_ACCMODE) {
        0 => "O_RDONLY",
        1 => "O_WRONLY",
        _ => "O_RDWR",
    };
    let mut text = String::with_capacity(64);
    text += access;
    let mut left = flags;
    for (flag, name) in NAMES {
        if left & o(flag) == o(flag) {
            text.push('|');
            text += name;
            // O_TMPFILE holds O_DIRECTORY.
            left &= !o(flag);
        }
    }
    text
}
