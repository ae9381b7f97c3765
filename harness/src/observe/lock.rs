//! Who holds flock(2) on an inode: by a probe on a descriptor opened for it, and by what the kernel lists.
//!
//! Two witnesses, because each can lie. A probe tells the truth but no pid, and for the moment it lasts it
//! is itself a holder. `/proc/locks` names who *called* flock(2): it goes on naming a dead process while
//! another has the descriptor, and hides it altogether in a pid namespace. So the processes of the case are
//! asked too, by their `fdinfo`, which tells what lock an open descriptor holds.

use std::fs::{File, Metadata};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag};

use crate::scenario::model::LockKind;

/// What both witnesses say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockFacts {
    /// What the probe found.
    pub probe: Option<LockKind>,
    /// The holders the kernel lists, by pid.
    pub listed: Vec<(i32, LockKind)>,
    /// The descriptors of the case's processes that the lock belongs to.
    pub held_by: Vec<HeldBy>,
}

/// A descriptor that a lock belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeldBy {
    /// The process that has it.
    pub pid: i32,
    /// Its number.
    pub fd: i32,
    /// Whether it is closed on exec.
    pub close_on_exec: bool,
}

/// Opens an inode to ask about it: no waiting, no following, nothing made.
///
/// # Errors
/// What open(2) says.
pub fn open(path: &Path) -> io::Result<File> {
    File::options()
        .read(true)
        .custom_flags((OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW).bits())
        .open(path)
}

/// How often the listing is read.
const READINGS: usize = 3;

/// Asks both witnesses. `pids` are the processes whose descriptors are looked at.
///
/// # Errors
/// What the system says, other than that the lock is taken.
pub fn facts(file: &File, pids: &[i32]) -> io::Result<LockFacts> {
    let probe = probe(file)?;
    let wanted = listed_name(&file.metadata()?);
    let mut listed = Vec::new();
    // The kernel makes the listing anew for each read, by position: when another lock goes meanwhile,
    // a line may be missed, but none is ever made up. So several readings together tell the truth.
    for _ in 0..READINGS {
        listed.extend(holders(&listing()?, &wanted));
    }
    listed.retain(|(pid, _)| Path::new(&format!("/proc/{pid}")).exists());
    let keepers = keepers(pids, &wanted);
    listed.extend(keepers.iter().map(|(by, kind)| (by.pid, *kind)));
    listed.sort_by_key(|(pid, _)| *pid);
    listed.dedup();
    Ok(LockFacts {
        probe,
        listed,
        held_by: keepers.into_iter().map(|(by, _)| by).collect(),
    })
}

fn probe(file: &File) -> io::Result<Option<LockKind>> {
    // A new open file description for each try: a lock belongs to one of those.
    let again = || File::open(format!("/proc/self/fd/{}", raw(file)));
    if try_lock(again()?, FlockArg::LockExclusiveNonblock)? {
        return Ok(None);
    }
    if try_lock(again()?, FlockArg::LockSharedNonblock)? {
        return Ok(Some(LockKind::Shared));
    }
    Ok(Some(LockKind::Exclusive))
}

fn raw(file: &File) -> i32 {
    std::os::fd::AsRawFd::as_raw_fd(&file.as_fd())
}

fn try_lock(file: File, how: FlockArg) -> io::Result<bool> {
    match Flock::lock(file, how) {
        Ok(lock) => {
            drop(lock);
            Ok(true)
        }
        Err((_, Errno::EWOULDBLOCK)) => Ok(false),
        Err((_, errno)) => Err(errno.into()),
    }
}

/// An inode as lock listings name it.
pub fn listed_name(found: &Metadata) -> String {
    listed((found.dev(), found.ino()))
}

/// The same by device and number.
pub fn listed((dev, ino): (u64, u64)) -> String {
    format!(
        "{:02x}:{:02x}:{ino}",
        nix::sys::stat::major(dev),
        nix::sys::stat::minor(dev),
    )
}

/// Which of `pids` have a descriptor that a lock on the inode belongs to.
fn keepers(pids: &[i32], wanted: &str) -> Vec<(HeldBy, LockKind)> {
    let mut keepers = Vec::new();
    for pid in pids {
        // One that ends meanwhile holds nothing any more.
        let Ok(list) = std::fs::read_dir(format!("/proc/{pid}/fdinfo")) else {
            continue;
        };
        for fd in list.flatten() {
            let text = std::fs::read_to_string(fd.path()).unwrap_or_default();
            let locks = text.lines().filter_map(|line| line.strip_prefix("lock:"));
            let by = HeldBy {
                pid: *pid,
                fd: fd.file_name().to_string_lossy().parse().unwrap_or(-1),
                close_on_exec: closed_on_exec(&text),
            };
            keepers.extend(
                locks
                    .flat_map(|lock| holders(lock, wanted))
                    .map(|(_, kind)| (by, kind)),
            );
        }
    }
    keepers
}

/// Which of `pids` hold the lock of a file that has no name any more, and had one in the directory of `path`.
pub fn former(path: &Path, pids: &[i32]) -> Vec<i32> {
    let dir = path.parent();
    let holds = |pid: i32| {
        let Ok(list) = std::fs::read_dir(format!("/proc/{pid}/fd")) else {
            return false;
        };
        list.flatten().any(|fd| {
            // proc(5) gives an unlinked file's last name; one that was made without a name has a number there.
            let beside = std::fs::read_link(fd.path()).is_ok_and(|name| name.parent() == dir);
            let nameless = || std::fs::metadata(fd.path()).is_ok_and(|found| found.nlink() == 0);
            let locked = || {
                let info = Path::new(&format!("/proc/{pid}/fdinfo")).join(fd.file_name());
                std::fs::read_to_string(info)
                    .is_ok_and(|info| info.lines().any(|line| line.starts_with("lock:")))
            };
            beside && nameless() && locked()
        })
    };
    pids.iter().copied().filter(|pid| holds(*pid)).collect()
}

/// Whether the `flags:` of an `fdinfo`, which are octal, hold O_CLOEXEC.
fn closed_on_exec(fdinfo: &str) -> bool {
    fdinfo
        .lines()
        .find_map(|line| line.strip_prefix("flags:"))
        .and_then(|flags| i32::from_str_radix(flags.trim(), 8).ok())
        .is_some_and(|flags| flags & OFlag::O_CLOEXEC.bits() != 0)
}

/// `/proc/locks`, in as few reads as it takes.
///
/// # Errors
/// What open(2) and read(2) say.
pub fn listing() -> io::Result<String> {
    Listing::open()?.read()
}

/// The kernel never gives more than a page at once.
const PAGE: usize = 1 << 12;
/// No line is longer.
const LINE: usize = 256;
/// A host on which locks come and go all the time has no two listings that are the same.
const TRIES: usize = 100;

/// `/proc/locks`, kept open: to open it takes longer than to read it.
#[derive(Debug)]
pub struct Listing(File);

impl Listing {
    /// Opens it.
    ///
    /// # Errors
    /// What open(2) says.
    pub fn open() -> io::Result<Self> {
        Ok(Self(File::open("/proc/locks")?))
    }

    /// All of it, as it was at one moment.
    ///
    /// # Errors
    /// What read(2) says.
    pub fn read(&self) -> io::Result<String> {
        let mut text = self.pages()?;
        for _ in 0..TRIES {
            // What comes in one page is of one moment. Else what others take and let go between two reads shows a line
            // twice, or not at all.
            if text.len() < PAGE - LINE {
                break;
            }
            let before = std::mem::replace(&mut text, self.pages()?);
            if text == before {
                break;
            }
        }
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    fn pages(&self) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        let mut page = [0; PAGE];
        loop {
            let many = self.0.read_at(&mut page, text.len() as u64)?;
            text.extend_from_slice(&page[..many]);
            // Another line would have fitted.
            if many < PAGE - LINE {
                return Ok(text);
            }
        }
    }
}

/// Who holds flock(2) on an inode, by a listing: `1: FLOCK  ADVISORY  WRITE 1234 00:2a:17 0 EOF`; a line with `->` is somebody waiting.
pub fn holders(text: &str, wanted: &str) -> Vec<(i32, LockKind)> {
    let mut holders: Vec<(i32, LockKind)> = text
        .lines()
        .filter_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [_, "FLOCK", _, kind, pid, inode, ..] = words.as_slice() else {
                return None;
            };
            let kind = match *kind {
                "WRITE" => LockKind::Exclusive,
                "READ" => LockKind::Shared,
                _ => return None,
            };
            (*inode == wanted).then_some((pid.parse().ok()?, kind))
        })
        .collect();
    holders.sort_by_key(|(pid, _)| *pid);
    holders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holders_are_told_from_waiters_and_other_inodes() {
        let text = "1: FLOCK  ADVISORY  WRITE 7 00:2a:17 0 EOF\n\
                    1: -> FLOCK  ADVISORY  WRITE 8 00:2a:17 0 EOF\n\
                    2: POSIX  ADVISORY  WRITE 9 00:2a:17 0 EOF\n\
                    3: FLOCK  ADVISORY  READ 5 00:2a:17 0 EOF\n\
                    4: FLOCK  ADVISORY  WRITE 6 00:2a:18 0 EOF\n";
        assert_eq!(
            holders(text, "00:2a:17"),
            [(5, LockKind::Shared), (7, LockKind::Exclusive)]
        );
    }

    /// The kernel gives a page at a time.
    #[test]
    fn a_listing_of_more_than_a_page_has_each_lock_once() {
        let dir = tempfile::tempdir().unwrap();
        let held = |n: usize| {
            let file = File::create(dir.path().join(n.to_string())).unwrap();
            Flock::lock(file, FlockArg::LockExclusive)
                .map_err(|(_, errno)| errno)
                .unwrap()
        };
        let all: Vec<Flock<File>> = (0..2 * PAGE / 40).map(held).collect();
        let text = listing().unwrap();
        assert!(text.len() > PAGE, "{text}");
        for file in &all {
            let name = listed_name(&file.metadata().unwrap());
            let is_it = |line: &&str| line.split_whitespace().any(|word| word == name);
            let of_it = text.lines().filter(is_it);
            assert_eq!(of_it.count(), 1, "{name} in {text}");
        }
    }

    #[test]
    fn the_flags_of_a_descriptor_are_octal() {
        assert!(closed_on_exec("pos:\t0\nflags:\t02100002\n"));
        assert!(!closed_on_exec("pos:\t0\nflags:\t0100002\n"));
        assert!(!closed_on_exec(""));
    }

    #[test]
    fn the_lock_of_a_file_that_lost_its_name_is_seen() {
        let me = [i32::try_from(std::process::id()).unwrap()];
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_owned();
        let held = Flock::lock(open(&path).unwrap(), FlockArg::LockExclusiveNonblock).unwrap();
        assert!(former(&path, &me).is_empty());
        drop(file);
        assert_eq!(former(&path, &me), me);
        drop(held);
        assert!(former(&path, &me).is_empty());
    }

    #[test]
    fn both_witnesses_see_a_lock() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let asked = open(file.path()).unwrap();
        assert_eq!(facts(&asked, &[]).unwrap().probe, None);
        let held = Flock::lock(open(file.path()).unwrap(), FlockArg::LockSharedNonblock).unwrap();
        let seen = facts(&asked, &[]).unwrap();
        assert_eq!(seen.probe, Some(LockKind::Shared));
        assert_eq!(seen.listed.len(), 1);
        drop(held);
    }
}
