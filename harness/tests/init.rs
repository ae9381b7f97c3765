//! `pidproof init`: what it writes is judged as it stands, and nobody's work is lost.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use assert_cmd::Command;

const SERVER: &str = r#"
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    if "id" in asked:
        print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": {"tools": []}}), flush=True)
"#;

/// A directory with a server in Python, which has no command and keeps no pidfile.
fn project() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(dir.path().join("server.py"), SERVER).unwrap();
    dir
}

fn pidproof(dir: &tempfile::TempDir, words: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_pidproof"))
        .env_remove("CI")
        .current_dir(dir.path())
        .args(words)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

const INIT: [&str; 3] = ["init", "--server", "/usr/bin/python3 -B server.py"];

#[test]
fn what_it_writes_can_be_run_baselined_and_run_green() {
    let dir = project();
    let (code, text) = pidproof(&dir, &INIT);
    assert_eq!(code, Some(0), "{text}");
    for part in [
        "wrote  ./pidproof.toml",
        "wrote  ./pidproof.deviations.toml",
        "wrote  ./.github/workflows/pidproof.yml",
        "it starts and ends here",
        "pidproof baseline --write pidproof.deviations.toml",
    ] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
    let cases = "pid.primary-holds-the-lock:umask=0022*";
    let (code, text) = pidproof(&dir, &["run", cases, "uni.nothing*"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("judging pidproof.toml"), "{text}");
    assert!(text.contains("not judged: no command: UNI-11"), "{text}");
    let words = ["baseline", cases, "--write", "pidproof.deviations.toml"];
    let (code, text) = pidproof(&dir, &words);
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = pidproof(&dir, &["run", cases]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("2 passed, 0 failed, 0 skipped"), "{text}");
}

#[test]
fn every_key_that_it_teaches_is_one() {
    let dir = project();
    pidproof(&dir, &INIT);
    let uncommented = |name: &str| {
        let path = dir.path().join(name);
        let text = fs::read_to_string(&path).unwrap();
        // An example begins right after the sign, a sentence after a space.
        let is_example =
            |line: &&str| line.starts_with('#') && !line.starts_with("# ") && *line != "#";
        let lines = text
            .lines()
            .map(|line| if is_example(&line) { &line[1..] } else { line });
        let lines: Vec<&str> = lines.collect();
        fs::write(&path, lines.join("\n").replace("shown = [\".\"]\n", "")).unwrap();
    };
    uncommented("pidproof.toml");
    uncommented("pidproof.deviations.toml");
    let (_, text) = pidproof(&dir, &["list", "end."]);
    assert!(!text.contains("error"), "{text}");
    assert!(text.contains("not for this subject"), "{text}");
}

#[test]
fn the_page_on_ci_shows_the_same_workflow() {
    let dir = project();
    pidproof(&dir, &INIT);
    let workflow = fs::read_to_string(dir.path().join(".github/workflows/pidproof.yml")).unwrap();
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/ci.md");
    assert!(fs::read_to_string(page).unwrap().contains(&workflow));
}

#[test]
fn what_stands_beside_a_script_is_shown() {
    let dir = project();
    fs::write(dir.path().join("names.py"), "TOOLS = []\n").unwrap();
    let script = format!("#!/usr/bin/env -S python3 -B\nimport names\n{SERVER}");
    fs::write(dir.path().join("serve"), script).unwrap();
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(dir.path().join("serve"), executable).unwrap();
    let (code, text) = pidproof(&dir, &["init", "--server", "./serve"]);
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn what_is_there_is_not_replaced_unless_asked_and_reasons_never() {
    let dir = project();
    fs::write(dir.path().join("pidproof.toml"), "mine").unwrap();
    let (code, text) = pidproof(&dir, &INIT);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("pidproof.toml is there already"), "{text}");
    assert!(!dir.path().join("pidproof.deviations.toml").exists());
    let entry = "[[deviation]]\ncases = [\"pid.*\"]\ncheck = \"PID-1\"\nfound = \"x\"\nkind = \"bug\"\nreason = \"y\"\n";
    fs::write(dir.path().join("pidproof.deviations.toml"), entry).unwrap();
    let (code, text) = pidproof(&dir, &[&INIT[..], &["--force"]].concat());
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("kept   ./pidproof.deviations.toml"), "{text}");
    let kept = fs::read_to_string(dir.path().join("pidproof.deviations.toml")).unwrap();
    assert_eq!(kept, entry);
}

#[test]
fn it_writes_elsewhere_and_says_what_does_not_start() {
    let dir = project();
    let (code, text) = pidproof(&dir, &[&INIT[..], &["--dir", "its own"]].concat());
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("pidproof run --level core --subject 'its own/pidproof.toml'"),
        "{text}"
    );
    let (code, text) = pidproof(&dir, &["init", "--cli", "./gone", "--dir", "other"]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("`cli` starts"), "{text}");
    let (code, _) = pidproof(&dir, &["init"]);
    assert_eq!(code, Some(2));
    let (code, _) = pidproof(&dir, &["init", "--server", "sh -c 'x", "--dir", "third"]);
    assert_eq!(code, Some(2));
    assert!(!dir.path().join("third").exists());
}

#[test]
fn the_ci_is_the_one_that_was_named_and_a_schema_that_is_there_is_used() {
    let dir = project();
    fs::write(dir.path().join("profile.schema.json"), "{}").unwrap();
    let (code, text) = pidproof(&dir, &[&INIT[..], &["--ci", "gitlab"]].concat());
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("wrote  ./.gitlab/pidproof.yml"), "{text}");
    assert!(!dir.path().join(".github").exists());
    let read = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
    let job = read(".gitlab/pidproof.yml");
    assert!(job.contains("- pidproof run --subject pidproof.toml --junit pidproof.xml"));
    assert!(read("pidproof.toml").starts_with("#:schema ./profile.schema.json\n"));
    assert!(!read("pidproof.deviations.toml").contains("#:schema"));

    let dir = project();
    let (code, text) = pidproof(&dir, &[&INIT[..], &["--ci", "none"]].concat());
    assert_eq!(code, Some(0), "{text}");
    assert!(!text.contains(".yml"), "{text}");
    let text = fs::read_to_string(dir.path().join("pidproof.toml")).unwrap();
    assert!(!text.contains("#:schema"));
}
