//! Results of several runs held against each other: `pidproof diff` and `pidproof matrix`.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output};

use pidproof::report::record::{
    CaseRecord, EndRecord, FORMAT, Mismatch, Record, RunRecord, VERSION, Word, write,
};

fn run(subject: &str) -> RunRecord {
    RunRecord {
        format: FORMAT.into(),
        version: VERSION,
        suite: "0.1.0".into(),
        scenarios: "sha256:00".into(),
        subject: subject.into(),
        subject_version: None,
        kernel: "Linux 6".into(),
        file_system: None,
        tier: "ids".into(),
        uid: 1000,
        started: "2026-01-01T00:00:00Z".into(),
    }
}

/// A case; what fails does at the first of its rules.
fn case(id: &str, rules: &[&str], verdict: Word) -> CaseRecord {
    let fails = matches!(verdict, Word::Fail | Word::TimedOut);
    let gap = Mismatch {
        rule: rules[0].into(),
        line: 1,
        step: "a step".into(),
        expected: "this".into(),
        found: format!("that, by pid {}", std::process::id()),
        timed_out: verdict == Word::TimedOut,
    };
    CaseRecord {
        id: id.into(),
        file: "a.toml".into(),
        title: id.into(),
        rules: rules.iter().map(|rule| (*rule).to_owned()).collect(),
        level: "core".into(),
        verdict,
        mismatches: if fails { vec![gap.clone()] } else { Vec::new() },
        pinned: if verdict == Word::Deviates {
            vec![gap]
        } else {
            Vec::new()
        },
        reason: None,
        took_ms: 1,
        rerun: "pidproof run".into(),
        log: fails.then(|| "the log".to_owned()),
    }
}

fn put(dir: &Path, name: &str, run: RunRecord, cases: Vec<CaseRecord>, ends: bool) {
    let mut file = File::create(dir.join(name)).unwrap();
    write(&mut file, &Record::Run(run)).unwrap();
    for case in cases {
        write(&mut file, &Record::Case(Box::new(case))).unwrap();
    }
    if ends {
        write(&mut file, &Record::End(EndRecord::default())).unwrap();
    }
}

fn pidproof(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pidproof"))
        .current_dir(dir)
        .args(args)
        .env_remove("COLUMNS")
        .output()
        .unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_diff_says_regressions_first_and_fails_on_them_alone() {
    let dir = tempfile::tempdir().unwrap();
    let p = |id, verdict| case(id, &["PID-1"], verdict);
    let mut elsewhere = p("elsewhere", Word::Fail);
    elsewhere.mismatches[0].step = "another".into();
    let mut worded = p("worded", Word::Fail);
    worded.mismatches[0].found = "that, by another pid".into();
    let before = vec![
        p("broke", Word::Pass),
        p("skipped-then-late", Word::Skip),
        p("mended", Word::Fail),
        p("left-out", Word::Fail),
        p("elsewhere", Word::Fail),
        p("worded", Word::Fail),
        p("gone", Word::Pass),
    ];
    let after = vec![
        p("broke", Word::Stale),
        p("skipped-then-late", Word::TimedOut),
        p("mended", Word::Pass),
        p("left-out", Word::Skip),
        elsewhere,
        worded,
        p("new", Word::Fail),
    ];
    put(dir.path(), "a", run("reference"), before, true);
    put(dir.path(), "b", run("reference"), after, true);
    let output = pidproof(dir.path(), &["diff", "a", "b"]);
    assert_eq!(
        told(&output),
        "regressions:\n  broke  pass -> stale  [PID-1]\n  skipped-then-late  skip -> timed-out  [PID-1]\n\
fixed:\n  mended  fail -> pass  [PID-1]\n\
other changes:\n  elsewhere  fail -> fail  [PID-1]\n  left-out  fail -> skip  [PID-1]\n\
only before:\n  gone  pass -> -  [PID-1]\nonly after:\n  new  - -> fail  [PID-1]\n\
2 regressions, 1 fixed, 2 other changes, 1 only before, 1 only after, 1 the same\n"
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stderr.is_empty());
    let same = pidproof(dir.path(), &["diff", "b", "b"]);
    assert_eq!(same.status.code(), Some(0));
}

#[test]
fn what_cannot_be_compared_is_warned_of_and_what_cannot_be_read_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut other = run("reference");
    other.scenarios = "sha256:01".into();
    other.kernel = "Linux 7".into();
    other.tier = "plain".into();
    put(dir.path(), "a", run("reference"), Vec::new(), true);
    put(dir.path(), "b", other, Vec::new(), false);
    let output = pidproof(dir.path(), &["diff", "a", "b"]);
    let warned = String::from_utf8(output.stderr).unwrap();
    for part in [
        "did not ask the same",
        "kernel: Linux 6, then",
        "tier: ids",
        "was killed",
    ] {
        assert!(warned.contains(part), "{part}: {warned}");
    }
    assert_eq!(output.status.code(), Some(0));
    let text = fs::read_to_string(dir.path().join("a")).unwrap();
    fs::write(dir.path().join("c"), format!("{text}nonsense\n")).unwrap();
    for (file, says) in [("c", "c: line 3"), ("none", "none: reading results")] {
        let output = pidproof(dir.path(), &["diff", "a", file]);
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains(says), "{told}");
        assert_eq!(output.status.code(), Some(2));
    }
}

/// Three releases: PID-1 comes, LEG-1 is lost, PID-2 stays, the rest does not tell.
fn three(dir: &Path) {
    let release = |version: &str| {
        let mut run = run(&format!("some-server@{version}"));
        run.subject_version = Some(version.to_owned());
        run
    };
    let cases = |pid, leg| {
        vec![
            case("a", &["PID-1", "PID-2"], pid),
            case("b", &["PID-1"], Word::Pass),
            case("c", &["PID-2"], Word::Pass),
            case("d", &["LEG-1"], leg),
            case("e", &["END-1"], Word::Skip),
        ]
    };
    put(
        dir,
        "1",
        release("1.0"),
        cases(Word::Fail, Word::Pass),
        true,
    );
    put(
        dir,
        "2",
        release("1.1"),
        cases(Word::Broken, Word::TimedOut),
        true,
    );
    put(
        dir,
        "3",
        release("1.2"),
        cases(Word::Pass, Word::Fail),
        true,
    );
}

#[test]
fn a_rule_is_lost_by_a_release_and_not_by_somebody_elses_server() {
    let dir = tempfile::tempdir().unwrap();
    three(dir.path());
    let other = vec![
        case("a", &["PID-1", "PID-2"], Word::Fail),
        case("d", &["LEG-1"], Word::Pass),
    ];
    put(dir.path(), "4", run("another"), other, true);
    let text = told(&pidproof(dir.path(), &["matrix", "1", "2", "4", "3"]));
    assert!(text.contains("PID-1: holds from some-server@1.1"), "{text}");
    assert!(text.contains("LEG-1: lost in some-server@1.2"), "{text}");
    assert!(
        !text.contains("from another") && !text.contains("in another"),
        "{text}"
    );
}

#[test]
fn a_matrix_says_what_holds_where_and_from_when() {
    let dir = tempfile::tempdir().unwrap();
    three(dir.path());
    let output = pidproof(dir.path(), &["matrix", "1", "2", "3"]);
    let text = told(&output);
    let row = |rule: &str| -> Vec<String> {
        let line = text.lines().find(|line| line.starts_with(rule)).unwrap();
        line.split_whitespace().skip(1).map(str::to_owned).collect()
    };
    // A case that fails at PID-1 says nothing of PID-2.
    assert_eq!(row("PID-1"), ["1/2", "ok", "ok"]);
    assert_eq!(row("PID-2"), ["ok", "ok", "ok"]);
    assert_eq!(row("LEG-1"), ["ok", "?", "0/1"]);
    assert_eq!(row("END-1"), ["?", "?", "?"]);
    assert!(text.contains("PID-1: holds from some-server@1.1"), "{text}");
    assert!(text.contains("LEG-1: lost in some-server@1.2"), "{text}");
    let html = told(&pidproof(
        dir.path(),
        &["matrix", "1", "2", "3", "--html", "-"],
    ));
    assert!(
        html.contains("<li>PID-1 holds from some-server@1.1</li>"),
        "{html}"
    );
    assert!(html.contains(">lost in some-server@1.2</a></li>"), "{html}");
    let only = |args: &[&str]| {
        let all = [&["matrix", "1", "2", "3"], args].concat();
        told(&pidproof(dir.path(), &all))
    };
    assert!(!only(&["--only-differences"]).contains("PID-2"));
    let pid = only(&["--family", "pid", "--level", "core"]);
    assert!(pid.contains("PID-2") && !pid.contains("LEG-1"), "{pid}");
    let none = pidproof(dir.path(), &["matrix", "1", "2", "--family", "NONE"]);
    assert_eq!(none.status.code(), Some(4));
    let json = only(&["--json", "-"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["columns"][2]["name"], "some-server@1.2");
    let rows = json["rows"].as_array().unwrap();
    let leg = rows.iter().find(|row| row["rule"] == "LEG-1").unwrap();
    assert_eq!(leg["lost"], serde_json::json!([2]));
    assert_eq!(leg["cells"][1]["state"], "unclear");
}

#[test]
fn what_was_seen_counts_and_not_whether_it_is_known() {
    let dir = tempfile::tempdir().unwrap();
    let pin = |mut case: CaseRecord| {
        case.pinned = std::mem::take(&mut case.mismatches);
        case.verdict = Word::Deviates;
        case.log = None;
        case
    };
    let late = || case("late", &["PID-1"], Word::TimedOut);
    let wrong = || case("wrong", &["LEG-1"], Word::Fail);
    let new = |known: Vec<Mismatch>| CaseRecord {
        pinned: known,
        ..case("new", &["END-1", "END-2"], Word::Fail)
    };
    let mut gap = wrong().mismatches.remove(0);
    gap.rule = "END-2".into();
    // It should have ended, and answers instead.
    let both = || {
        let mut case = case("both", &["LEG-2", "LEG-3"], Word::Fail);
        let mut late = late().mismatches.remove(0);
        late.rule = "LEG-3".into();
        case.mismatches.push(late);
        case
    };
    let cases = [
        vec![late(), wrong(), both(), new(Vec::new())],
        // What is known of the second rule is seen beside what fails at the first.
        vec![pin(late()), pin(wrong()), pin(both()), new(vec![gap])],
    ];
    for (name, cases) in ["a", "b"].into_iter().zip(cases) {
        put(dir.path(), name, run(name), cases, true);
    }
    let text = told(&pidproof(dir.path(), &["matrix", "a", "b"]));
    let row = |rule: &str| -> Vec<&str> {
        let line = text.lines().find(|line| line.starts_with(rule)).unwrap();
        line.split_whitespace().skip(1).collect()
    };
    assert_eq!(row("PID-1"), ["?", "?"]);
    assert_eq!(row("LEG-1"), ["0/1", "0/1"]);
    assert_eq!(row("END-1"), ["0/1", "0/1"]);
    assert_eq!(row("END-2"), ["?", "0/1"]);
    assert_eq!(row("LEG-2"), ["0/1", "0/1"]);
    assert_eq!(row("LEG-3"), ["0/1", "0/1"]);

    // Of what is known there is no log, but what was seen, and the line that shows it.
    let page = dir.path().join("page.html");
    let args = ["matrix", "a", "b", "--html", page.to_str().unwrap()];
    told(&pidproof(dir.path(), &args));
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains("LEG-3, line "), "{page}");
    assert!(page.contains("pidproof run --no-deviations"), "{page}");
}

#[test]
fn a_matrix_fits_a_narrow_terminal() {
    let dir = tempfile::tempdir().unwrap();
    three(dir.path());
    let files = ["1", "2", "3"].repeat(8);
    let output = Command::new(env!("CARGO_BIN_EXE_pidproof"))
        .current_dir(dir.path())
        .arg("matrix")
        .args(&files)
        .env("COLUMNS", "60")
        .output()
        .unwrap();
    let text = told(&output);
    let wide: Vec<&str> = text.lines().filter(|line| line.len() > 60).collect();
    // What came when is a sentence, which may go on.
    assert!(wide.iter().all(|line| line.contains(": ")), "{wide:#?}");
    assert!(text.contains("A  some-server@1.0\n"), "{text}");
    assert!(text.contains("X  some-server@1.2 (8)\n"), "{text}");
}

#[test]
fn nothing_of_a_record_is_markup() {
    let dir = tempfile::tempdir().unwrap();
    let evil = "</pre><script>alert('x')</script>\" onclick=\"x\u{1b}[2J";
    let mut bad = case("id", &["PID-1"], Word::Fail);
    bad.id = format!("id{evil}");
    bad.rules = vec![format!("RULE{evil}")];
    bad.mismatches[0].rule = format!("RULE{evil}");
    bad.mismatches[0].found = format!("found{evil}");
    bad.rerun = format!("rerun{evil}");
    bad.log = Some(format!("log{evil}"));
    let mut run = run(&format!("subject{evil}"));
    run.kernel = format!("kernel{evil}");
    run.tier = format!("tier{evil}");
    run.started = format!("started{evil}");
    put(dir.path(), "a", run.clone(), vec![bad], true);
    put(dir.path(), "b", run, Vec::new(), false);
    let output = pidproof(dir.path(), &["matrix", "a", "b", "--html", "m.html"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    // Nor anything a terminal obeys: a name of a subject, a rule, or both in a warning.
    let (table, warned) = (
        told(&output),
        String::from_utf8(output.stderr.clone()).unwrap(),
    );
    assert!(
        table.contains("subject</pre>") && warned.contains("did not judge all"),
        "{table}{warned}"
    );
    assert!(
        !table.contains('\u{1b}') && !warned.contains('\u{1b}'),
        "{table}{warned}"
    );
    let page = fs::read_to_string(dir.path().join("m.html")).unwrap();
    for what in [
        "id", "RULE", "found", "rerun", "log", "subject", "kernel", "tier", "started",
    ] {
        let escaped = format!("{what}&lt;/pre&gt;&lt;script&gt;alert(&#39;x&#39;)");
        assert!(page.contains(&escaped), "{what}: {page}");
    }
    assert_eq!(page.matches("<script>").count(), 1, "only our own");
    assert!(
        !page.contains("\" onclick") && !page.contains('\u{1b}'),
        "{page}"
    );
    assert!(
        !page.contains("http://") && !page.contains("https://"),
        "{page}"
    );
}
