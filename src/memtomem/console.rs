//! Writing to people. A closed terminal or pipe is no reason to fail: `println!` would panic.

use std::fmt;
use std::io::{self, Write as _};

/// Exit status of a command that did what it was asked to.
pub(super) const SUCCESS: u8 = 0;
/// Exit status of a server that cannot start, and of a question answered with no.
pub(super) const FAILURE: u8 = 1;
/// Exit status of a usage error, and of an uninstall that refuses or stops halfway.
pub(super) const REFUSED: u8 = 2;

/// Writes one line to stdout.
pub(super) fn say(line: impl fmt::Display) {
    let _closed = writeln!(io::stdout().lock(), "{line}");
}

/// Writes one line to stderr, in one call, so that lines of several processes do not mix.
pub(super) fn warn(line: impl fmt::Display) {
    let _closed = io::stderr()
        .lock()
        .write_all(format!("{line}\n").as_bytes());
}

/// Writes a question to stdout, without a newline.
pub(super) fn ask(question: &str) {
    let mut out = io::stdout().lock();
    let _closed = out
        .write_all(question.as_bytes())
        .and_then(|()| out.flush());
}
