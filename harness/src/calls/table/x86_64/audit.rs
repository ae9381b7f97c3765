//! The table against the kernel's own: what is new there and unknown here could slip by a supervisor.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::super::{HIGHEST, harmless, name, refused, watched};

/// Where the C library's headers have the numbers.
const HEADERS: [&str; 2] = [
    "/usr/include/x86_64-linux-gnu/asm/unistd_64.h",
    "/usr/include/asm/unistd_64.h",
];

/// Headers are often older than the kernel. These are the calls since 6.2, as of the release below.
const SINCE: [(i64, &str); 23] = [
    (335, "uretprobe"),
    (336, "uprobe"),
    (451, "cachestat"),
    (452, "fchmodat2"),
    (453, "map_shadow_stack"),
    (454, "futex_wake"),
    (455, "futex_wait"),
    (456, "futex_requeue"),
    (457, "statmount"),
    (458, "listmount"),
    (459, "lsm_get_self_attr"),
    (460, "lsm_set_self_attr"),
    (461, "lsm_list_modules"),
    (462, "mseal"),
    (463, "setxattrat"),
    (464, "getxattrat"),
    (465, "listxattrat"),
    (466, "removexattrat"),
    (467, "open_tree_attr"),
    (468, "file_getattr"),
    (469, "file_setattr"),
    (470, "listns"),
    (471, "rseq_slice_yield"),
];
/// The release whose table ends as the one above does.
const AS_OF: (u32, u32) = (7, 0);

const WHAT_TO_DO: &str = "put each into a family of x86_64/watched.rs if it can name or change a file, a lock, a mount or a process, \
    else into a group of x86_64/harmless.rs that says why not";

#[test]
fn every_call_of_the_headers_has_a_standing() {
    let (header, numbers) = header();
    let unknown: Vec<String> = numbers
        .iter()
        .map(|(number, name)| (*number, name.as_str()))
        .chain(SINCE)
        .filter(|(number, _)| name(*number).is_none())
        .map(|(number, name)| format!("{name} ({number})"))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    assert!(
        unknown.is_empty(),
        "the table of system calls does not know {}, which {header} or the list here has: {WHAT_TO_DO}",
        unknown.join(", ")
    );
}

#[test]
fn names_are_those_of_the_headers() {
    let (header, mut numbers) = header();
    numbers.extend(SINCE.map(|(number, name)| (number, name.to_owned())));
    for (number, theirs) in &numbers {
        if let Some(ours) = name(*number) {
            assert_eq!(ours, theirs, "{number} in {header}");
        }
    }
    // Nothing is made up either; what is newer than an old header may still be right.
    let newest = numbers
        .keys()
        .rev()
        .find(|n| !SINCE.iter().any(|(since, _)| since == *n));
    let newest = *newest.unwrap();
    for number in 0..=HIGHEST {
        if let (Some(ours), None) = (name(number), numbers.get(&number)) {
            assert!(number > newest, "{header} has no {ours} ({number})");
        }
    }
}

/// The kernel that runs is the one that subjects can call.
#[test]
fn every_call_of_this_kernel_is_known() {
    let calls = of_this_kernel();
    if calls.is_empty() {
        let (header, _) = header();
        let (kernel, as_of) = (release(), AS_OF.max(header_release()));
        assert!(
            kernel <= as_of,
            "the kernel is {}.{}, it does not show its system calls in /proc/kallsyms, and what is known ends with {}.{} ({header} or \
             the list here): look its new ones up, and {WHAT_TO_DO}",
            kernel.0,
            kernel.1,
            as_of.0,
            as_of.1
        );
        return;
    }
    let unknown: Vec<&String> = calls.iter().filter(|c| !knows(c)).collect();
    assert!(
        unknown.is_empty(),
        "this kernel has system calls that the table does not know: {unknown:?} (names of /proc/kallsyms): {WHAT_TO_DO}. An old one of \
         32-bit programs goes into the list of those here"
    );
    // Had the kernel's way of naming changed, everything would look fine.
    for sure in ["openat", "mkdirat", "renameat2", "flock", "exit_group"] {
        assert!(calls.contains(sure), "/proc/kallsyms has no {sure}");
    }
}

/// Functions behind calls that go by another name in the table.
const ALSO: [(&str, &str); 6] = [
    ("newstat", "stat"),
    ("newfstat", "fstat"),
    ("newlstat", "lstat"),
    ("newuname", "uname"),
    ("sendfile64", "sendfile"),
    ("umount", "umount2"),
];

/// Functions behind calls that only 32-bit programs have; a filter ends those at their first call.
const FOR_32_BITS: [&str; 32] = [
    "fadvise64_64",
    "fstatfs64",
    "ftruncate64",
    "gethostname",
    "ipc",
    "llseek",
    "mmap_pgoff",
    "ni_syscall",
    "nice",
    "old_getrlimit",
    "old_msgctl",
    "old_readdir",
    "old_semctl",
    "old_shmctl",
    "oldumount",
    "olduname",
    "recv",
    "send",
    "sgetmask",
    "signal",
    "sigpending",
    "sigprocmask",
    "sigsuspend",
    "socketcall",
    "ssetmask",
    "statfs64",
    "stime",
    "sync_file_range2",
    "truncate64",
    "vm86",
    "vm86old",
    "waitpid",
];

fn knows(function: &str) -> bool {
    let known: BTreeSet<&str> = watched()
        .map(|c| c.name)
        .chain(
            refused()
                .chain(harmless())
                .flat_map(|g| g.calls)
                .map(|(_, name)| *name),
        )
        .chain(ALSO.map(|(function, _)| function))
        .chain(FOR_32_BITS)
        .collect();
    // 32-bit forms of what is known: `chown16`, `utime32`, `futex_time32`, `ia32_pread64`.
    let plain = function.strip_prefix("ia32_").unwrap_or(function);
    let forms = [
        Some(plain),
        plain.strip_suffix("16"),
        plain.strip_suffix("32"),
        plain.strip_suffix("_time32"),
    ];
    forms.into_iter().flatten().any(|f| known.contains(f))
}

/// The functions behind the calls of the kernel that runs; none if it does not show them. Addresses may be hidden, names are not.
fn of_this_kernel() -> BTreeSet<String> {
    let symbols = fs::read_to_string("/proc/kallsyms").unwrap_or_default();
    let functions = symbols.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        // A weak one (`W`) stands for what this kernel was built without, or what only other machines have.
        let strong = words.next() == Some("T");
        let name = words.next()?.strip_prefix("__x64_sys_")?;
        strong.then(|| name.to_owned())
    });
    functions.collect()
}

/// Which header there is, and its numbers.
fn header() -> (&'static str, BTreeMap<i64, String>) {
    let (path, text) = HEADERS
        .iter()
        .find_map(|path| Some((*path, fs::read_to_string(path).ok()?)))
        .unwrap_or_else(|| {
            panic!("none of {HEADERS:?}: without the C library's headers (Debian: linux-libc-dev) nothing tells what the table misses")
        });
    let numbers: BTreeMap<i64, String> = text
        .lines()
        .filter_map(|line| {
            let (name, number) = line.strip_prefix("#define __NR_")?.split_once(' ')?;
            Some((number.trim().parse().ok()?, name.to_owned()))
        })
        .collect();
    assert!(
        numbers.len() > 300,
        "{path} has {} calls: is it read rightly?",
        numbers.len()
    );
    (path, numbers)
}

/// The release that the headers are of: `LINUX_VERSION_CODE` is 65536 times the first number plus 256 times the second and so on.
fn header_release() -> (u32, u32) {
    let text = fs::read_to_string("/usr/include/linux/version.h").unwrap_or_default();
    let code = text
        .lines()
        .find_map(|l| {
            l.strip_prefix("#define LINUX_VERSION_CODE ")?
                .trim()
                .parse::<u32>()
                .ok()
        })
        .unwrap_or(0);
    (code >> 16, code >> 8 & 0xff)
}

fn release() -> (u32, u32) {
    let text = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut numbers = text
        .split(|c: char| !c.is_ascii_digit())
        .map(|n| n.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}
