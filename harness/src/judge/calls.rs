//! Judging what calls a process made.

use super::Gap;
use crate::calls::{Call, Word};

/// What is asked, with nothing left to fill in. Paths are by the names of the world.
#[derive(Debug)]
pub struct FilledCalls<'a> {
    /// Which calls.
    pub call: Word,
    /// On what.
    pub path: Option<&'a str>,
    /// What is asked of them.
    pub want: FilledWant<'a>,
}

/// What can be asked of calls.
#[derive(Debug)]
pub enum FilledWant<'a> {
    /// There is one.
    Some,
    /// There are so many.
    Times(usize),
    /// There is one, and the first stands before the first of these.
    Before(Word, Option<&'a str>),
}

/// What is not as it must be in the calls of one process.
pub fn calls<'a>(asked: &FilledCalls<'_>, log: impl Iterator<Item = &'a Call>) -> Option<Gap> {
    let log: Vec<&Call> = log.collect();
    let met = |word: Word, path: Option<&str>| -> Vec<usize> {
        let meets =
            |call: &Call| call.is(word) && path.is_none_or(|p| call.subject(word) == Some(p));
        (0..log.len()).filter(|at| meets(log[*at])).collect()
    };
    let said = |word: Word, path: Option<&str>| match path {
        Some(path) => format!("{word} {path}"),
        None => word.to_string(),
    };
    let found = met(asked.call, asked.path);
    let what = said(asked.call, asked.path);
    let lines = |at: &[usize]| {
        let shown: Vec<String> = at
            .iter()
            .map(|at| format!("{} (after {:.1?})", log[*at].line(), log[*at].at))
            .collect();
        if shown.is_empty() {
            "no such call".to_owned()
        } else {
            shown.join("; ")
        }
    };
    match asked.want {
        FilledWant::Some if found.is_empty() => {
            Some(Gap::new(format!("calls {what}"), "no such call"))
        }
        FilledWant::Times(0) if !found.is_empty() => {
            Some(Gap::new(format!("never calls {what}"), lines(&found)))
        }
        FilledWant::Times(times) if found.len() != times => Some(Gap::new(
            format!("calls {what} {times} times"),
            format!("{} times: {}", found.len(), lines(&found)),
        )),
        FilledWant::Before(word, path) => {
            let others = met(word, path);
            let expected = format!("calls {what} before {}", said(word, path));
            match (found.first(), others.first()) {
                (None, _) => Some(Gap::new(expected, format!("it never calls {what}"))),
                (Some(first), Some(other)) if first > other => Some(Gap::new(
                    expected,
                    format!("first {}", lines(&[*other, *first])),
                )),
                (Some(_), Some(_) | None) => None,
            }
        }
        FilledWant::Some | FilledWant::Times(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::calls::table::Family;
    use crate::calls::{Fate, Locking};

    fn call(family: Family, path: &str) -> Call {
        Call {
            at: Duration::ZERO,
            who: "new".into(),
            pid: 2,
            tid: 2,
            name: family.word().into(),
            family,
            path: Some(path.into()),
            to: None,
            real: None,
            real_to: None,
            by_descriptor: false,
            how: String::new(),
            lock: (family == Family::Lock).then_some(Locking::Exclusive),
            creates: family == Family::Mkdir,
            truncates: false,
            looks: false,
            fate: Fate::Made,
            comes_to: None,
        }
    }

    fn judge(asked: &FilledCalls<'_>) -> bool {
        let log = [
            call(Family::Mkdir, "${dir}"),
            call(Family::Lock, "${file}"),
            call(Family::Truncate, "${file}"),
        ];
        calls(asked, log.iter()).is_none()
    }

    #[test]
    fn calls_are_counted_and_ordered() {
        let ask = |call, path, want| judge(&FilledCalls { call, path, want });
        let lock = Word::Family(Family::Lock);
        let file = Some("${file}");
        assert!(ask(Word::Create, Some("${dir}"), FilledWant::Times(1)));
        assert!(!ask(Word::Create, Some("${dir}"), FilledWant::Times(0)));
        assert!(ask(Word::Create, Some("${other}"), FilledWant::Times(0)));
        assert!(!ask(Word::Create, Some("${other}"), FilledWant::Some));
        assert!(ask(lock, file, FilledWant::Before(Word::Truncate, file)));
        assert!(!ask(Word::Truncate, file, FilledWant::Before(lock, file)));
        assert!(!ask(Word::Unlock, file, FilledWant::Before(lock, file)));
        // What never comes has everything before it.
        assert!(ask(lock, file, FilledWant::Before(Word::Unlock, file)));
    }
}
