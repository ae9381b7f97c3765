//! The verbs of a scenario, in the order of the documentation, each with its keys.

use super::header::{ENV, signals};
use super::{Key, Kind, Shape, key, needed, table, words};
use crate::scenario::expect::{EXITS, HELD, KINDS};
use crate::scenario::hostile::PID_NAMESPACES;
use crate::scenario::injection::{ERRNOS, MOMENTS, told};
use crate::scenario::spawn::STDIN;
use crate::scenario::step::LOCKS;
use crate::scenario::terminal::STREAMS;

/// The step that begins with this verb.
pub(in crate::scenario) fn verb(name: &str) -> Option<(&'static str, &'static Shape)> {
    VERBS
        .iter()
        .filter_map(|shape| Some((shape.keys.first()?.name, *shape)))
        .find(|(verb, _)| *verb == name)
}

/// Keys of every step.
const ANY: &[Key] = &[
    key("id", Kind::Text, "Its label, in place of `verb:value`."),
    key("rule", Kind::Text, "The rule that this step judges; may be left out where the scenario has one only."),
    key("if-served", Kind::Text, "Only where the start of this process, which may fail, was served."),
    key("if-failed", Kind::Text, "Only where the start of this process, which may fail, has failed."),
    key("if-succeeded", Kind::Text, "Only where the tool call with this label, which may fail, was answered without an error."),
    key("if-made", Kind::Table(&MADE), "Only where a process has made a certain system call by then."),
];

const fn step(keys: &'static [Key]) -> Shape {
    Shape {
        what: "this step",
        keys,
        shared: &[ANY],
        free: None,
    }
}

/// All verbs. The first key of each is the verb.
pub(in crate::scenario) static VERBS: [&Shape; 35] = [
    &Shape {
        what: "this step",
        keys: SPAWN,
        shared: &[CROWD, ANY],
        free: None,
    },
    &step(&[
        needed("handshake", Kind::Text, "Waits until this process answers MCP `initialize` and `tools/list`; fails without answers."),
        key("refused", Kind::Flag, "Its output must end without an answer instead."),
        key("or-fails", Kind::Flag, "The server may also end by itself, with a status other than 0 and a word on stderr."),
    ]),
    &step(&[
        needed("call", Kind::Text, "Calls a tool of this process, after a handshake."),
        needed("tool", Kind::Text, "The tool."),
        key("arguments", Kind::Any, "Its arguments."),
        key("ok", Kind::Flag, "`false` asks for an error."),
        key("or-fails", Kind::Flag, "An error will do too."),
        key("contains", Kind::List(&Kind::Template), "What the text of the answer holds, each of them."),
    ]),
    &step(&[
        needed("await", Kind::Text, "Waits until the output of this process holds a text."),
        key("stdout", Kind::Template, "On standard output."),
        key("stderr", Kind::Template, "On standard error."),
        key("output", Kind::Template, "On either, or on its terminal."),
    ]),
    &step(&[
        needed("type", Kind::Text, "Types on the terminal of this process."),
        needed("text", Kind::Template, "What, with control characters as TOML writes them."),
    ]),
    &step(&[
        needed("say", Kind::Text, "Writes a line to the standard input of this process, and waits for nothing."),
        needed("line", Kind::Template, "The line, as it is."),
    ]),
    &step(&[
        needed("signal", Kind::Text, "Sends this process a signal."),
        needed("send", Kind::Word(signals), "Which."),
    ]),
    &step(&[needed("close-stdin", Kind::Text, "Closes the standard input of this process, or hangs its terminal up.")]),
    &step(&[needed("wait", Kind::Text, "Waits for the end of this process, whatever it is.")]),
    &step(&[
        needed("hold", Kind::Text, "Takes a lock of the suite's own and keeps it, under this handle."),
        needed("path", Kind::Template, "On which file."),
        key("lock", Kind::Word(locks), "Which lock; exclusive if not said."),
    ]),
    &step(&[needed("release", Kind::Text, "Lets the lock go that `hold` took under this handle.")]),
    &step(&[
        needed("open", Kind::Text, "Keeps an inode open under this handle, for `same-inode` and `inode:`."),
        needed("path", Kind::Template, "Which file."),
    ]),
    &step(&[
        needed("write", Kind::Template, "Writes a file; one that is there keeps its inode."),
        needed("content", Kind::Template, "What it holds then."),
        key("repeat", Kind::Number(0), "The content so many times."),
        MODE,
        UID,
        COUNT,
    ]),
    &step(&[needed("mkdir", Kind::Template, "Makes one directory."), MODE, UID, COUNT]),
    &step(&[
        needed("symlink", Kind::Template, "Makes a symlink here."),
        needed("to", Kind::Template, "Where it points, as written."),
        UID,
    ]),
    &step(&[
        needed("hardlink", Kind::Template, "Makes another name here of a file."),
        needed("to", Kind::Template, "The file."),
    ]),
    &step(&[needed("mkfifo", Kind::Template, "Makes a fifo."), MODE, UID]),
    &step(&[needed("mksock", Kind::Template, "Makes a unix socket."), MODE, UID]),
    &step(&[
        needed("chmod", Kind::Template, "Changes the mode."),
        needed("mode", Kind::Mode, "The mode, as an octal string."),
    ]),
    &step(&[
        needed("chown", Kind::Template, "Changes the owner."),
        needed("uid", Kind::Number(0), "The owner; needs tier `ids`."),
    ]),
    &step(&[
        needed("remove", Kind::Template, "Removes a file or a tree."),
        key("if-there", Kind::Flag, "Nothing there is no failure."),
    ]),
    &step(&[
        needed("rename", Kind::Template, "Moves a file."),
        needed("to", Kind::Template, "Where to."),
        key("if-there", Kind::Flag, "Nothing there is no failure."),
    ]),
    &step(&[needed("unwatch", Kind::Template, "Follows no events at and below this path from here on.")]),
    &step(&[
        needed("touch", Kind::Template, "Sets both times of a file."),
        needed("time", Kind::Number(i64::MIN), "In seconds since 1970."),
    ]),
    &step(&[
        needed("mount", Kind::Template, "Mounts something over this directory; needs tier `namespaces`."),
        key("tmpfs", Kind::Table(&TMPFS), "A fresh file system in memory."),
        key("bind", Kind::Template, "Another directory, shown here too."),
        key("read-only", Kind::Flag, "Takes no writes by this path."),
    ]),
    &step(&[needed("umount", Kind::Template, "Takes the uppermost mount away, also from under who uses it.")]),
    &step(&[
        needed("fail", Kind::Text, "A call is not made and fails; the value is a handle for this."),
        OF, CALL, PATH, NTH, FROM_THEN_ON, IF_CALLED,
        needed("errno", Kind::Word(errnos), "With what it fails."),
    ]),
    &step(&[
        needed("delay", Kind::Text, "A call is made later; the value is a handle for this."),
        OF, CALL, PATH, NTH, FROM_THEN_ON, IF_CALLED,
        needed("ms", Kind::Number(0), "By so many milliseconds."),
    ]),
    &step(&[
        needed("strike", Kind::Text, "The process gets a signal at a call; the value is a handle for this."),
        OF, CALL, PATH, NTH, IF_CALLED,
        needed("send", Kind::Word(signals), "Which signal."),
        key("when", Kind::Word(moments), "When; after the call if not said."),
    ]),
    &step(&[
        needed("pause", Kind::Text, "A call is held while steps are done; the value is a handle for this."),
        OF, CALL, PATH, NTH, IF_CALLED,
        needed("do", Kind::Steps, "The steps, one inline table each."),
    ]),
    &step(&[needed("never-created", Kind::Template, "Fails if anything appears at this path from here to the end of the case.")]),
    &step(&[
        needed("expect", Kind::Text, "Judges this process; all but `running` wait for its end."),
        key("exit", Kind::OneOf(&[Kind::Number(0), Kind::Word(exits), Kind::Some(&Kind::Number(0))]), "Its exit status: one, one of several, or a word for many."),
        key("if-exit", Kind::OneOf(&[Kind::Number(0), Kind::Word(exits), Kind::Some(&Kind::Number(0))]), "The output is only judged where it exited so."),
        key("signal", Kind::Word(signals), "The signal that ended it; beside `exit` with numbers, either will do."),
        key("running", Kind::Flag, "It has not ended by now."),
        key("stdout", Kind::Table(&TEXT), "What it has written to standard output."),
        key("stderr", Kind::Table(&TEXT), "What it has written to standard error."),
        key("output", Kind::Table(&TEXT), "What it has written to either, or to its terminal."),
    ]),
    &step(&[
        needed("expect-fs", Kind::Template, "Judges what stands at this path; `all` is the whole world, with `unchanged-since`."),
        key("unchanged-since", Kind::Text, "Nothing here or below differs from the moment before the step with this label."),
        key("except", Kind::List(&Kind::Template), "Paths, with what is below them, that may differ."),
        key("type", Kind::Word(files), "What stands there; a link is not followed."),
        key("mode", Kind::Mode, "All twelve mode bits, as an octal string."),
        key("mode-has", Kind::Mode, "Bits that are all set."),
        key("mode-lacks", Kind::Mode, "Bits of which none is set."),
        key("uid", Kind::Number(0), "Its owner."),
        key("content", Kind::Template, "Its bytes."),
        key("line", Kind::Template, "Its bytes, but for at most one line feed at the end."),
        key("entries", Kind::List(&Kind::Template), "The names in the directory, all of them."),
        key("target", Kind::Template, "Where the link points, as written."),
        key("same-inode", Kind::Text, "The inode that `open` kept under this handle."),
        key("removed-after", Kind::List(&Kind::Template), "It was removed, and each of these before it."),
        EVENTUALLY,
    ]),
    &step(&[
        needed("expect-lock", Kind::Template, "Judges the lock on this path, on `inode:<handle>`, or on `former:<path>`."),
        key("or-at", Kind::List(&Kind::Template), "Other paths, at one of which it may be just as well."),
        needed("held", Kind::Word(held), "Which lock is held."),
        key("by", Kind::OneOf(&[Kind::Text, Kind::List(&Kind::Text), Kind::Table(&ONE_OF)]), "By whom: all of them, and nobody else."),
        key("close-on-exec", Kind::Flag, "Every descriptor that holds it is closed on exec."),
        EVENTUALLY,
    ]),
    &step(&[
        needed("expect-calls", Kind::Text, "Judges the system calls of this process and all it started, up to here."),
        CALL, PATH,
        key("never", Kind::Flag, "There is none."),
        key("times", Kind::Number(0), "There are so many."),
        key("before", Kind::Table(&BEFORE), "There is one, and the first stands before the first of these."),
    ]),
];

/// How a process is started.
pub(super) const SPAWN: &[Key] = &[
    needed("spawn", Kind::Text, "Starts a process under this handle."),
    needed("role", Kind::Role, "Which: the subject's `server` or `cli`, a program of the suite, or `tool`."),
    key("subject", Kind::Text, "Whose, where it is not the judged one's: a name of [subjects]."),
    key("args", Kind::List(&Kind::Template), "Its arguments; with `role = \"tool\"` the first is the program."),
    key("umask", Kind::Mode, "Its umask, as an octal string; \"0022\" if not said."),
    key("env", Kind::Table(&ENV), "Its environment, over the case's; `false` takes a variable away."),
    key("uid", Kind::Number(0), "As whom it runs; needs tier `ids`."),
    key("stdin", Kind::Word(stdin), "A pipe that stays open, or /dev/null."),
    key("terminal", Kind::OneOf(&[Kind::Flag, Kind::List(&Kind::Word(streams))]), "Which of its streams are a terminal."),
    key("same-pid-as", Kind::Text, "The very pid that this process had; needs tier `namespaces`."),
    key("pid-namespace", Kind::Word(pid_namespaces), "A pid namespace of its own; needs tier `namespaces`."),
    key("limits", Kind::Table(&LIMITS), "Its resource limits."),
];

/// Several processes by one step.
const CROWD: &[Key] = &[
    COUNT,
    key("in-turn", Kind::Flag, "With `count`: each is waited for before the next one starts."),
];

const COUNT: Key = key("count", Kind::Number(2), "So many of them, the value with -1, -2, ... after it.");
const MODE: Key = key("mode", Kind::Mode, "Its mode, as an octal string, whatever the umask.");
const UID: Key = key("uid", Kind::Number(0), "Its owner; needs tier `ids`.");
const EVENTUALLY: Key = key("eventually", Kind::Flag, "Becomes true before the deadline.");
const OF: Key = needed("of", Kind::Text, "The process whose call it is, started before or after.");
const CALL: Key = needed("call", Kind::Word(calls), "Which calls, by what they do.");
const PATH: Key = key("path", Kind::Template, "On what; anything, if not said.");
const NTH: Key = key("nth", Kind::Number(1), "The how manieth such call since this step.");
const FROM_THEN_ON: Key = key("from-then-on", Kind::Flag, "That one and all after it.");
const IF_CALLED: Key = key("if-called", Kind::Flag, "The case is only for a subject that makes this call.");

static TEXT: Shape = table("a text check", &[
    key("contains", Kind::List(&Kind::Template), "It holds each of these."),
    key("once", Kind::List(&Kind::Template), "It holds each of these exactly once."),
    key("lacks", Kind::List(&Kind::Template), "It holds none of these."),
    key("equals", Kind::Template, "It is exactly this."),
    key("ends-with", Kind::Template, "It ends with this, white space aside."),
    key("max-lines", Kind::Number(0), "It has at most so many lines, empty ones aside."),
    key("no-control", Kind::Flag, "It has no control byte but line feed and tab."),
]);

static ONE_OF: Shape = table("one of several", &[
    needed("one-of", Kind::List(&Kind::Text), "Exactly one of these processes."),
    needed("as", Kind::Text, "A second handle for that one, from here on."),
]);

static MADE: Shape = table("`if-made`", &[
    needed("of", Kind::Text, "The process, with all it started."),
    CALL,
    PATH,
]);

static BEFORE: Shape = table("`before`", &[CALL, PATH]);

static LIMITS: Shape = table("`limits`", &[
    key("open-files", Kind::Number(0), "How many files it may have open."),
    key("file-size", Kind::Number(0), "How many bytes a file may have that it writes."),
]);

static TMPFS: Shape = table("`tmpfs`", &[
    key("size", Kind::OneOf(&[Kind::Number(1), Kind::Text]), "How large: bytes, or for instance \"4k\"."),
    key("inodes", Kind::Number(0), "How many files, the root among them."),
    key("mode", Kind::Mode, "The mode of its root, as an octal string; \"0700\" if not said."),
]);

fn locks() -> Vec<&'static str> {
    words(&LOCKS)
}

fn errnos() -> Vec<&'static str> {
    words(&ERRNOS)
}

fn moments() -> Vec<&'static str> {
    words(&MOMENTS)
}

fn exits() -> Vec<&'static str> {
    words(&EXITS)
}

fn files() -> Vec<&'static str> {
    words(&KINDS)
}

fn held() -> Vec<&'static str> {
    words(&HELD)
}

fn stdin() -> Vec<&'static str> {
    words(&STDIN)
}

fn streams() -> Vec<&'static str> {
    STREAMS.to_vec()
}

fn pid_namespaces() -> Vec<&'static str> {
    words(&PID_NAMESPACES)
}

fn calls() -> Vec<&'static str> {
    words(&told())
}
