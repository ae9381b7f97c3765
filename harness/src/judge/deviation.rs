//! What known deviations make of a verdict: strictly, each is held against what was seen.

use super::steady::{steady, step_label};
use super::{Mismatch, Verdict};
use crate::scenario::date::Date;
use crate::scenario::deviation::{Deviation, Deviations};

/// A verdict in the light of what is known, and what else there is to say of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Known {
    /// The verdict.
    pub verdict: Verdict,
    /// Entries that hold no longer, where the verdict is that of another failure.
    pub also: Option<String>,
    /// The mismatches that are as an entry has them.
    pub pinned: Vec<Mismatch>,
}

/// Holds what was seen of a case against what is known of the subject.
///
/// A case of which nothing is known keeps its verdict, and so does one that was not run or of which nothing
/// came to be known.
pub fn known(
    verdict: Verdict,
    id: &str,
    rules: &[String],
    deviations: &Deviations,
    today: Date,
) -> Known {
    let entries: Vec<&Deviation> = deviations.of(id, rules).collect();
    let same = |verdict| Known {
        verdict,
        also: None,
        pinned: Vec::new(),
    };
    if entries.is_empty() {
        return same(verdict);
    }
    let mismatches = match verdict {
        Verdict::Pass => Vec::new(),
        Verdict::Fail(mismatches) | Verdict::TimedOut(mismatches) => mismatches,
        other @ (Verdict::Deviates(_)
        | Verdict::Stale(_)
        | Verdict::Skip(_)
        | Verdict::Broken(_)) => return same(other),
    };
    let pinned = |mismatch: &Mismatch| entries.iter().any(|entry| covers(entry, mismatch));
    let stale: Vec<(&Deviation, String)> = entries
        .iter()
        .filter(|entry| !entry.varies || is_told_otherwise(entry, &mismatches, pinned))
        .filter_map(|entry| Some((*entry, not_as_pinned(entry, &mismatches, today)?)))
        .collect();
    let (covered, open): (Vec<Mismatch>, Vec<Mismatch>) = mismatches.into_iter().partition(pinned);
    let told: Vec<&str> = stale.iter().map(|(_, text)| text.as_str()).collect();
    let told = told.join("\n\n");
    // What an entry speaks of, and is found otherwise, is the entry's matter. All else is a failure of its own.
    let new = open
        .iter()
        .any(|mismatch| !stale.iter().any(|(entry, _)| is_about(entry, mismatch)));
    if new {
        return Known {
            verdict: Verdict::of(open),
            also: (!told.is_empty()).then_some(told),
            pinned: covered,
        };
    }
    let verdict = if stale.is_empty() && covered.is_empty() {
        // What comes and goes has not come.
        Verdict::Pass
    } else if stale.is_empty() {
        // Several entries may have one reason.
        let mut lines: Vec<String> = Vec::new();
        for entry in entries.iter() {
            let line = say(entry);
            if covered.iter().any(|mismatch| covers(entry, mismatch)) && !lines.contains(&line) {
                lines.push(line);
            }
        }
        Verdict::Deviates(lines.join("\n"))
    } else {
        Verdict::Stale(told)
    };
    Known {
        verdict,
        also: None,
        pinned: covered,
    }
}

/// Whether this mismatch is what the entry has pinned.
pub fn covers(entry: &Deviation, mismatch: &Mismatch) -> bool {
    is_about(entry, mismatch) && steady(&entry.found) == steady(&mismatch.found)
}

/// Whether the entry speaks of this rule and step.
pub fn is_about(entry: &Deviation, mismatch: &Mismatch) -> bool {
    let same_step = |step: &str| step == step_label(&mismatch.step) || step == mismatch.step;
    entry.rule == mismatch.rule && entry.step.as_deref().is_none_or(same_step)
}

/// Whether there is something to say of an entry for what comes and goes: that it came and is over its time, or that
/// what it speaks of was found as no entry has it.
fn is_told_otherwise(
    entry: &Deviation,
    mismatches: &[Mismatch],
    pinned: impl Fn(&Mismatch) -> bool,
) -> bool {
    let mut about = mismatches.iter().filter(|m| is_about(entry, m));
    about.any(|mismatch| covers(entry, mismatch) || !pinned(mismatch))
}

/// What is not as an entry says, if anything.
fn not_as_pinned(entry: &Deviation, mismatches: &[Mismatch], today: Date) -> Option<String> {
    let holds = mismatches.iter().any(|mismatch| covers(entry, mismatch));
    let mut text = say(entry);
    if holds {
        let date = entry.expires.filter(|date| *date < today)?;
        text.push_str(&format!(
            "\n  it expired on {date}, and is still so: mend it, or think again"
        ));
        return Some(text);
    }
    text.push_str("\n  pinned:");
    push(&mut text, &steady(&entry.found));
    let about: Vec<&Mismatch> = mismatches
        .iter()
        .filter(|mismatch| is_about(entry, mismatch))
        .collect();
    if about.is_empty() {
        text.push_str(
            "\n  now: this holds. Take the case out of the entry, or the entry out of the file",
        );
    }
    for mismatch in about {
        text.push_str(&format!("\n  now, at `{}`, expected:", mismatch.step));
        push(&mut text, &mismatch.expected);
        text.push_str("\n  found:");
        push(&mut text, &steady(&mismatch.found));
    }
    Some(text)
}

fn say(entry: &Deviation) -> String {
    let step = entry
        .step
        .as_ref()
        .map_or_else(String::new, |step| format!(" at {step}"));
    let words: Vec<&str> = entry.reason.split_whitespace().collect();
    let reason = match words.as_slice() {
        [] => "no reason given".to_owned(),
        words => words.join(" "),
    };
    let link = entry
        .link
        .as_ref()
        .map_or_else(String::new, |link| format!(" ({link})"));
    format!(
        "{}: {}{step}, {}: {reason}{link}",
        entry.place,
        entry.rule,
        entry.kind.word()
    )
}

fn push(text: &mut String, lines: &str) {
    for line in lines.lines() {
        text.push_str("\n    ");
        text.push_str(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
[[deviation]]
cases  = ["a.*"]
check  = "R-1"
step   = "expect-fs:${pidfile}"
found  = 'file 0600 inode 1 2 bytes "7\n"'
kind   = "bug"
reason = "so it is"
[[deviation]]
cases   = ["a.late"]
check   = "R-2"
found   = "absent"
kind    = "by-design"
reason  = "so it is meant"
expires = "2020-01-01"
"#;

    fn mismatch(rule: &str, step: &str, found: &str) -> Mismatch {
        Mismatch {
            rule: rule.into(),
            line: 1,
            step: step.into(),
            expected: "something else".into(),
            found: found.into(),
            timed_out: false,
        }
    }

    fn pinned() -> Mismatch {
        let found = r#"file 0600 inode 9 3 bytes "12\n""#;
        mismatch("R-1", r#"expect-fs = "${pidfile}""#, found)
    }

    fn judged(id: &str, verdict: Verdict) -> Known {
        let file = Deviations::parse("d.toml", FILE, None, true).unwrap();
        let rules = ["R-1", "R-2"].map(str::to_owned);
        known(verdict, id, &rules, &file, "2026-01-01".parse().unwrap())
    }

    fn stale(known: Known) -> String {
        let Verdict::Stale(text) = known.verdict else {
            panic!("{:?}", known.verdict);
        };
        text
    }

    #[test]
    fn what_is_pinned_deviates_and_says_why() {
        for verdict in [
            Verdict::Fail(vec![pinned()]),
            Verdict::TimedOut(vec![pinned()]),
            Verdict::Fail(vec![pinned(), pinned()]),
        ] {
            let known = judged("a.b", verdict);
            assert_eq!(known.pinned[0], pinned());
            let Verdict::Deviates(why) = known.verdict else {
                panic!("does not deviate");
            };
            assert!(
                why.contains("d.toml:2: R-1") && why.contains("so it is"),
                "{why}"
            );
        }
    }

    #[test]
    fn nothing_is_known_of_other_cases_and_of_what_was_not_judged() {
        let failed = Verdict::Fail(vec![pinned()]);
        assert_eq!(judged("b.c", failed.clone()).verdict, failed);
        for verdict in [Verdict::Skip("x".into()), Verdict::Broken("x".into())] {
            assert_eq!(judged("a.b", verdict.clone()).verdict, verdict);
        }
    }

    #[test]
    fn what_is_gone_different_or_expired_is_stale() {
        let text = stale(judged("a.b", Verdict::Pass));
        assert!(text.contains("now: this holds"), "{text}");
        let mut other = pinned();
        other.found = "absent".into();
        let text = stale(judged("a.b", Verdict::Fail(vec![other])));
        assert!(
            text.contains("absent") && text.contains("something else"),
            "{text}"
        );
        let expired = mismatch("R-2", "x", "absent");
        let text = stale(judged("a.late", Verdict::Fail(vec![pinned(), expired])));
        assert!(text.contains("expired on 2020-01-01"), "{text}");
        assert!(!text.contains("R-1"), "{text}");
    }

    #[test]
    fn what_comes_and_goes_may_hold_and_may_not_be_found_otherwise() {
        let text = FILE.replace("\"so it is\"", "\"a race\"\nvaries = true");
        let of = |text: &str, verdict| {
            let file = Deviations::parse("d.toml", text, None, true).unwrap();
            let rules = ["R-1".to_owned()];
            known(verdict, "a.b", &rules, &file, "2026-01-01".parse().unwrap()).verdict
        };
        let of_it = |verdict| of(&text, verdict);
        assert_eq!(of_it(Verdict::Pass), Verdict::Pass);
        let came = of_it(Verdict::Fail(vec![pinned()]));
        assert!(matches!(came, Verdict::Deviates(why) if why.contains("a race")));
        let mut other = pinned();
        other.found = "absent".into();
        let came = of_it(Verdict::Fail(vec![other.clone()]));
        assert!(matches!(came, Verdict::Stale(why) if why.contains("absent")));
        // Which of the two that are pinned comes is no matter.
        let second = "[[deviation]]\ncases = [\"a.b\"]\ncheck = \"R-1\"\nfound = \"absent\"\n\
                      kind = \"bug\"\nreason = \"the same race\"\nvaries = true\n";
        let both = format!("{text}{second}");
        let came = of(&both, Verdict::Fail(vec![other]));
        assert!(matches!(came, Verdict::Deviates(why) if why.contains("the same race")));
        // One that is over its time is told where it came, and not where it did not.
        let old = text.replace("varies = true", "varies = true\nexpires = \"2020-01-01\"");
        assert_eq!(of(&old, Verdict::Pass), Verdict::Pass);
        let came = of(&old, Verdict::Fail(vec![pinned()]));
        assert!(matches!(came, Verdict::Stale(why) if why.contains("expired")));
    }

    #[test]
    fn what_nobody_pinned_fails_and_alone() {
        let other = mismatch("R-2", "x", "y");
        let known = judged("a.b", Verdict::Fail(vec![pinned(), other.clone()]));
        assert_eq!(known.verdict, Verdict::Fail(vec![other.clone()]));
        assert_eq!((known.also, known.pinned), (None, vec![pinned()]));
        // Another step of the same rule is not what was pinned, and the entry is no longer true.
        let elsewhere = mismatch("R-1", "expect-fs = \"${dir}\"", "y");
        let known = judged("a.b", Verdict::Fail(vec![elsewhere.clone()]));
        assert_eq!(known.verdict, Verdict::Fail(vec![elsewhere]));
        assert!(known.also.unwrap().contains("this holds"));
    }
}
