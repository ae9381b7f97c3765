//! Judging files: one path, or what changed between two moments.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::{Gap, quote};
use crate::observe::tree::{Content, Entry, Tree};
use crate::scenario::model::FileKind;

/// Facts about one path with their templates filled in; what is `None` is not judged.
#[derive(Debug, Default)]
pub struct FilledFacts {
    /// What stands there.
    pub kind: Option<FileKind>,
    /// Mode bits.
    pub mode: Option<u32>,
    /// Mode bits of which none may be set.
    pub mode_lacks: Option<u32>,
    /// Mode bits which must all be set.
    pub mode_has: Option<u32>,
    /// Owner.
    pub uid: Option<u32>,
    /// The exact content.
    pub content: Option<Vec<u8>>,
    /// The exact content but for one line feed.
    pub line: Option<Vec<u8>>,
    /// The exact names in a directory.
    pub entries: Option<Vec<OsString>>,
    /// The target of a symlink.
    pub target: Option<PathBuf>,
    /// Device and inode.
    pub inode: Option<(u64, u64)>,
}

/// Judges one path. `names` are the names in it, where it is a directory.
pub fn facts(
    expected: &FilledFacts,
    found: Option<&Entry>,
    names: Option<&[OsString]>,
) -> Vec<Gap> {
    let FilledFacts {
        kind,
        mode,
        mode_lacks,
        mode_has,
        uid,
        content,
        line,
        entries,
        target,
        inode,
    } = expected;
    let mut gaps = Vec::new();
    let found_kind = found.map_or(FileKind::Absent, |e| e.kind);
    if let Some(kind) = kind
        && *kind != found_kind
    {
        gaps.push(Gap::new(
            kind.word(),
            found.map_or("absent".into(), Entry::line),
        ));
    }
    let Some(found) = found else {
        let only_absence = kind == &Some(FileKind::Absent);
        if !only_absence && gaps.is_empty() {
            gaps.push(Gap::new("something is there", "absent"));
        }
        return gaps;
    };
    let mut gap = |expected: String, seen: String| gaps.push(Gap::new(expected, seen));
    if mode.is_some_and(|m| m != found.mode) {
        gap(
            format!("mode {:04o}", mode.unwrap_or_default()),
            format!("mode {:04o}", found.mode),
        );
    }
    if let Some(bits) = mode_lacks.filter(|bits| found.mode & bits != 0) {
        gap(
            format!("none of the mode bits {bits:04o}"),
            format!("mode {:04o}", found.mode),
        );
    }
    if let Some(bits) = mode_has.filter(|bits| found.mode & bits != *bits) {
        gap(
            format!("all of the mode bits {bits:04o}"),
            format!("mode {:04o}", found.mode),
        );
    }
    if let Some(uid) = uid.filter(|uid| *uid != found.uid) {
        gap(
            format!("owned by uid {uid}"),
            format!("owned by uid {}", found.uid),
        );
    }
    if let Some(bytes) = content
        && found.content != Some(Content::Bytes(bytes.clone()))
    {
        gap(format!("content \"{}\"", quote(bytes)), found.line());
    }
    if let Some(bytes) = line {
        let with_feed = [bytes.as_slice(), b"\n"].concat();
        let good = [bytes.clone(), with_feed].map(|b| Some(Content::Bytes(b)));
        if !good.contains(&found.content) {
            gap(
                format!("content \"{}\" and at most one line feed", quote(bytes)),
                found.line(),
            );
        }
    }
    if let Some(entries) = entries {
        let mut wanted = entries.clone();
        wanted.sort();
        if names != Some(wanted.as_slice()) {
            gap(
                format!("exactly the entries [{}]", join(&wanted)),
                names.map_or_else(|| found.line(), |n| format!("[{}]", join(n))),
            );
        }
    }
    if let Some(target) = target
        && found.target.as_ref() != Some(target)
    {
        gap(format!("a link to {}", target.display()), found.line());
    }
    if let Some(inode) = inode.filter(|inode| *inode != found.inode) {
        gap(format!("inode {}", inode.1), found.line());
    }
    gaps
}

/// Judges that a path was removed, and another before it; `at` and `other_at` are the places of their
/// removals in the order of all that was seen.
pub fn order(other: &str, at: Option<usize>, other_at: Option<usize>) -> Option<Gap> {
    let found = match (at, other_at) {
        (Some(at), Some(other_at)) if other_at < at => return None,
        (Some(_), Some(_)) => format!("removed before {other}"),
        (Some(_), None) => format!("removed, and {other} was not"),
        (None, _) => "nobody removed it".to_owned(),
    };
    Some(Gap::new(format!("removed after {other}"), found))
}

fn join(names: &[OsString]) -> String {
    let names: Vec<String> = names
        .iter()
        .map(|n| n.as_bytes().escape_ascii().to_string())
        .collect();
    names.join(", ")
}

/// Everything below `path` (or anywhere) that differs between two moments, but for what is at or below
/// the paths of `except`.
///
/// What was found names its path too: one that is known elsewhere is not known here.
///
/// The time of change of a directory counts too, so that what came and went is seen; not where an
/// excepted path lies directly in it.
pub fn unchanged(
    before: &Tree,
    after: &Tree,
    path: Option<&Path>,
    except: &[PathBuf],
    show: impl Fn(&Path) -> String,
) -> Vec<Gap> {
    let judged = |p: &Path| {
        path.is_none_or(|root| p.starts_with(root)) && !except.iter().any(|e| p.starts_with(e))
    };
    let mut gaps = Vec::new();
    for (p, was) in before.iter().filter(|(p, _)| judged(p)) {
        let name = show(p);
        match after.get(p) {
            None => gaps.push(Gap::new(
                format!("{name} unchanged: {}", was.line()),
                format!("{name} absent"),
            )),
            Some(is) => {
                let excepted_inside = except.iter().any(|e| e.parent() == Some(p));
                if let Some(what) = difference(was, is, excepted_inside) {
                    gaps.push(Gap::new(
                        format!("{name} unchanged: {}", was.line()),
                        format!("{name} {} ({what})", is.line()),
                    ));
                }
            }
        }
    }
    for (p, is) in after.iter().filter(|(p, _)| judged(p)) {
        if !before.contains_key(p) {
            let name = show(p);
            gaps.push(Gap::new(
                format!("{name} absent, as before"),
                format!("{name} {}", is.line()),
            ));
        }
    }
    gaps
}

/// What differs, the most telling first.
fn difference(was: &Entry, is: &Entry, ignore_times: bool) -> Option<&'static str> {
    let directory = was.kind == FileKind::Directory;
    if was.kind != is.kind {
        Some("another type")
    } else if was.inode != is.inode {
        Some("another inode")
    } else if was.mode != is.mode {
        Some("another mode")
    } else if (was.uid, was.gid) != (is.uid, is.gid) {
        Some("another owner")
    } else if was.target != is.target {
        Some("another target")
    } else if was.content != is.content || was.size != is.size {
        Some("another content")
    } else if ignore_times {
        None
    } else if was.mtime != is.mtime {
        Some(if directory {
            "something came or went in it"
        } else {
            "written to"
        })
    } else if !directory && was.ctime != is.ctime {
        Some("its inode was touched")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content: &[u8]) -> Entry {
        Entry {
            kind: FileKind::File,
            mode: 0o600,
            uid: 1,
            gid: 1,
            inode: (1, 2),
            size: 1,
            mtime: (1, 0),
            ctime: (1, 0),
            target: None,
            content: Some(Content::Bytes(content.to_vec())),
        }
    }

    #[test]
    fn every_fact_can_be_wrong() {
        let expected = FilledFacts {
            kind: Some(FileKind::Directory),
            mode: Some(0o700),
            mode_lacks: Some(0o400),
            mode_has: Some(0o100),
            uid: Some(2),
            content: Some(b"x".to_vec()),
            line: Some(b"x".to_vec()),
            entries: Some(vec!["a".into()]),
            target: Some("t".into()),
            inode: Some((1, 3)),
        };
        assert_eq!(facts(&expected, Some(&file(b"y")), None).len(), 10);
        assert!(!facts(&expected, None, None).is_empty());
    }

    #[test]
    fn an_order_needs_both_removals() {
        assert!(order("a", Some(2), Some(1)).is_none());
        assert!(order("a", Some(1), Some(2)).is_some());
        assert!(order("a", Some(1), None).is_some());
        assert!(order("a", None, Some(1)).is_some());
    }

    #[test]
    fn one_line_feed_is_allowed_and_no_more() {
        let expected = FilledFacts {
            line: Some(b"12".to_vec()),
            ..FilledFacts::default()
        };
        assert!(facts(&expected, Some(&file(b"12")), None).is_empty());
        assert!(facts(&expected, Some(&file(b"12\n")), None).is_empty());
        assert!(!facts(&expected, Some(&file(b"12\n\n")), None).is_empty());
        assert!(!facts(&expected, Some(&file(b" 12")), None).is_empty());
    }

    #[test]
    fn changes_are_found_in_both_directions() {
        let show = |p: &Path| p.display().to_string();
        let before: Tree = [("/a".into(), file(b"1")), ("/b".into(), file(b"1"))].into();
        let mut touched = file(b"1");
        touched.mtime = (2, 0);
        let after: Tree = [("/a".into(), touched), ("/c".into(), file(b"1"))].into();
        assert_eq!(unchanged(&before, &after, None, &[], show).len(), 3);
        assert_eq!(
            unchanged(&before, &after, Some(Path::new("/c")), &[], show).len(),
            1
        );
        let all_but = ["/a".into(), "/b".into(), "/c".into()];
        assert!(unchanged(&before, &after, None, &all_but, show).is_empty());
    }
}
