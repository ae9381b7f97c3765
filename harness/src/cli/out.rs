//! Writing to standard output, for a reader who may go away.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use super::Exit;

/// Whether a machine reads standard output.
static TO_STDERR: AtomicBool = AtomicBool::new(false);

/// From here on people read standard error.
pub(super) fn people_read_stderr() {
    TO_STDERR.store(true, Ordering::Relaxed);
}

/// A reader who has seen enough, such as `head`, ends the command: there is nobody left to tell. The
/// guards of cases that run see the suite go and end them.
pub(super) fn nobody_reads() -> ! {
    std::process::exit(Exit::Interrupted.status())
}

/// Prints a line, with colours where a person reads it.
pub(super) fn say(line: impl Display) {
    let written = if TO_STDERR.load(Ordering::Relaxed) {
        line_to(&mut anstream::stderr().lock(), line)
    } else {
        line_to(&mut anstream::stdout().lock(), line)
    };
    match written {
        Ok(()) => {}
        Err(e) if e.kind() == ErrorKind::BrokenPipe => nobody_reads(),
        Err(e) => {
            anstream::eprintln!("pidproof: writing what came of it: {e}");
            std::process::exit(Exit::CannotJudge.status());
        }
    }
}

fn line_to(out: &mut dyn Write, line: impl Display) -> io::Result<()> {
    writeln!(out, "{line}")?;
    out.flush()
}
