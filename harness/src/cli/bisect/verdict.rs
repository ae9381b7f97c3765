//! What a release comes to.

use super::super::run::{judged, workers};
use super::super::{beside, out};
use super::search::Seen;
use crate::judge::steady::step_label;
use crate::judge::{Mismatch, Verdict};
use crate::scenario::model::Case;
use crate::subject;
use crate::suite::{CaseResult, Interrupt, Subjects, run_all, run_one};
use crate::world::Host;

/// As long as what is told of a release in a line.
const LINE: usize = 160;

/// What is asked of each release.
pub(super) struct Judge<'a> {
    pub(super) cases: &'a [&'a Case],
    /// What counts; without it, all that the case asks.
    pub(super) rule: Option<&'a str>,
    pub(super) host: &'a Host,
    pub(super) jobs: Option<usize>,
    pub(super) interrupt: &'a Interrupt,
}

impl Judge<'_> {
    /// A release, and why it is so in a line. `None` where somebody interrupted it.
    pub(super) fn release(&self, spec: &str) -> Option<(Seen, String)> {
        let untold =
            |why: String| (!self.interrupt.asked()).then(|| (Seen::CannotTell, in_a_line(&why)));
        let subject = match subject::find(spec) {
            Ok(subject) => subject,
            Err(error) => return untold(error.to_string()),
        };
        let ready = match judged(&subject, self.host, self.interrupt) {
            Ok(ready) => ready,
            Err(failure) => return untold(failure.to_string()),
        };
        let beside = match beside::have(self.cases.iter().copied(), self.host, self.interrupt) {
            Ok(beside) => beside,
            Err(error) => return untold(error.to_string()),
        };
        // What is known of a release must not hide what is seen of it.
        let subjects = Subjects {
            beside,
            ..Subjects::alone(ready)
        };
        let mut all = Vec::new();
        out::begin(self.cases.len());
        let hear = |result: CaseResult<'_>| {
            out::one_more(0);
            all.push((result.case.id.clone(), result.verdict));
        };
        let workers = workers(self.jobs);
        run_all(
            run_one,
            self.cases,
            self.host,
            &subjects,
            workers,
            self.interrupt,
            hear,
        );
        out::over();
        (!self.interrupt.asked()).then(|| sum(&all, self.rule))
    }
}

/// What some cases come to. A missed deadline is bad too, as in a run: what hangs is what may be looked for.
fn sum(all: &[(String, Verdict)], rule: Option<&str>) -> (Seen, String) {
    let counts = |mismatch: &&Mismatch| rule.is_none_or(|rule| mismatch.rule == rule);
    let mut good = 0;
    let mut bad: Vec<(&str, &Verdict, &Mismatch)> = Vec::new();
    let mut untold = Vec::new();
    for (id, verdict) in all {
        match verdict {
            Verdict::Pass => good += 1,
            Verdict::Fail(mismatches) | Verdict::TimedOut(mismatches) => {
                match mismatches.iter().find(counts) {
                    Some(mismatch) => bad.push((id, verdict, mismatch)),
                    None => untold.push(format!("{id} fails at another rule")),
                }
            }
            Verdict::Skip(why)
            | Verdict::Broken(why)
            | Verdict::Deviates(why)
            | Verdict::Stale(why) => {
                untold.push(format!("{}: {why}", verdict.word()));
            }
        }
    }
    match (bad.first(), untold.first()) {
        (Some((id, verdict, mismatch)), _) => {
            let late = if matches!(verdict, Verdict::TimedOut(_)) {
                "not in time: "
            } else {
                ""
            };
            let which = match all.len() {
                1 => String::new(),
                n => format!("{} of {n} cases, {id}: ", bad.len()),
            };
            let (rule, step) = (&mismatch.rule, step_label(&mismatch.step));
            let why = format!("{which}{rule} at {step}: {late}{}", mismatch.found);
            (Seen::Bad, in_a_line(&why))
        }
        (None, _) if good > 0 => (Seen::Good, String::new()),
        (None, why) => (
            Seen::CannotTell,
            in_a_line(why.map_or("no case was run", String::as_str)),
        ),
    }
}

/// One line of a text, with nothing in it that a terminal obeys.
fn in_a_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let clean = words.join(" ").replace(char::is_control, "?");
    match clean.char_indices().nth(LINE) {
        Some((end, _)) => format!("{}...", &clean[..end]),
        None => clean,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails(rule: &str, timed_out: bool) -> Verdict {
        Verdict::of(vec![Mismatch {
            rule: rule.into(),
            line: 3,
            step: "expect:server".into(),
            expected: "this".into(),
            found: "that\x1b[31m\nand more".into(),
            timed_out,
        }])
    }

    fn of(verdicts: &[Verdict], rule: Option<&str>) -> (Seen, String) {
        let all: Vec<_> = verdicts
            .iter()
            .map(|v| ("a.case".to_owned(), v.clone()))
            .collect();
        sum(&all, rule)
    }

    #[test]
    fn what_says_nothing_of_the_release_is_neither_good_nor_bad() {
        let skip = Verdict::Skip("no root".into());
        assert_eq!(
            of(std::slice::from_ref(&skip), None),
            (Seen::CannotTell, "skip: no root".into())
        );
        assert_eq!(of(&[Verdict::Broken("x".into())], None).0, Seen::CannotTell);
        assert_eq!(
            of(&[fails("END-1", false)], Some("PID-1")).0,
            Seen::CannotTell
        );
        assert_eq!(of(&[skip, Verdict::Pass], None).0, Seen::Good);
    }

    #[test]
    fn a_failure_and_a_hang_are_bad_and_say_why_in_a_clean_line() {
        let (seen, why) = of(&[fails("END-1", false)], None);
        assert_eq!(
            (seen, why.as_str()),
            (Seen::Bad, "END-1 at expect:server: that?[31m and more")
        );
        let (seen, why) = of(&[fails("END-1", true)], Some("END-1"));
        assert_eq!(seen, Seen::Bad);
        assert!(why.contains("not in time"), "{why}");
        let (seen, why) = of(&[Verdict::Pass, fails("END-1", false)], Some("END-1"));
        assert_eq!(seen, Seen::Bad);
        assert!(why.starts_with("1 of 2 cases, a.case: "), "{why}");
    }
}
