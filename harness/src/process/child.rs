//! One process and what it wrote.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;
use std::time::Instant;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};

use super::gate::Gate;
use crate::sys::fork::{self, Plan, SpawnError, Stdio};
use crate::sys::pidfd::{End, PidFd};
use crate::sys::seccomp::Listener;
use crate::sys::terminal;

/// What is kept of a stream; a flood beyond it is read and counted, not stored.
const KEEP: usize = 1 << 20;

/// Where the standard streams of a process lead.
#[derive(Debug, Clone, Copy)]
pub struct Wiring {
    /// Whether a pipe at standard input stays open; it is empty otherwise.
    pub stdin: bool,
    /// Which of standard input, output and error are a terminal, the same and its controlling one.
    pub terminal: [bool; 3],
}

/// What comes from a process through a pipe or a terminal.
#[derive(Debug)]
pub(super) struct Stream {
    fd: Option<std::fs::File>,
    bytes: Vec<u8>,
    dropped: usize,
}

/// A started process.
#[derive(Debug)]
pub struct Child {
    /// Its pid in the world.
    pub pid: i32,
    /// Its pid as it sees it itself: another only in a pid namespace of its own.
    pub own_pid: i32,
    /// When it was started.
    pub started: Instant,
    /// How it ended, once it has.
    pub end: Option<End>,
    /// It missed a deadline; nobody waits for it again.
    pub overdue: bool,
    pidfd: PidFd,
    listener: Option<Listener>,
    stdin: Option<std::fs::File>,
    pending: Vec<u8>,
    stdout: Stream,
    stderr: Stream,
    terminal: Stream,
    /// Standard input is the terminal.
    is_typed_to: bool,
}

impl Stream {
    fn new(fd: Option<OwnedFd>) -> Self {
        Self {
            fd: fd.map(Into::into),
            bytes: Vec::new(),
            dropped: 0,
        }
    }

    /// Reads what is there. Returns whether anything came, the end included.
    fn drain(&mut self) -> io::Result<bool> {
        let mut came = false;
        let mut buffer = [0u8; 16384];
        while let Some(file) = &mut self.fd {
            match file.read(&mut buffer) {
                Ok(0) => {
                    self.fd = None;
                    return Ok(true);
                }
                Ok(n) => {
                    came = true;
                    let room = KEEP.saturating_sub(self.bytes.len()).min(n);
                    self.bytes.extend_from_slice(&buffer[..room]);
                    self.dropped += n - room;
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                // A terminal that no process has any more; pipes do not say this.
                Err(e) if e.raw_os_error() == Some(Errno::EIO as i32) => {
                    self.fd = None;
                    return Ok(true);
                }
                Err(e) => return Err(e),
            }
        }
        Ok(came)
    }
}

impl Child {
    /// Starts a program on fresh pipes, or a fresh terminal.
    ///
    /// # Errors
    /// Which stage of the start failed.
    pub fn spawn(plan: &Plan, wiring: Wiring) -> Result<Self, SpawnError> {
        let [typed, shown, warned] = wiring.terminal;
        let pipe = |on_terminal: bool| {
            let made = (!on_terminal).then(|| nix::unistd::pipe2(OFlag::O_CLOEXEC));
            made.transpose()
                .map(Option::unzip)
                .map_err(|e| SpawnError::Fork(e.into()))
        };
        let (in_read, in_write) = pipe(typed)?;
        let (out_read, out_write) = pipe(shown)?;
        let (err_read, err_write) = pipe(warned)?;
        let terminal = wiring
            .terminal
            .contains(&true)
            .then(terminal::open)
            .transpose()
            .map_err(SpawnError::Terminal)?;
        for ours in [&in_write, &out_read, &err_read, &terminal]
            .into_iter()
            .flatten()
        {
            fcntl(ours.as_fd(), FcntlArg::F_SETFL(OFlag::O_NONBLOCK))
                .map_err(|e| SpawnError::Fork(e.into()))?;
        }
        let keyboard = match &terminal {
            Some(fd) if typed => Some(fd.try_clone().map_err(SpawnError::Fork)?),
            Some(_) | None => in_write.filter(|_| wiring.stdin),
        };
        let started = Instant::now();
        // The child's ends are closed when this returns, so that the end of a stream is seen when
        // the last process that has it is gone.
        let process = fork::spawn(
            plan,
            Stdio {
                fds: [&in_read, &out_write, &err_write].map(|fd| fd.as_ref().map(AsFd::as_fd)),
                terminal: terminal.as_ref().map(AsFd::as_fd),
            },
        )?;
        Ok(Self {
            pid: process.pid.as_raw(),
            own_pid: if plan.birth.own_namespace {
                1
            } else {
                process.pid.as_raw()
            },
            started,
            end: None,
            overdue: false,
            pidfd: process.pidfd,
            listener: process.listener,
            stdin: keyboard.map(Into::into),
            pending: Vec::new(),
            stdout: Stream::new(out_read),
            stderr: Stream::new(err_read),
            terminal: Stream::new(terminal),
            is_typed_to: typed,
        })
    }

    /// Starts a program on streams that are there already: what it says does not come here.
    ///
    /// # Errors
    /// Which stage of the start failed.
    pub fn on(plan: &Plan, streams: [BorrowedFd<'_>; 3]) -> Result<Self, SpawnError> {
        let started = Instant::now();
        let stdio = Stdio {
            fds: streams.map(Some),
            terminal: None,
        };
        let process = fork::spawn(plan, stdio)?;
        Ok(Self {
            pid: process.pid.as_raw(),
            own_pid: process.pid.as_raw(),
            started,
            end: None,
            overdue: false,
            pidfd: process.pidfd,
            listener: process.listener,
            stdin: None,
            pending: Vec::new(),
            stdout: Stream::new(None),
            stderr: Stream::new(None),
            terminal: Stream::new(None),
            is_typed_to: false,
        })
    }

    /// Where its calls are told, for whoever answers them; once.
    pub fn take_gate(&mut self) -> Option<Rc<dyn Gate>> {
        self.listener.take().map(|listener| Rc::new(listener) as _)
    }

    /// What it wrote to standard output so far.
    pub fn stdout(&self) -> &[u8] {
        &self.stdout.bytes
    }

    /// What it wrote to standard error so far.
    pub fn stderr(&self) -> &[u8] {
        &self.stderr.bytes
    }

    /// What it wrote to its terminal so far.
    pub fn terminal(&self) -> &[u8] {
        &self.terminal.bytes
    }

    /// All it wrote so far: standard output, standard error, the terminal.
    pub fn output(&self) -> Vec<u8> {
        [self.stdout(), self.stderr(), self.terminal()].concat()
    }

    /// Bytes that came beyond what is kept, of all streams.
    pub fn dropped(&self) -> usize {
        self.stdout.dropped + self.stderr.dropped + self.terminal.dropped
    }

    /// Whether standard output has ended.
    pub fn stdout_ended(&self) -> bool {
        self.stdout.fd.is_none()
    }

    /// Queues bytes for standard input; [`super::pump()`] writes them as the process reads.
    pub fn send(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
    }

    /// Closes standard input at once: what is queued was not going to be read. A terminal there is hung
    /// up, as when its window is closed: what was shown until now is kept, and nothing is shown any more.
    ///
    /// # Errors
    /// What read(2) says of what was shown last.
    pub fn close_stdin(&mut self) -> io::Result<()> {
        self.stdin = None;
        self.pending.clear();
        if self.is_typed_to {
            self.terminal.drain()?;
            self.terminal.fd = None;
        }
        Ok(())
    }

    /// Its descriptor, which is readable when it has ended.
    pub fn pidfd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.pidfd.as_fd()
    }

    /// Sends a signal by descriptor.
    ///
    /// # Errors
    /// What pidfd_send_signal(2) says.
    pub fn signal(&self, signal: i32) -> io::Result<()> {
        self.pidfd.signal(signal)
    }

    /// Ends it, if it has not, and waits for it.
    ///
    /// # Errors
    /// What the kernel says of the kill or the wait.
    pub fn kill(&mut self) -> io::Result<()> {
        if self.end.is_none() {
            self.pidfd.signal(libc::SIGKILL)?;
            self.end = self.pidfd.wait()?;
        }
        Ok(())
    }

    /// Takes note of what has happened by now.
    ///
    /// # Errors
    /// What read(2), write(2) and waitid(2) say.
    pub fn look(&mut self) -> io::Result<()> {
        self.advance().map(drop)
    }

    /// Reads, writes and reaps what can be without waiting. Returns whether anything happened.
    pub(super) fn advance(&mut self) -> io::Result<bool> {
        let mut happened = self.flush()?;
        if self.end.is_none() {
            self.end = self.pidfd.try_wait()?;
            happened |= self.end.is_some();
        }
        // After the end was seen, so that what it wrote before it is here when the end is.
        happened |= self.stdout.drain()?;
        happened |= self.stderr.drain()?;
        happened |= self.terminal.drain()?;
        Ok(happened)
    }

    fn flush(&mut self) -> io::Result<bool> {
        let Some(stdin) = &mut self.stdin else {
            return Ok(false);
        };
        if self.pending.is_empty() {
            return Ok(false);
        }
        match stdin.write(&self.pending) {
            Ok(n) => {
                self.pending.drain(..n);
                Ok(n > 0)
            }
            // It closed its end: what it does not read is its own business.
            Err(e) if e.raw_os_error() == Some(Errno::EPIPE as i32) => {
                self.stdin = None;
                self.pending.clear();
                Ok(true)
            }
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// The descriptors whose events concern it: for reading, and for writing.
    pub(super) fn interests(
        &self,
    ) -> (
        Vec<std::os::fd::BorrowedFd<'_>>,
        Option<std::os::fd::BorrowedFd<'_>>,
    ) {
        let mut read = Vec::with_capacity(4);
        if self.end.is_none() {
            read.push(self.pidfd.as_fd());
        }
        read.extend(self.stdout.fd.as_ref().map(AsFd::as_fd));
        read.extend(self.stderr.fd.as_ref().map(AsFd::as_fd));
        read.extend(self.terminal.fd.as_ref().map(AsFd::as_fd));
        let write = self
            .stdin
            .as_ref()
            .filter(|_| !self.pending.is_empty())
            .map(AsFd::as_fd);
        (read, write)
    }
}
