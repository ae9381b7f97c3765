//! What is written is read back, and what is not right is told.

use super::*;

fn run() -> Record {
    Record::Run(RunRecord {
        format: FORMAT.into(),
        version: VERSION,
        suite: "0.1.0".into(),
        scenarios: "sha256:00".into(),
        subject: "reference".into(),
        subject_version: None,
        kernel: "Linux 6".into(),
        file_system: Some("tmpfs".into()),
        tier: "ids".into(),
        uid: 1000,
        started: "2026-01-01T00:00:00Z".into(),
    })
}

fn case(id: &str) -> Record {
    Record::Case(Box::new(CaseRecord {
        id: id.into(),
        file: "a.toml".into(),
        title: "a line\nand \"another\"".into(),
        rules: vec!["PID-1".into()],
        level: "core".into(),
        verdict: Word::TimedOut,
        mismatches: vec![Mismatch {
            rule: "PID-1".into(),
            line: 3,
            step: "handshake".into(),
            expected: "an answer".into(),
            found: "none".into(),
            timed_out: true,
        }],
        pinned: Vec::new(),
        reason: None,
        took_ms: 12,
        rerun: "pidproof run".into(),
        log: Some("all of it".into()),
    }))
}

fn text(records: &[Record]) -> String {
    let mut out = Vec::new();
    for record in records {
        write(&mut out, record).unwrap();
    }
    String::from_utf8(out).unwrap()
}

fn refusal(text: &str) -> String {
    read(text.as_bytes()).unwrap_err().to_string()
}

#[test]
fn what_was_written_is_read_back() {
    let end = EndRecord::new(1, Counts::default());
    let written = text(&[run(), case("a"), Record::End(end.clone())]);
    assert_eq!(written.lines().count(), 3, "{written}");
    assert!(written.contains(r#""type":"case""#) && written.contains(r#""timed-out""#));
    let results = read(written.as_bytes()).unwrap();
    assert_eq!(Record::Run(results.run), run());
    assert_eq!(Record::Case(Box::new(results.cases[0].clone())), case("a"));
    assert_eq!(results.end, Some(end));
}

#[test]
fn a_killed_run_has_no_end_and_may_have_half_a_line() {
    let whole = text(&[run(), case("a"), case("b")]);
    let results = read(whole.as_bytes()).unwrap();
    assert_eq!((results.cases.len(), results.end), (2, None));
    let cut = read(&whole.as_bytes()[..whole.len() - 20]).unwrap();
    assert_eq!((cut.cases.len(), cut.end), (1, None));
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    assert!(refusal("").contains("nothing in it"));
    assert!(refusal("hello\n").contains("no results of pidproof"));
    assert!(refusal("{\"a\":1}\n").contains("no results of pidproof"));
    let later = text(&[run()]).replace("\"version\":1", "\"version\":7");
    assert!(refusal(&later).contains("version 7; this pidproof reads version 1"));
    let lacks = text(&[run()]).replace("\"uid\":1000,", "");
    assert!(refusal(&lacks).contains("line 1 is no record: missing field `uid`"));
    let middle = format!(
        "{}nonsense\n{}",
        text(&[run(), case("a")]),
        text(&[case("b")])
    );
    assert!(refusal(&middle).contains("line 3 is no record"));
    let odd = format!("{}{}", text(&[run()]), "{\"type\":\"case\",\"id\":\"a\"}\n");
    assert!(refusal(&odd).contains("line 2 is no record: missing field `file`"));
    let end = || Record::End(EndRecord::default());
    assert!(refusal(&text(&[run(), end(), case("a")])).contains("line 3: a record after"));
    assert!(refusal(&text(&[run(), run()])).contains("line 2: a second run"));
}

#[test]
fn what_is_not_known_is_passed_over() {
    let newer = text(&[run()]).replace("\"uid\":", "\"new\":[1],\"uid\":");
    assert!(read(newer.as_bytes()).is_ok());
}
