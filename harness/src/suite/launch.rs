//! Starting a guard and hearing what it says.

use std::collections::HashMap;
use std::io::{self, Read};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use super::guard::{Order, Report};
use super::{GUARD, ROLE};

/// The lifelines of all guards that run now. Closing them ends every case at once.
#[derive(Debug, Default)]
pub struct Lifelines {
    open: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    closed: bool,
    next: u64,
    lines: HashMap<u64, ChildStdin>,
}

impl Lifelines {
    /// Ends every case that runs, and every one that would start later.
    pub fn close(&self) {
        let mut state = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        state.closed = true;
        state.lines.clear();
    }

    pub(super) fn add(&self, line: ChildStdin) -> Option<u64> {
        let mut state = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if state.closed {
            return None;
        }
        state.next += 1;
        let key = state.next;
        state.lines.insert(key, line);
        Some(key)
    }

    pub(super) fn remove(&self, key: u64) {
        let mut state = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        state.lines.remove(&key);
    }
}

/// Has a guard carry out an order. `None` where the lifelines were closed meanwhile.
///
/// # Errors
/// Why there is no report: the guard could not be started, or it ended without one.
pub fn launch(order: &Order, lifelines: &Lifelines) -> Result<Option<Report>, String> {
    let mut guard = start()?;
    let said = talk(&mut guard, order, lifelines);
    let status = guard
        .wait()
        .map_err(|e| format!("waiting for a guard: {e}"))?;
    let Some((stdout, stderr)) = said.map_err(|e| format!("talking to a guard: {e}"))? else {
        return Ok(None);
    };
    serde_json::from_slice(&stdout).map(Some).map_err(|_| {
        format!(
            "the guard ended without a report ({status}): {}",
            stderr.trim()
        )
    })
}

/// Starts a guard, which waits for its order.
pub(super) fn start() -> Result<Child, String> {
    let exe = std::env::current_exe().map_err(|e| format!("finding this executable: {e}"))?;
    if !exe.exists() {
        return Err("this executable was replaced or removed while it ran: start again".to_owned());
    }
    Command::new(exe)
        .args([ROLE, GUARD])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("starting a guard: {e}"))
}

/// The guard's whole output, once it has ended.
fn talk(
    guard: &mut Child,
    order: &Order,
    lifelines: &Lifelines,
) -> io::Result<Option<(Vec<u8>, String)>> {
    let (Some(mut stdin), Some(mut stdout), Some(mut stderr)) =
        (guard.stdin.take(), guard.stdout.take(), guard.stderr.take())
    else {
        return Err(io::Error::other("a pipe is missing"));
    };
    super::frames::send(&mut stdin, order)?;
    let Some(key) = lifelines.add(stdin) else {
        return Ok(None);
    };
    let mut report = Vec::new();
    let mut errors = String::new();
    // The guard writes a line or two to stderr at most, and only after its report.
    let read = stdout
        .read_to_end(&mut report)
        .and_then(|_| stderr.read_to_string(&mut errors));
    let closed = lifelines
        .open
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .closed;
    lifelines.remove(key);
    read?;
    if closed && report.is_empty() {
        return Ok(None);
    }
    Ok(Some((report, errors)))
}
