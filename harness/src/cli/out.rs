//! Writing to standard output, for a reader who may go away.

use std::fmt::Display;
use std::io::{ErrorKind, Write};

use super::Exit;

/// Prints a line, with colours where a person reads it.
///
/// A reader who has seen enough, such as `head`, ends the command: there is nobody left to tell. The
/// guards of cases that run see the suite go and end them.
pub(super) fn say(line: impl Display) {
    let mut out = anstream::stdout().lock();
    let written = writeln!(out, "{line}").and_then(|()| out.flush());
    match written {
        Ok(()) => {}
        Err(e) if e.kind() == ErrorKind::BrokenPipe => {
            std::process::exit(Exit::Interrupted.status())
        }
        Err(e) => {
            anstream::eprintln!("pidproof: writing to standard output: {e}");
            std::process::exit(Exit::CannotJudge.status());
        }
    }
}
