//! Writing to standard output, for a reader who may go away.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use indicatif::{ProgressBar, ProgressStyle};

use super::Exit;

/// How far a run is, for whoever watches it on a terminal.
static BAR: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// From here on so many cases are awaited. Where standard error is no terminal, nothing is drawn.
pub(super) fn begin(cases: usize) {
    let bar = ProgressBar::new(cases as u64);
    // As wide as the terminal, however narrow that is.
    if let Ok(style) = ProgressStyle::with_template("{pos}/{len} {msg}{wide_bar} {eta}") {
        bar.set_style(style);
    }
    bar.tick();
    *bar_slot() = Some(bar);
}

/// One of them has ended.
pub(super) fn one_more(failed: usize) {
    if let Some(bar) = &*bar_slot() {
        if failed > 0 {
            bar.set_message(format!("({failed} not as expected) "));
        }
        bar.inc(1);
    }
}

/// None is awaited any more.
pub(super) fn over() {
    if let Some(bar) = bar_slot().take() {
        bar.finish_and_clear();
    }
}

fn bar_slot() -> MutexGuard<'static, Option<ProgressBar>> {
    BAR.lock().unwrap_or_else(PoisonError::into_inner)
}

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
    // What is said takes the place of the bar, which is drawn again below it.
    let bar = bar_slot().clone();
    let written = match bar {
        Some(bar) => bar.suspend(|| say_plainly(line)),
        None => say_plainly(line),
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

/// Says on standard error what a person may want to know meanwhile.
pub(super) fn note(line: impl Display) {
    let bar = bar_slot().clone();
    let tell = || anstream::eprintln!("pidproof: {line}");
    match bar {
        Some(bar) => bar.suspend(tell),
        None => tell(),
    }
}

fn line_to(out: &mut dyn Write, line: impl Display) -> io::Result<()> {
    writeln!(out, "{line}")?;
    out.flush()
}

fn say_plainly(line: impl Display) -> io::Result<()> {
    if TO_STDERR.load(Ordering::Relaxed) {
        line_to(&mut anstream::stderr().lock(), line)
    } else {
        line_to(&mut anstream::stdout().lock(), line)
    }
}

/// A text in lines no wider than the terminal, each after the first set in; as it is where nobody says how wide it is.
pub(super) fn wrapped(text: &str, indent: usize) -> String {
    let columns = || std::env::var("COLUMNS").ok()?.parse().ok();
    let seen = rustix::termios::tcgetwinsize(io::stdout()).ok();
    let width = seen
        .map(|size| usize::from(size.ws_col))
        .filter(|width| *width > 0);
    match width.or_else(columns) {
        Some(width) => wrap(text, indent, width),
        None => text.to_owned(),
    }
}

fn wrap(text: &str, indent: usize, width: usize) -> String {
    let head = text.len() - text.trim_start().len();
    let mut out = text[..head].to_owned();
    let mut at = head;
    let mut fresh = true;
    for word in text[head..].split(' ') {
        let len = word.chars().count();
        if !fresh && at + 1 + len > width {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            at = indent;
        } else if !fresh {
            out.push(' ');
            at += 1;
        }
        out.push_str(word);
        at += len;
        fresh = false;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_wrapped_between_words_and_no_word_is_cut() {
        assert_eq!(wrap("  one two three", 4, 9), "  one two\n    three");
        assert_eq!(wrap("  overlong word", 2, 5), "  overlong\n  word");
        assert_eq!(wrap("short", 2, 60), "short");
    }
}
