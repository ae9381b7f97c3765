//! The one place where a process is made.

use std::ffi::CString;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::parent_id;
use std::rc::Rc;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigHandler, SigSet, SigmaskHow, Signal, sigprocmask};
use nix::unistd::{ForkResult, Gid, Pid, Uid};

use super::birth::{self, Birth};
use super::pidfd::PidFd;
use super::seccomp::{Filter, Listener};

/// A program to start, with all that is set between fork and exec.
#[derive(Debug)]
pub struct Plan {
    /// Program (a path) and arguments.
    pub argv: Vec<CString>,
    /// The whole environment.
    pub env: Vec<CString>,
    /// Working directory.
    pub cwd: CString,
    /// umask.
    pub umask: u32,
    /// uid and gid to change to; groups are dropped then.
    pub ids: Option<(u32, u32)>,
    /// Resource limits, soft and hard alike.
    pub limits: Vec<(Limit, u64)>,
    /// A certain pid, or a pid namespace of its own.
    pub birth: Birth,
    /// Which of its calls are told of.
    pub filter: Option<Rc<Filter>>,
}

/// A resource that can be made scarce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// One more than the highest descriptor.
    OpenFiles,
    /// The size of any file written, in bytes.
    FileSize,
}

/// The standard streams of a program.
#[derive(Debug, Clone, Copy)]
pub struct Stdio<'a> {
    /// Input, output and error; `None` is the terminal.
    pub fds: [Option<BorrowedFd<'a>>; 3],
    /// The suite's side of its controlling terminal, where it has one.
    pub terminal: Option<BorrowedFd<'a>>,
}

/// A started process.
#[derive(Debug)]
pub struct Started {
    /// Its pid, as this process sees it.
    pub pid: Pid,
    /// Its descriptor.
    pub pidfd: PidFd,
    /// Where its calls are told, if they are.
    pub listener: Option<Listener>,
}

/// Why a program could not be started: which stage failed, and how.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// Before or in fork(2).
    #[error("fork: {0}")]
    Fork(#[source] io::Error),
    /// A terminal for it.
    #[error("opening a terminal: {0}")]
    Terminal(#[source] io::Error),
    /// Between fork and exec, or in exec.
    #[error("{stage}: {error}")]
    Child {
        /// What was being done.
        stage: Stage,
        /// What the kernel said.
        error: io::Error,
    },
}

/// What a child does before it is the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The /proc of its own pid namespace.
    Namespace,
    /// Its own session, so that no terminal signal reaches it.
    Session,
    /// Its controlling terminal.
    Terminal,
    /// Standard input, output and error.
    Stdio,
    /// uid, gid and groups.
    Ids,
    /// The working directory.
    Cwd,
    /// The end with its parent.
    ParentDeath,
    /// Signal mask and dispositions.
    Signals,
    /// The filter that has its calls told.
    Filter,
    /// Resource limits.
    Limits,
    /// execve(2).
    Exec,
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Namespace => "mounting /proc",
            Self::Session => "setsid",
            Self::Terminal => "taking a controlling terminal",
            Self::Stdio => "dup2 of standard streams",
            Self::Ids => "changing uid and gid",
            Self::Cwd => "chdir",
            Self::ParentDeath => "prctl(PR_SET_PDEATHSIG)",
            Self::Signals => "resetting signals",
            Self::Limits => "setrlimit",
            Self::Filter => "seccomp",
            Self::Exec => "exec",
        })
    }
}

const STAGES: [Stage; 11] = [
    Stage::Namespace,
    Stage::Session,
    Stage::Terminal,
    Stage::Stdio,
    Stage::Ids,
    Stage::Cwd,
    Stage::ParentDeath,
    Stage::Signals,
    Stage::Filter,
    Stage::Limits,
    Stage::Exec,
];

/// Starts a program. The caller must have one thread only.
///
/// # Errors
/// The stage that failed. A child that dies before exec is seen as the end of a pipe, not waited for.
pub fn spawn(plan: &Plan, stdio: Stdio<'_>) -> Result<Started, SpawnError> {
    let (mut report, to_parent) = pipe().map_err(SpawnError::Fork)?;
    let hand_over = plan.filter.as_ref().map(|_| UnixStream::pair());
    let (taking, giving) = hand_over.transpose().map_err(SpawnError::Fork)?.unzip();
    match birth::fork(plan.birth).map_err(SpawnError::Fork)? {
        ForkResult::Child => {
            drop((report, taking));
            let (stage, errno) = become_program(plan, stdio, giving.as_ref());
            let at = STAGES.iter().position(|s| *s == stage).unwrap_or(0);
            let mut message = [0u8; 5];
            message[0] = u8::try_from(at).unwrap_or(0);
            message[1..].copy_from_slice(&(errno as i32).to_ne_bytes());
            // A failed write leaves an empty pipe and the status: nothing more can be said from here.
            match nix::unistd::write(&to_parent, &message) {
                Ok(_) | Err(_) => exit_now(127),
            }
        }
        ForkResult::Parent { child } => {
            drop((to_parent, giving));
            let pidfd = PidFd::open(child).map_err(SpawnError::Fork)?;
            let listener = match taking {
                Some(taking) => Listener::take(&taking).map_err(SpawnError::Fork)?,
                None => None,
            };
            if let Some(listener) = &listener {
                answer_until_exec(&report, listener).map_err(SpawnError::Fork)?;
            }
            let mut message = Vec::new();
            report.read_to_end(&mut message).map_err(SpawnError::Fork)?;
            if message.is_empty() {
                return Ok(Started {
                    pid: child,
                    pidfd,
                    listener,
                });
            }
            drop(pidfd.wait());
            let stage = message
                .first()
                .and_then(|at| STAGES.get(usize::from(*at)))
                .copied()
                .unwrap_or(Stage::Session);
            let number = message
                .get(1..5)
                .and_then(|b| b.try_into().ok())
                .map_or(0, i32::from_ne_bytes);
            Err(SpawnError::Child {
                stage,
                error: io::Error::from_raw_os_error(number),
            })
        }
    }
}

/// A child whose exec failed says so by a write, of which its filter tells like of any other.
fn answer_until_exec(report: &std::fs::File, listener: &Listener) -> io::Result<()> {
    loop {
        let mut fds = [
            PollFd::new(report.as_fd(), PollFlags::POLLIN),
            PollFd::new(listener.as_fd(), PollFlags::POLLIN),
        ];
        match poll(&mut fds, PollTimeout::NONE) {
            Err(Errno::EINTR) => continue,
            other => other?,
        };
        if fds[0].any().unwrap_or(false) {
            return Ok(());
        }
        if let Some(call) = listener.next()? {
            listener.go_on(call.id)?;
        }
    }
}

/// Splits this process: the child runs `run` and ends with its status. For a process with one thread.
///
/// # Errors
/// What fork(2) and pidfd_open(2) say.
pub fn split(run: impl FnOnce() -> i32) -> io::Result<Started> {
    let parent = std::process::id();
    // SAFETY: the caller has one thread, so the child may use everything its parent could.
    #[expect(unsafe_code, reason = "fork")]
    let fork = unsafe { nix::unistd::fork() };
    match fork? {
        ForkResult::Child => {
            // A new pid namespace shows the parent as 0, so a lost race is not told by a pid here;
            // the guard's own end closes the pipe the engine reports to.
            if die_with_parent().is_err() || (parent_id() != 0 && parent_id() != parent) {
                exit_now(125);
            }
            let code = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).unwrap_or(101);
            exit_now(code)
        }
        ForkResult::Parent { child } => Ok(Started {
            pid: child,
            pidfd: PidFd::open(child)?,
            listener: None,
        }),
    }
}

/// SIGKILL for this process when its parent's thread ends. A change of uid undoes it.
///
/// # Errors
/// What prctl(2) says.
pub fn die_with_parent() -> nix::Result<()> {
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)
}

/// Ends at once: no destructors and no buffers, which belong to the parent.
fn exit_now(code: i32) -> ! {
    // SAFETY: _exit takes an integer and does not return.
    #[expect(unsafe_code, reason = "no safe wrapper")]
    unsafe {
        libc::_exit(code)
    }
}

/// A pipe whose ends close on exec.
fn pipe() -> io::Result<(std::fs::File, OwnedFd)> {
    let (read, write) = nix::unistd::pipe2(OFlag::O_CLOEXEC)?;
    Ok((read.into(), write))
}

/// Returns only with what failed.
fn become_program(plan: &Plan, stdio: Stdio<'_>, hand_over: Option<&UnixStream>) -> (Stage, Errno) {
    let failed = |stage: Stage| move |errno: Errno| (stage, errno);
    match prepare(plan, stdio) {
        Ok(()) => {}
        Err(why) => return why,
    }
    // From here on its calls wait for answers.
    if let (Some(filter), Some(hand_over)) = (&plan.filter, hand_over)
        && let Err(errno) = filter.put_on(hand_over.as_fd())
    {
        return failed(Stage::Filter)(errno);
    }
    // The very last: none of them may be what the suite's own work here needs.
    if let Err(errno) = limit(plan) {
        return failed(Stage::Limits)(errno);
    }
    let Some(program) = plan.argv.first() else {
        return failed(Stage::Exec)(Errno::ENOENT);
    };
    match nix::unistd::execve(program, &plan.argv, &plan.env) {
        Ok(never) => match never {},
        Err(errno) => failed(Stage::Exec)(errno),
    }
}

fn prepare(plan: &Plan, stdio: Stdio<'_>) -> Result<(), (Stage, Errno)> {
    let failed = |stage: Stage| move |errno: Errno| (stage, errno);
    if plan.birth.own_namespace {
        birth::own_proc().map_err(failed(Stage::Namespace))?;
    }
    nix::unistd::setsid().map_err(failed(Stage::Session))?;
    let terminal = stdio
        .terminal
        .map(|suites| super::terminal::take(suites, plan.ids))
        .transpose()
        .map_err(failed(Stage::Terminal))?;
    for (fd, target) in stdio.fds.iter().zip(0..) {
        let fd = fd
            .or(terminal.as_ref().map(AsFd::as_fd))
            .ok_or((Stage::Stdio, Errno::EBADF))?;
        #[expect(
            unsafe_code,
            reason = "the target is a number, not an owned descriptor"
        )]
        // SAFETY: dup2 takes two integers; the source is borrowed and so open.
        let result = unsafe { libc::dup2(fd.as_raw_fd(), target) };
        Errno::result(result).map_err(failed(Stage::Stdio))?;
    }
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(plan.umask));
    if let Some((uid, gid)) = plan.ids {
        let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
        nix::unistd::setgroups(&[]).map_err(failed(Stage::Ids))?;
        nix::unistd::setresgid(gid, gid, gid).map_err(failed(Stage::Ids))?;
        nix::unistd::setresuid(uid, uid, uid).map_err(failed(Stage::Ids))?;
    }
    nix::unistd::chdir(plan.cwd.as_c_str()).map_err(failed(Stage::Cwd))?;
    // After the change of uid, which clears it.
    die_with_parent().map_err(failed(Stage::ParentDeath))?;
    // The suite may have been started with some of them ignored: Rust ignores PIPE, nohup(1) HUP, and a shell
    // INT and QUIT of what it starts in the background.
    for signal in Signal::iterator() {
        if matches!(signal, Signal::SIGKILL | Signal::SIGSTOP) {
            continue;
        }
        // SAFETY: SIG_DFL runs no code of ours.
        #[expect(unsafe_code, reason = "a handler could run code; SIG_DFL does not")]
        let reset = unsafe { nix::sys::signal::signal(signal, SigHandler::SigDfl) };
        reset.map_err(failed(Stage::Signals))?;
    }
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None)
        .map_err(failed(Stage::Signals))?;
    Ok(())
}

fn limit(plan: &Plan) -> nix::Result<()> {
    for (limit, most) in &plan.limits {
        let resource = match limit {
            Limit::OpenFiles => Resource::RLIMIT_NOFILE,
            Limit::FileSize => Resource::RLIMIT_FSIZE,
        };
        setrlimit(resource, *most, *most)?;
    }
    Ok(())
}
