//! What a checked scenario is made of. Whoever holds one of these need not check it again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::beside::Beside;
pub use super::expectation::{
    ExpectEnd, ExpectFs, ExpectLock, ExpectProcess, FileKind, FsFacts, Held, LockOn, TextChecks,
};
pub use super::explore::{Actor, Explore, Until};
pub use super::files::{Change, ChangeKind, FileSystem, Mount};
pub use super::injection::{CallsWanted, ExpectCalls, Injected, Injection};
pub use super::sweep::{Kind, Sweep};
use super::template::{Names, Template};
pub use super::when::When;

/// What a scenario needs of the host, from little to much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Isolation by environment only.
    Plain,
    /// Own mount, pid, ipc, uts and net namespaces.
    Namespaces,
    /// Namespaces in which files can belong to somebody else.
    Ids,
}

impl Tier {
    /// All of them, from little to much.
    pub const ALL: [Self; 3] = [Self::Plain, Self::Namespaces, Self::Ids];

    /// The word for it in scenario files and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Namespaces => "namespaces",
            Self::Ids => "ids",
        }
    }
}

/// How much a rule asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Every implementation must hold it.
    Core,
    /// An implementation may declare a deviation with a reason.
    Hardened,
}

impl Level {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Hardened => "hardened",
        }
    }
}

/// One point of a scenario's matrix: what is run and judged.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Case {
    /// `<scenario>:<axis>=<label>:...`, in `[a-z0-9:_=.-]`.
    pub id: String,
    /// The scenario's file, as printed.
    pub file: String,
    /// What the scenario shows.
    pub title: String,
    /// The rules it judges.
    pub rules: Vec<String>,
    /// Hardened where one of its rules is.
    pub level: Level,
    /// What it needs of the host.
    pub needs: Tier,
    /// Programs of others that it needs.
    pub tools: Vec<String>,
    /// Whether it needs the system calls of its processes told.
    pub calls: bool,
    /// Whether the same steps have been seen to pass with nothing done at any call.
    pub controlled: bool,
    /// What is to be done at each of the calls that its steps lead to: it stands for many cases then.
    pub sweep: Option<Sweep>,
    /// Processes whose calls are made in every order: it stands for many runs then, after its steps.
    pub explore: Option<Explore>,
    /// The scenario file that makes just this case, where no file does.
    pub text: Option<String>,
    /// Environment of every process, over the world's own; `None` takes a variable away.
    pub env: BTreeMap<String, Option<Template>>,
    /// Other subjects that it starts something of, by the names its steps give them.
    pub beside: BTreeMap<String, Beside>,
    /// The names it may use.
    pub names: Names,
    /// What is done, in order.
    pub steps: Vec<Step>,
}

impl Case {
    /// Whether it has something done at a call, in which case a run without it comes first.
    pub fn injects(&self) -> bool {
        let injects = |step: &Step| matches!(step.action, Action::Inject(_));
        self.steps.iter().any(injects)
    }

    /// Whether it is only for a subject that makes a certain call.
    pub fn is_for_some(&self) -> bool {
        let for_some =
            |step: &Step| matches!(&step.action, Action::Inject(injection) if injection.if_called);
        self.steps.iter().any(for_some)
    }

    /// Whether it needs releases of packages beside the judged subject.
    pub fn needs_releases(&self) -> bool {
        self.beside.values().any(|beside| beside.release)
    }
}

/// One step of a case.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Step {
    /// Its line in the file.
    pub line: usize,
    /// What stands there.
    pub text: String,
    /// `verb:value`, or its `id`: by this another step refers to the moment before it.
    pub label: String,
    /// The rule that is broken where it does not hold.
    pub rule: String,
    /// Whether a later check compares with the moment before this step.
    pub snapshot: bool,
    /// What it is for, where it is not for every run.
    pub when: Option<When>,
    /// What it does.
    pub action: Action,
}

/// What a step does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Action {
    /// Starts a process.
    Spawn(Spawn),
    /// Speaks MCP's opening with a process.
    Handshake {
        /// The process.
        who: String,
        /// It must end without answering.
        refused: bool,
        /// It may fail instead, if it does so in order and says why.
        or_fails: bool,
    },
    /// Calls a tool of an MCP server.
    Call(Call),
    /// Waits until a process has said something.
    Await {
        /// The process.
        who: String,
        /// Part of its standard output.
        stdout: Option<Template>,
        /// Part of its standard error.
        stderr: Option<Template>,
        /// Part of all it wrote, its terminal included.
        output: Option<Template>,
    },
    /// Types on a process's terminal.
    Type {
        /// The process.
        who: String,
        /// What is typed, control characters included.
        text: Template,
    },
    /// Sends a line to a process, as it is.
    Say {
        /// The process.
        who: String,
        /// The line, without its end.
        line: Template,
    },
    /// Stops following events at and below a path.
    Unwatch {
        /// The path.
        path: Template,
    },
    /// Sends a signal to a process, by pidfd.
    Signal {
        /// The process.
        who: String,
        /// The signal's number.
        signal: i32,
    },
    /// Closes a process's standard input; a terminal there is hung up.
    CloseStdin {
        /// The process.
        who: String,
    },
    /// Waits until a process has ended.
    Wait {
        /// The process.
        who: String,
    },
    /// Takes a lock and keeps it until `release` or the end of the case.
    Hold {
        /// Its handle.
        name: String,
        /// The file, which must exist.
        path: Template,
        /// Which lock.
        lock: LockKind,
    },
    /// Lets a held lock go.
    Release {
        /// The handle of `hold`.
        name: String,
    },
    /// Keeps an inode open, to ask about it after its name is gone.
    Open {
        /// Its handle.
        name: String,
        /// The file.
        path: Template,
    },
    /// Changes the world.
    Change(Change),
    /// Mounts a file system.
    Mount(Mount),
    /// Takes a mount away, also from under a process.
    Umount {
        /// Where it is.
        path: Template,
    },
    /// From here to the end of the case nothing may appear at a path.
    NeverCreated {
        /// The path.
        path: Template,
    },
    /// Judges a process.
    ExpectProcess(Box<ExpectProcess>),
    /// Judges one path or the whole world.
    ExpectFs(ExpectFs),
    /// Judges who holds a lock.
    ExpectLock(ExpectLock),
    /// Judges what calls were made.
    ExpectCalls(ExpectCalls),
    /// Has something done at a call, from here on.
    Inject(Injection),
}

impl Action {
    /// Whether it changes nothing and only judges.
    pub fn only_judges(&self) -> bool {
        matches!(
            self,
            Self::ExpectProcess(_)
                | Self::ExpectFs(_)
                | Self::ExpectLock(_)
                | Self::ExpectCalls(_)
                | Self::NeverCreated { .. }
        )
    }
}

/// A process to start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spawn {
    /// Its handle.
    pub handle: String,
    /// Which program.
    pub role: Role,
    /// Whose, where it is not the judged subject's: a name of `[subjects]`.
    pub subject: Option<String>,
    /// Arguments after the role's own.
    pub args: Vec<Template>,
    /// umask; the world's is 022.
    pub umask: Option<u32>,
    /// Environment over the case's.
    pub env: BTreeMap<String, Option<Template>>,
    /// uid, where it is not the world's.
    pub uid: Option<u32>,
    /// Standard input: a pipe kept open, or nothing.
    pub stdin: StdinKind,
    /// Which of its streams are a terminal instead.
    pub terminal: Streams,
    /// The process whose pid it gets; that one must have ended.
    pub same_pid_as: Option<String>,
    /// It is pid 1 of a pid namespace of its own.
    pub own_pid_namespace: bool,
    /// What it may use.
    pub limits: Limits,
}

/// Some of the standard streams.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Streams {
    /// Standard input.
    pub stdin: bool,
    /// Standard output.
    pub stdout: bool,
    /// Standard error.
    pub stderr: bool,
}

impl Streams {
    /// All of them, or none.
    pub fn all(all: bool) -> Self {
        Self {
            stdin: all,
            stdout: all,
            stderr: all,
        }
    }
}

/// Resource limits; what is not said is as the host has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// How many descriptors it may have open.
    pub open_files: Option<u64>,
    /// How large a file it may write, in bytes.
    pub file_size: Option<u64>,
}

/// Which program a process runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// A subject's server.
    Server,
    /// A subject's command.
    Cli,
    /// A program of the suite.
    Fixture(String),
    /// A program of others, which the host has.
    Tool(String),
}

/// What a process finds on its standard input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StdinKind {
    /// A pipe that stays open until `close-stdin`.
    Pipe,
    /// `/dev/null`.
    Null,
}

/// A tool call.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Call {
    /// The server.
    pub who: String,
    /// The tool.
    pub tool: String,
    /// Its arguments.
    pub arguments: serde_json::Value,
    /// Whether it must succeed.
    pub ok: bool,
    /// It may be answered either way.
    pub or_fails: bool,
    /// What the answer's text must hold.
    pub contains: Vec<Template>,
}

/// The two locks of flock(2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LockKind {
    /// LOCK_EX.
    Exclusive,
    /// LOCK_SH.
    Shared,
}
