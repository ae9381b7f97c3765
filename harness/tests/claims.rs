//! Claims: what a run says in one, and what of it is found out.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

mod own;

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use own::{PINNED, Subject};
use serde_json::{Value, json};

/// A subject whose two cases fail, and its claim.
fn claimed(deviations: &str, words: &[&str]) -> (Subject, Value) {
    let subject = Subject::new("", deviations);
    let path = subject.path("claim.json");
    let words = [&["run", "--claim", path.to_str().unwrap()], words].concat();
    let (code, text) = subject.judge(&words, false);
    assert_eq!(code, Some(i32::from(deviations.is_empty())), "{text}");
    assert!(text.contains("claim of "), "{text}");
    let claim = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    (subject, claim)
}

fn verify(subject: &Subject, claim: &Value, words: &[&str]) -> (Option<i32>, String) {
    subject.write("claim.json", &claim.to_string());
    let path = subject.path("claim.json");
    let words = [&["verify", path.to_str().unwrap()], words].concat();
    subject.judge(&words, false)
}

#[test]
fn a_claim_is_as_its_schema_says_and_is_verified() {
    let (subject, claim) = claimed("", &[]);
    let printed = Command::new(env!("CARGO_BIN_EXE_pidproof"))
        .args(["schema", "claim"])
        .output()
        .unwrap();
    let schema: Value = serde_json::from_slice(&printed.stdout).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    assert!(schema.is_valid(&claim));
    assert!(!schema.is_valid(&json!({ "format": "pidproof-claim" })));
    for key in ["server", "cli", "profile"] {
        assert!(claim["subject"][key].is_string(), "{key}: {claim}");
    }
    assert_eq!(claim["rules"]["PID-2"]["broken"], 2);
    assert_eq!(claim["selection"], json!([]));
    let (code, text) = verify(&subject, &claim, &[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("2 of 2 cases agree, 0 differ"), "{text}");
}

#[test]
fn a_deviation_is_in_it_with_its_reason() {
    let (subject, claim) = claimed(PINNED, &[]);
    let case = &claim["cases"][0];
    assert_eq!(case["verdict"], "deviates");
    let reason = case["reason"].as_str().unwrap();
    assert!(reason.contains("it is only a test"), "{reason}");
    let (code, text) = verify(&subject, &claim, &[]);
    assert_eq!(code, Some(0), "{text}");
    // What is no longer known is a failure, and not what was claimed.
    subject.write("mine.deviations.toml", "");
    let (code, text) = verify(&subject, &claim, &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("the claim says deviates, here it is fail"),
        "{text}"
    );
}

#[test]
fn a_changed_verdict_is_found() {
    let (subject, claim) = claimed("", &[]);
    let mut crude = claim.clone();
    crude["cases"][0]["verdict"] = json!("pass");
    let (code, text) = verify(&subject, &crude, &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("it says 0 passed, and has 1"), "{text}");

    // One that agrees with itself is found by running it again.
    let mut careful = claim.clone();
    careful["cases"][0]["verdict"] = json!("pass");
    careful["cases"][0]["mismatches"] = json!([]);
    careful["end"]["passed"] = json!(1);
    careful["end"]["failed"] = json!(1);
    careful["rules"]["PID-2"]["held"] = json!(1);
    careful["rules"]["PID-2"]["broken"] = json!(1);
    let (code, text) = verify(&subject, &careful, &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("the claim says pass, here it is fail"),
        "{text}"
    );
    assert!(text.contains("1 of 2 cases agree, 1 differ"), "{text}");

    // A case that is left out leaves a gap.
    let mut less = claim;
    less["cases"].as_array_mut().unwrap().remove(1);
    less["end"]["failed"] = json!(1);
    less["end"]["selected"] = json!(1);
    less["rules"]["PID-2"]["broken"] = json!(1);
    let (code, text) = verify(&subject, &less, &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("lacks 1 case: it:umask=0077"), "{text}");
}

#[test]
fn another_subject_and_another_suite_are_told() {
    let (subject, claim) = claimed("", &[]);
    let server = fs::read_to_string(subject.path("server")).unwrap();
    subject.write("server", &format!("{server}# changed\n"));
    let (code, text) = verify(&subject, &claim, &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("the subject: `server` is another one here"),
        "{text}"
    );
    subject.write("server", &server);
    subject.write("s/it.toml", &own::SCENARIO.replace("0022", "0027"));
    let (code, text) = verify(&subject, &claim, &[]);
    assert_eq!(code, Some(1), "{text}");
    for part in [
        "it is another one in this suite",
        "it:umask=0022 is no case of this suite",
    ] {
        assert!(text.contains(part), "no `{part}` in {text}");
    }
}

#[test]
fn a_sample_is_what_its_seed_says_and_a_part_says_so() {
    let (subject, claim) = claimed("", &["it:umask=0077"]);
    assert_eq!(claim["selection"], json!(["it:umask=0077"]));
    let (code, text) = verify(&subject, &claim, &[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("it is of a part of the suite: it:umask=0077"),
        "{text}"
    );

    let (subject, claim) = claimed("", &[]);
    let sample = ["--sample", "1", "--seed", "5"];
    let (code, text) = verify(&subject, &claim, &sample);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("a sample of 1 case, --seed 5"), "{text}");
    assert!(text.contains("1 of the claim's 2 were looked at"), "{text}");
    let (_, text) = verify(&subject, &claim, &["--sample", "1"]);
    assert!(text.contains("a sample of 1 case, --seed "), "{text}");
}

#[test]
fn what_is_no_claim_is_2() {
    let (subject, mut claim) = claimed("", &[]);
    claim["version"] = json!(7);
    let (code, text) = verify(&subject, &claim, &[]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("a claim of version 7"), "{text}");
    let (code, text) = verify(&subject, &json!({}), &[]);
    assert_eq!(code, Some(2), "{text}");
    let (code, _) = subject.judge(&["verify", "/nonexistent/claim.json"], false);
    assert_eq!(code, Some(2));
}

#[test]
fn an_interrupted_run_claims_nothing() {
    let subject = Subject::new("", "");
    let steps = "[[step]]\nspawn = \"s\"\nrole = \"sleeper\"\n[[step]]\nawait = \"s\"\nstdout = \"never\"\n";
    let hangs =
        format!("title = \"x\"\nrules = [\"PID-1\"]\n{steps}[[step]]\nexpect = \"s\"\nexit = 0\n");
    subject.write("s/hangs.toml", &hangs);
    subject.write("claim.json", "as it was");
    let mut suite = Command::new(env!("CARGO_BIN_EXE_pidproof"))
        .args(["run", "--json", "-", "--jobs", "4", "--claim"])
        .arg(subject.path("claim.json"))
        .arg("--scenarios")
        .arg(subject.path("s"))
        .env_remove("CI")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(suite.stdout.take().unwrap());
    let mut text = String::new();
    // The first line and two cases: what is left hangs.
    for _ in 0..3 {
        lines.read_line(&mut text).unwrap();
    }
    let pid = Pid::from_raw(i32::try_from(suite.id()).unwrap());
    kill(pid, Signal::SIGINT).unwrap();
    while lines.read_line(&mut text).unwrap() > 0 {}
    let output = suite.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("no claim was written to"), "{said}");
    let kept = fs::read_to_string(subject.path("claim.json")).unwrap();
    assert_eq!(kept, "as it was");
}
