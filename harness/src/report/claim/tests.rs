use super::*;
use crate::report::Counts;
use crate::report::record::Mismatch;

fn case(id: &str, verdict: Word) -> CaseRecord {
    let gap = Mismatch {
        rule: "PID-1".to_owned(),
        line: 7,
        step: String::new(),
        expected: "a lock".to_owned(),
        found: "none".to_owned(),
        timed_out: verdict == Word::TimedOut,
    };
    let fails = matches!(verdict, Word::Fail | Word::TimedOut);
    CaseRecord {
        id: id.to_owned(),
        file: String::new(),
        title: String::new(),
        rules: vec!["PID-1".to_owned()],
        level: "core".to_owned(),
        verdict,
        mismatches: fails.then_some(gap.clone()).into_iter().collect(),
        pinned: (verdict == Word::Deviates)
            .then_some(gap)
            .into_iter()
            .collect(),
        reason: (verdict == Word::Skip).then(|| "no tier".to_owned()),
        took_ms: 1,
        rerun: String::new(),
        log: Some("much".to_owned()),
    }
}

fn claim() -> Claim {
    let run = RunRecord {
        format: crate::report::record::FORMAT.to_owned(),
        version: 1,
        suite: "0".to_owned(),
        scenarios: String::new(),
        subject: "reference".to_owned(),
        subject_version: None,
        kernel: String::new(),
        file_system: None,
        tier: "plain".to_owned(),
        uid: 1,
        started: String::new(),
    };
    let counts = Counts {
        passed: 1,
        failed: 1,
        skipped: 1,
        broken: 0,
    };
    let known = Known {
        selection: Vec::new(),
        scenarios: BTreeMap::new(),
        subject: BTreeMap::new(),
    };
    let cases = [("b", Word::Fail), ("a", Word::Pass), ("c", Word::Skip)];
    let cases = cases.map(|(id, word)| case(id, word));
    Claim::new(known, run, &cases, EndRecord::new(3, counts))
}

#[test]
fn a_claim_is_read_back_and_agrees_with_itself() {
    let claim = claim();
    assert_eq!(Claim::parse(&claim.text().unwrap()).unwrap(), claim);
    assert_eq!(claim.contradictions(), [""; 0]);
    let counts = claim.rules["PID-1"];
    assert_eq!((counts.held, counts.broken, counts.untold), (1, 1, 1));
}

#[test]
fn a_changed_verdict_contradicts_the_rest() {
    let mut changed = claim();
    changed.cases[1].verdict = Word::Pass;
    let text = changed.contradictions().join("\n");
    for part in ["1 passed, and has 2", "b: pass"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    // What was seen counts for a rule, whatever the verdict says.
    changed.cases[1].mismatches.clear();
    let text = changed.contradictions().join("\n");
    assert!(
        !text.contains("b: pass") && text.contains("PID-1"),
        "{text}"
    );
    let mut less = claim();
    less.cases.remove(1);
    assert!(!less.contradictions().is_empty());
    let mut twice = claim();
    twice.cases[1] = twice.cases[0].clone();
    assert!(twice.contradictions()[0].contains("twice"));
}

#[test]
fn what_is_no_claim_says_why() {
    let why = |text: &str| Claim::parse(text).unwrap_err().to_string();
    assert!(why("{}").contains("no claim of pidproof"));
    assert!(why("nothing").contains("no claim of pidproof"));
    assert!(why(r#"{"format":"pidproof-claim","version":9}"#).contains("version 9"));
    assert!(why(r#"{"format":"pidproof-claim","version":1}"#).contains("missing field"));
}

#[test]
fn two_verdicts_agree_differ_or_tell_nothing() {
    use Word::{Broken, Deviates, Fail, Pass, Skip, Stale, TimedOut};
    let of = |was, is| match compare(&case("x", was), &case("x", is)) {
        Compared::Agrees => '=',
        Compared::Differs(_) => '!',
        Compared::CannotTell(_) => '?',
    };
    for (was, is, wanted) in [
        (Pass, Pass, '='),
        (Fail, Fail, '='),
        (Skip, Broken, '='),
        (Pass, Fail, '!'),
        (Fail, Pass, '!'),
        (Deviates, Pass, '!'),
        (Pass, Stale, '!'),
        (Pass, Skip, '?'),
        (Fail, Broken, '?'),
        (Pass, TimedOut, '?'),
        (TimedOut, Fail, '?'),
        (Skip, Pass, '='),
        (Skip, Fail, '!'),
    ] {
        assert_eq!(of(was, is), wanted, "{was:?} and {is:?}");
    }
    let mut other = case("x", Fail);
    other.mismatches[0].line = 8;
    assert!(matches!(
        compare(&case("x", Fail), &other),
        Compared::Differs(_)
    ));
}
