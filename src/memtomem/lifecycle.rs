//! What the server holds while it lives, and the one way out.
//!
//! Three threads meet here: the one that serves, the one that waits for a signal, and, in a
//! secondary, the one that waits to be promoted. The pidfile is behind one lock, and who ends the
//! process keeps that lock until the process is gone. So an end that races a promotion finds the
//! pidfile either not yet taken or there to be released, and never leaves one behind.

use std::process;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal};

use super::console::warn;
use super::hold_keeper::{HoldError, HoldKeeper, StateDir};
use super::paths::{PIDFILE, Paths};
use super::store::Store;
use crate::pidfile::{Acquired, Pidfile, PidfileError, PidfileSite, Waiting};
use crate::shell::printable;

/// How long a starting server waits for a held pidfile before it calls itself a secondary. Long
/// enough for a probe to let go, short enough not to be felt.
const PATIENCE: Duration = Duration::from_millis(100);

/// How long an end waits for a tool call that is at work in the database.
const LAST_CALL: Duration = Duration::from_secs(3);

/// Why the server does not start. Each is one or two lines (DIR-13).
#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    #[error(transparent)]
    Hold(#[from] HoldError),
    #[error(transparent)]
    Pidfile(#[from] PidfileError),
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
}

/// The state of a running server.
#[derive(Debug)]
pub(super) struct Lifecycle {
    site: PidfileSite,
    hold: Arc<HoldKeeper>,
    store: Arc<Store>,
    pidfile: Mutex<Option<Pidfile>>,
}

/// The signals that end a server (END-1, END-4).
fn ending_signals() -> SigSet {
    SigSet::from_iter([Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP])
}

/// Blocks the ending signals for this thread and all it starts, so that they are only ever taken
/// by the thread that ends the process in order. SIGXFSZ goes with them: blocked, a write over the
/// file size limit fails with EFBIG and does not kill.
pub(super) fn block_signals() -> nix::Result<()> {
    let mut blocked = ending_signals();
    blocked.add(Signal::SIGXFSZ);
    blocked.thread_block()
}

impl Lifecycle {
    pub(super) fn new(paths: &Paths) -> Arc<Self> {
        let hold = Arc::new(HoldKeeper::new(paths));
        Arc::new(Self {
            site: PidfileSite::new(paths.runtime_dir.clone(), PIDFILE),
            store: Arc::new(Store::new(paths, Arc::clone(&hold))),
            hold,
            pidfile: Mutex::new(None),
        })
    }

    pub(super) fn store(&self) -> &Arc<Store> {
        &self.store
    }

    fn pidfile(&self) -> MutexGuard<'_, Option<Pidfile>> {
        self.pidfile.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the thread that turns a signal into an orderly end. [`block_signals`] comes first.
    pub(super) fn watch_signals(self: &Arc<Self>) -> Result<(), StartError> {
        let lifecycle = Arc::clone(self);
        spawn("signals", move || {
            let signals = ending_signals();
            // `sigwait` fails for an invalid set only; should it, there is nothing to wait for.
            if signals.wait().is_ok() {
                lifecycle.end();
            }
        })
    }

    /// Takes what a server holds, legacy first (LEG-2), and undoes it if a later step fails.
    pub(super) fn start(self: &Arc<Self>) -> Result<(), StartError> {
        let mut pidfile = self.pidfile();
        self.hold.ensure(StateDir::Leave)?;
        let outcome = self.acquire(&mut pidfile);
        if outcome.is_err() {
            self.release(&mut pidfile);
        }
        outcome
    }

    fn acquire(self: &Arc<Self>, pidfile: &mut Option<Pidfile>) -> Result<(), StartError> {
        let mut acquired = self.site.acquire()?;
        if let Acquired::Secondary(waiting) = acquired {
            acquired = match waiting.within(PATIENCE)? {
                Ok(woken) => woken.promote()?,
                Err(waiting) => Acquired::Secondary(waiting),
            };
        }
        match acquired {
            Acquired::Primary(mine) => *pidfile = Some(mine),
            Acquired::Secondary(waiting) => {
                warn(format_args!(
                    "warning: another memtomem-server is running (pidfile {}); serving beside it",
                    printable(&waiting.path())
                ));
                let lifecycle = Arc::clone(self);
                spawn("promotion", move || lifecycle.queue(waiting))?;
            }
        }
        Ok(())
    }

    /// Waits to become the primary (PID-12).
    fn queue(&self, mut waiting: Waiting) {
        loop {
            let promoted = match waiting.block() {
                Ok(woken) => {
                    let mut pidfile = self.pidfile();
                    match woken.promote() {
                        Ok(Acquired::Primary(mine)) => {
                            *pidfile = Some(mine);
                            Ok(None)
                        }
                        Ok(Acquired::Secondary(again)) => Ok(Some(again)),
                        Err(error) => Err(error),
                    }
                }
                Err(error) => Err(error),
            };
            match promoted {
                Ok(Some(again)) => waiting = again,
                Ok(None) => {
                    let path = self.site.path();
                    warn(format_args!(
                        "info: this memtomem-server now owns the pidfile {}",
                        printable(&path)
                    ));
                    return;
                }
                Err(error) => {
                    warn(format_args!(
                        "warning: {error}. Serving on without owning the pidfile"
                    ));
                    return;
                }
            }
        }
    }

    /// Undoes a start, for one that fails after [`Lifecycle::start`] (END-7).
    pub(super) fn undo_start(&self) {
        self.release(&mut self.pidfile());
    }

    /// The database first, then the hold that guards it, then the pidfile. A failure is told and
    /// does not keep the server from ending.
    fn release(&self, pidfile: &mut Option<Pidfile>) {
        if let Err(error) = self.hold.close() {
            warn(format_args!("warning: legacy pidfile {error}"));
        }
        if let Some(Err(error)) = pidfile.take().map(Pidfile::release) {
            warn(format_args!("warning: pidfile {error}"));
        }
    }

    /// Ends the process in order, with exit status 0 (END-1, END-2). The first caller does it;
    /// any other waits here until the process is gone.
    pub(super) fn end(&self) -> ! {
        self.store.close(LAST_CALL);
        let mut pidfile = self.pidfile();
        self.release(&mut pidfile);
        // With the lock still held: no promotion can come in between.
        process::exit(0)
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), StartError> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .map_err(StartError::Thread)?;
    Ok(())
}
