//! Results as JUnit XML: a suite a scenario file, a test case a case.

use std::collections::BTreeMap;
use std::time::Duration;

use quick_junit::{
    NonSuccessKind, Property, Report, SerializeError, TestCase, TestCaseStatus, TestSuite,
};

use super::record::{CaseRecord, EndRecord, RunRecord, Word};

/// The whole report.
///
/// # Errors
/// That it cannot be written as XML.
pub fn junit(
    run: &RunRecord,
    cases: &[CaseRecord],
    end: &EndRecord,
) -> Result<String, SerializeError> {
    let mut report = Report::new("pidproof");
    if let Ok(started) = chrono::DateTime::parse_from_rfc3339(&run.started) {
        report.set_timestamp(started);
    }
    let mut files: BTreeMap<&str, Vec<&CaseRecord>> = BTreeMap::new();
    for case in cases {
        files.entry(&case.file).or_default().push(case);
    }
    for (file, cases) in files {
        let mut suite = suite_of(file, run);
        suite.set_time(cases.iter().map(|case| took(case)).sum());
        suite.add_test_cases(cases.into_iter().map(test_case));
        report.add_test_suite(suite);
    }
    if let Some(why) = not_judged(cases.len(), end) {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_type("not judged").set_message(why);
        let mut suite = suite_of("pidproof", run);
        suite.add_test_case(TestCase::new("all that was selected was judged", status));
        report.add_test_suite(suite);
    }
    report.to_string()
}

/// Why there are not as many cases as were selected: a report of half a run must not look like one of the whole.
fn not_judged(judged: usize, end: &EndRecord) -> Option<String> {
    let of = || format!("{judged} of {} cases were judged", end.selected);
    match &end.why {
        Some(why) => Some(why.clone()),
        None if end.interrupted => Some(format!("interrupted: {}", of())),
        None => (judged < end.selected).then(of),
    }
}

fn suite_of(name: &str, run: &RunRecord) -> TestSuite {
    let mut suite = TestSuite::new(name);
    for (name, value) in [("subject", &run.subject), ("tier", &run.tier)] {
        suite.add_property(Property::new(name, value));
    }
    suite
}

fn took(case: &CaseRecord) -> Duration {
    Duration::from_millis(case.took_ms)
}

fn test_case(case: &CaseRecord) -> TestCase {
    let status = match case.verdict {
        Word::Pass | Word::Deviates => TestCaseStatus::success(),
        Word::Skip => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(reason(case));
            status
        }
        Word::Fail | Word::TimedOut | Word::Stale => failed(case, NonSuccessKind::Failure),
        Word::Broken => failed(case, NonSuccessKind::Error),
    };
    let mut test = TestCase::new(case.id.as_str(), status);
    let scenario = case.id.split(':').next().unwrap_or(&case.id);
    test.set_classname(scenario).set_time(took(case));
    for rule in &case.rules {
        test.add_property(Property::new("rule", rule));
    }
    test.add_property(Property::new("level", &case.level));
    if case.verdict == Word::Deviates {
        test.add_property(Property::new("deviates", reason(case)));
    }
    test
}

fn failed(case: &CaseRecord, kind: NonSuccessKind) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status
        .set_type(case.verdict.text())
        .set_message(case.in_a_line());
    if let Some(log) = &case.log {
        status.set_description(log.as_str());
    }
    status
}

fn reason(case: &CaseRecord) -> &str {
    case.reason.as_deref().unwrap_or_default()
}
