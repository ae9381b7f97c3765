//! What a check asks: the part of [`super::model`] that judges.

use serde::{Deserialize, Serialize};

use super::model::LockKind;
use super::template::Template;

/// What must be true of a process. A check on its end or its output waits for its end first.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ExpectProcess {
    /// The process.
    pub who: String,
    /// How it must have ended, or that it must not have.
    pub end: Option<ExpectEnd>,
    /// The ends for which its words are judged; for any other nothing is asked.
    pub if_end: Option<ExpectEnd>,
    /// What it must have written to standard output.
    pub stdout: TextChecks,
    /// What it must have written to standard error.
    pub stderr: TextChecks,
    /// What it must have written to either, standard output first: where a rule says that something is
    /// said, and not where.
    pub output: TextChecks,
}

/// How a process must have ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExpectEnd {
    /// It lives.
    Running,
    /// One of these exit statuses.
    Exit(Vec<i32>),
    /// Any exit status, and no signal.
    AnyExit,
    /// Any exit status but 0.
    NonZero,
    /// By any exit status but 0, or by a signal.
    Failure,
    /// By this signal.
    Signal(i32),
    /// One of these exit statuses, or by this signal: who has cleaned up may well die of the signal that it caught, which
    /// a shell shows as 128 and its number.
    ExitOrSignal(Vec<i32>, i32),
}

/// What must be true of a text.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct TextChecks {
    /// It holds each of these.
    pub contains: Vec<Template>,
    /// It holds each of these exactly once.
    pub once: Vec<Template>,
    /// It holds none of these.
    pub lacks: Vec<Template>,
    /// It is exactly this.
    pub equals: Option<Template>,
    /// It ends with this, white space aside.
    pub ends_with: Option<Template>,
    /// It has at most so many lines.
    pub max_lines: Option<usize>,
    /// It has no control byte but line feeds and tabs.
    pub no_control: bool,
}

impl TextChecks {
    /// Whether anything is checked.
    pub fn is_empty(&self) -> bool {
        let Self {
            contains,
            once,
            lacks,
            equals,
            ends_with,
            max_lines,
            no_control,
        } = self;
        contains.is_empty()
            && once.is_empty()
            && lacks.is_empty()
            && equals.is_none()
            && ends_with.is_none()
            && max_lines.is_none()
            && !no_control
    }
}

/// What must be true of files.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum ExpectFs {
    /// Nothing below a path differs from the moment before a step.
    Unchanged {
        /// The path; `None` is all of the world.
        path: Option<Template>,
        /// The step's label.
        since: String,
        /// Paths that may differ, with what is below them.
        except: Vec<Template>,
    },
    /// Facts about one path.
    Facts(FsFacts),
}

/// Facts about one path; what is not said is not judged.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FsFacts {
    /// The path.
    pub path: Template,
    /// What stands there.
    pub kind: Option<FileKind>,
    /// Mode bits, all twelve.
    pub mode: Option<u32>,
    /// Mode bits of which none may be set.
    pub mode_lacks: Option<u32>,
    /// Mode bits which must all be set.
    pub mode_has: Option<u32>,
    /// Owner.
    pub uid: Option<u32>,
    /// The exact content.
    pub content: Option<Template>,
    /// The exact content but for at most one line feed at its end.
    pub line: Option<Template>,
    /// The exact names in a directory, in any order.
    pub entries: Option<Vec<Template>>,
    /// The exact target of a symlink.
    pub target: Option<Template>,
    /// The same inode as the one kept open under this handle.
    pub same_inode: Option<String>,
    /// It was removed, and each of these before it.
    pub removed_after: Vec<Template>,
    /// Wait for it to become true, up to the deadline.
    pub eventually: bool,
}

/// What can stand at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileKind {
    /// Nothing.
    Absent,
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symlink.
    Symlink,
    /// A fifo.
    Fifo,
    /// A unix socket.
    Socket,
    /// A device.
    Device,
}

impl FileKind {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::File => "file",
            Self::Directory => "directory",
            Self::Symlink => "symlink",
            Self::Fifo => "fifo",
            Self::Socket => "socket",
            Self::Device => "device",
        }
    }
}

/// Which lock must be held, and by whom.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ExpectLock {
    /// The file, by path or by the handle of `open`.
    pub on: LockOn,
    /// Other paths, at one of which it may be just as well.
    pub or_at: Vec<Template>,
    /// Which lock.
    pub held: Held,
    /// The processes that hold it, exactly these.
    pub by: Vec<String>,
    /// Not all of `by`, but exactly one of them, which has this handle too from here on.
    pub one_as: Option<String>,
    /// Every descriptor by which it is held is closed on exec.
    pub close_on_exec: bool,
    /// Wait for it to become true, up to the deadline.
    pub eventually: bool,
}

/// Which lock must be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Held {
    /// None: it must be free.
    Free,
    /// Exactly this one.
    As(LockKind),
    /// One or the other, where the rule leaves it open.
    Either,
}

/// The file a lock is on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum LockOn {
    /// What the path names now.
    Path(Template),
    /// The inode kept open under a handle.
    Inode(String),
    /// Any file that has lost its name, in the directory of this path.
    Former(Template),
}
