//! What a call's numbers mean, read from the process that waits in it: strings in its memory, and where its
//! descriptors lead.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{self, IoSliceMut};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use nix::sys::uio::{RemoteIoVec, process_vm_readv};
use nix::unistd::Pid;

use crate::sys::pidfd::is_thread_of;

/// The longest path the kernel takes.
const PATH_MAX: usize = 4096;
const PAGE: usize = 4096;
/// What a file without a name is called, in the directory that it was made in.
pub(super) const UNNAMED: &str = "(unnamed)";

/// Bytes of a thread's memory: so many at most.
///
/// # Errors
/// What process_vm_readv(2) says.
pub fn bytes(tid: i32, at: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut buffer = vec![0; length];
    let read = read(tid, at, &mut buffer)?;
    buffer.truncate(read);
    Ok(buffer)
}

fn read(tid: i32, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let remote = RemoteIoVec {
        base: usize::try_from(at).map_err(io::Error::other)?,
        len: buffer.len(),
    };
    let pid = Pid::from_raw(tid);
    Ok(process_vm_readv(
        pid,
        &mut [IoSliceMut::new(buffer)],
        &[remote],
    )?)
}

/// A string that ends with a zero byte. Read page by page: what follows it may not be there.
pub(super) fn string(tid: i32, at: u64) -> io::Result<OsString> {
    let mut text = Vec::new();
    let mut piece = [0u8; 256];
    let mut from = at;
    while text.len() < PATH_MAX {
        let in_page = PAGE - usize::try_from(from).map_err(io::Error::other)? % PAGE;
        let want = in_page.min(piece.len());
        let got = read(tid, from, &mut piece[..want])?;
        if let Some(end) = piece[..got].iter().position(|b| *b == 0) {
            text.extend_from_slice(&piece[..end]);
            break;
        }
        text.extend_from_slice(&piece[..got]);
        from += got as u64;
    }
    Ok(OsString::from_vec(text))
}

/// Where a descriptor leads: a path, or what the kernel calls it, as `pipe:[7]`.
pub(super) fn descriptor(tid: i32, fd: i32) -> io::Result<PathBuf> {
    std::fs::read_link(format!("/proc/{tid}/fd/{fd}"))
}

/// The path a call names, from the root, without `.` and doubled slashes.
pub(super) fn resolve(tid: i32, dir: Option<i32>, path: &Path) -> io::Result<PathBuf> {
    if let Some(fd) = own_descriptor(tid, path) {
        return descriptor(tid, fd).map(named);
    }
    let from = match dir {
        _ if path.is_absolute() => return Ok(path.components().collect()),
        None | Some(libc::AT_FDCWD) => std::fs::read_link(format!("/proc/{tid}/cwd"))?,
        Some(fd) => named(descriptor(tid, fd)?),
    };
    Ok(from.join(path).components().collect())
}

/// `/proc/self/fd/7` and its like: a name for what is open already.
fn own_descriptor(tid: i32, path: &Path) -> Option<i32> {
    let number = match path.strip_prefix("/proc").ok() {
        Some(rest) => ["self", "thread-self", &tid.to_string()]
            .iter()
            .find_map(|who| rest.strip_prefix(who).ok())?
            .strip_prefix("fd")
            .ok()?,
        None => path.strip_prefix("/dev/fd").ok()?,
    };
    number.to_str()?.parse().ok()
}

/// A path as the kernel shows it for a descriptor, without its remarks: what was unlinked keeps its name, and
/// a file that never had one (`O_TMPFILE`) is called so, without the number of its inode.
pub(super) fn named(path: PathBuf) -> PathBuf {
    const GONE: &[u8] = b" (deleted)";
    let bytes = path.as_os_str().as_bytes();
    let Some(name) = bytes.strip_suffix(GONE) else {
        return path;
    };
    let name = PathBuf::from(OsString::from_vec(name.to_vec()));
    let unnamed = name
        .file_name()
        .and_then(|last| last.as_bytes().strip_prefix(b"#"))
        .is_some_and(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit));
    if unnamed {
        name.with_file_name(UNNAMED)
    } else {
        name
    }
}

/// Which process a thread is of. A number can come back in a case, though not while its thread waits in a call.
#[derive(Debug, Default)]
pub(super) struct Threads {
    known: HashMap<i32, i32>,
}

impl Threads {
    /// The pid of a thread's process, most likely `guess`; its own number where that cannot be read.
    pub(super) fn process(&mut self, tid: i32, guess: i32) -> i32 {
        *self.known.entry(tid).or_insert_with(|| {
            // A status in /proc is a page that is written for us: a hundred times as long as this question.
            if is_thread_of(tid, guess) {
                return guess;
            }
            let status = std::fs::read_to_string(format!("/proc/{tid}/status"));
            let of = status.ok().and_then(|text| {
                let line = text.lines().find_map(|l| l.strip_prefix("Tgid:"))?;
                line.trim().parse().ok()
            });
            of.unwrap_or(tid)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_name_is_called_so() {
        let shown = |p: &str| named(PathBuf::from(p));
        assert_eq!(
            shown("/run/a/#123 (deleted)"),
            PathBuf::from("/run/a/(unnamed)")
        );
        assert_eq!(shown("/run/a/x (deleted)"), PathBuf::from("/run/a/x"));
        assert_eq!(shown("/run/a/#x (deleted)"), PathBuf::from("/run/a/#x"));
        assert_eq!(shown("/run/a/#123"), PathBuf::from("/run/a/#123"));
    }

    #[test]
    fn a_descriptor_has_several_names() {
        let fd = |p: &str| own_descriptor(42, Path::new(p));
        assert_eq!(fd("/proc/self/fd/7"), Some(7));
        assert_eq!(fd("/proc/thread-self/fd/7"), Some(7));
        assert_eq!(fd("/proc/42/fd/7"), Some(7));
        assert_eq!(fd("/dev/fd/7"), Some(7));
        assert_eq!(fd("/proc/43/fd/7"), None);
        assert_eq!(fd("/proc/self/status"), None);
    }

    #[test]
    fn strings_are_read_up_to_their_end() {
        let text = std::ffi::CString::new("a path").unwrap();
        let tid = nix::unistd::gettid().as_raw();
        assert_eq!(string(tid, text.as_ptr() as u64).unwrap(), "a path");
        assert!(string(tid, 8).is_err());
    }
}
