//! Judging how a process ended and what it wrote.

use super::{Gap, around, quote};
use crate::scenario::model::ExpectEnd;
use crate::sys::pidfd::End;

/// A text check with its templates filled in.
#[derive(Debug, Default)]
pub struct FilledText {
    /// It holds each of these.
    pub contains: Vec<Vec<u8>>,
    /// It holds each of these exactly once.
    pub once: Vec<Vec<u8>>,
    /// It holds none of these.
    pub lacks: Vec<Vec<u8>>,
    /// It is exactly this.
    pub equals: Option<Vec<u8>>,
    /// It ends with this, white space aside.
    pub ends_with: Option<Vec<u8>>,
    /// It has at most so many lines.
    pub max_lines: Option<usize>,
    /// It has no control byte but line feeds and tabs.
    pub no_control: bool,
}

/// Judges an end; `None` is a process that lives.
pub fn end(expected: &ExpectEnd, found: Option<End>) -> Option<Gap> {
    let good = match (expected, found) {
        (ExpectEnd::Running, None) => true,
        (ExpectEnd::Exit(codes) | ExpectEnd::ExitOrSignal(codes, _), Some(End::Code(code))) => {
            codes.contains(&code)
        }
        (ExpectEnd::AnyExit, Some(End::Code(_))) => true,
        (ExpectEnd::NonZero | ExpectEnd::Failure, Some(End::Code(code))) => code != 0,
        (ExpectEnd::Failure, Some(End::Signal(_))) => true,
        (
            ExpectEnd::Signal(wanted) | ExpectEnd::ExitOrSignal(_, wanted),
            Some(End::Signal(signal)),
        ) => *wanted == signal,
        (ExpectEnd::Running, Some(_))
        | (
            ExpectEnd::Exit(_) | ExpectEnd::AnyExit | ExpectEnd::NonZero,
            None | Some(End::Signal(_)),
        )
        | (ExpectEnd::Signal(_), None | Some(End::Code(_)))
        | (ExpectEnd::Failure | ExpectEnd::ExitOrSignal(..), None) => false,
    };
    (!good).then(|| Gap::new(describe(expected), say(found)))
}

/// What an expectation asks, in words.
pub fn describe(expected: &ExpectEnd) -> String {
    match expected {
        ExpectEnd::Running => "still running".into(),
        ExpectEnd::Exit(codes) => statuses(codes),
        ExpectEnd::ExitOrSignal(codes, signal) => {
            format!("{}, or the end by signal {signal}", statuses(codes))
        }
        ExpectEnd::AnyExit => "an exit status, and no signal".into(),
        ExpectEnd::NonZero => "an exit status other than 0".into(),
        ExpectEnd::Failure => "an exit status other than 0, or the end by a signal".into(),
        ExpectEnd::Signal(signal) => format!("ended by signal {signal}"),
    }
}

fn statuses(codes: &[i32]) -> String {
    let codes: Vec<String> = codes.iter().map(i32::to_string).collect();
    format!("exit status {}", codes.join(" or "))
}

/// How a process ended, in words.
pub fn say(end: Option<End>) -> String {
    match end {
        None => "still running".into(),
        Some(End::Code(code)) => format!("exit status {code}"),
        Some(End::Signal(signal)) => format!("ended by signal {signal}"),
    }
}

/// Judges a text.
pub fn text(stream: &str, checks: &FilledText, found: &[u8]) -> Vec<Gap> {
    let FilledText {
        contains,
        once,
        lacks,
        equals,
        ends_with,
        max_lines,
        no_control,
    } = checks;
    let mut gaps = Vec::new();
    let mut gap =
        |expected: String| gaps.push(Gap::new(expected, format!("{stream}: {}", shown(found))));
    for part in contains.iter().filter(|part| !holds(found, part)) {
        gap(format!("{stream} contains \"{}\"", quote(part)));
    }
    for part in once.iter() {
        let times = count(found, part);
        if times != 1 {
            gap(format!(
                "{stream} contains \"{}\" once, and not {times} times",
                quote(part)
            ));
        }
    }
    for part in lacks {
        // Of a long text the part that matters is shown, which may be anywhere in it.
        if let Some(at) = find(found, part) {
            gaps.push(Gap::new(
                format!("{stream} does not contain \"{}\"", quote(part)),
                format!("{stream}: {}", around(found, at, part.len())),
            ));
        }
    }
    let mut gap =
        |expected: String| gaps.push(Gap::new(expected, format!("{stream}: {}", shown(found))));
    if let Some(all) = equals
        && all != found
    {
        gap(format!("{stream} is exactly \"{}\"", quote(all)));
    }
    if let Some(end) = ends_with
        && !found.trim_ascii_end().ends_with(end.trim_ascii_end())
    {
        gap(format!("{stream} ends with \"{}\"", quote(end)));
    }
    let lines = found
        .split(|b| *b == b'\n')
        .filter(|l| !l.is_empty())
        .count();
    if max_lines.is_some_and(|most| lines > most) {
        gap(format!(
            "{stream} has at most {} lines",
            max_lines.unwrap_or_default()
        ));
    }
    let control = |b: &u8| (*b < 0x20 && *b != b'\n' && *b != b'\t') || *b == 0x7f;
    if *no_control && found.iter().any(control) {
        gap(format!("{stream} has no control byte"));
    }
    gaps
}

fn shown(found: &[u8]) -> String {
    if found.is_empty() {
        "(nothing)".into()
    } else {
        quote(found)
    }
}

fn count(text: &[u8], part: &[u8]) -> usize {
    text.windows(part.len().max(1))
        .filter(|window| *window == part)
        .count()
}

fn holds(text: &[u8], part: &[u8]) -> bool {
    find(text, part).is_some()
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    if part.is_empty() {
        return Some(0);
    }
    text.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_told_apart() {
        assert!(end(&ExpectEnd::Exit(vec![1]), Some(End::Code(1))).is_none());
        assert!(end(&ExpectEnd::Exit(vec![1]), Some(End::Code(2))).is_some());
        assert!(end(&ExpectEnd::NonZero, Some(End::Signal(9))).is_some());
        assert!(end(&ExpectEnd::NonZero, Some(End::Code(0))).is_some());
        assert!(end(&ExpectEnd::AnyExit, Some(End::Code(3))).is_none());
        assert!(end(&ExpectEnd::AnyExit, Some(End::Signal(6))).is_some());
        assert!(end(&ExpectEnd::Failure, Some(End::Signal(2))).is_none());
        let either = ExpectEnd::ExitOrSignal(vec![0, 130], 2);
        assert!(end(&either, Some(End::Code(130))).is_none());
        assert!(end(&either, Some(End::Signal(2))).is_none());
        assert!(end(&either, Some(End::Code(1))).is_some());
        assert!(end(&either, Some(End::Signal(15))).is_some());
        assert!(end(&either, None).is_some());
        assert!(end(&ExpectEnd::Failure, Some(End::Code(1))).is_none());
        assert!(end(&ExpectEnd::Failure, Some(End::Code(0))).is_some());
        assert!(end(&ExpectEnd::Running, Some(End::Code(0))).is_some());
        assert!(end(&ExpectEnd::Signal(9), Some(End::Code(9))).is_some());
    }

    #[test]
    fn every_text_check_can_fail() {
        let checks = FilledText {
            contains: vec![b"x".to_vec()],
            once: vec![b"a".to_vec(), b"\n".to_vec(), b"y".to_vec()],
            lacks: vec![b"a".to_vec()],
            equals: Some(b"b".to_vec()),
            ends_with: Some(b"c".to_vec()),
            max_lines: Some(1),
            no_control: true,
        };
        assert_eq!(text("stderr", &checks, b"a\na\x1b").len(), 8);
        assert_eq!(text("stderr", &FilledText::default(), b"a").len(), 0);
    }
}
