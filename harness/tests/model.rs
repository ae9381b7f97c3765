//! The model: its scenarios are sound, the reference holds them, and a server with one thing wrong is found.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use assert_cmd::Command;
use pidproof::model::walk::script;
use pidproof::model::{Loser, actions};
use pidproof::scenario::load::Library;
use proptest::prelude::*;

fn pidproof() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pidproof"));
    command.env_remove("CI").env_remove("GITHUB_ACTIONS");
    command
}

/// Exit status and what was printed.
fn run(command: &mut Command) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), text + &errors)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn what_the_model_writes_is_a_scenario(list in actions(12), exits in any::<bool>()) {
        let loser = if exits { Loser::Exits } else { Loser::Secondary };
        if let Some(written) = script("a title", &list, loser) {
            let parameters = vec![(
                "param.loser".to_owned(),
                pidproof::scenario::node::Value::Text(loser.word().to_owned()),
            )];
            let library = Library::of_text("it", &written.text, &parameters, pidproof::subject::programs());
            prop_assert!(library.is_ok(), "{}\n{}", library.unwrap_err(), written.text);
            prop_assert_eq!(library.unwrap().cases().count(), 1);
            prop_assert_eq!(script("a title", &list, loser), Some(written));
        }
    }
}

#[test]
fn the_reference_holds_whatever_is_done() {
    let (code, text) = run(pidproof().args(["model", "--sequences", "40", "--seed", "413"]));
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(text.lines().last(), Some("40 sequences, 0 findings"));
}

/// The reference behind scripts that do something wrong first.
fn subject(dir: &Path, server_first: &str, cli_first: &str) {
    let exe = env!("CARGO_BIN_EXE_pidproof");
    let script =
        |first: &str, role: &str| format!("#!/bin/sh\n{first}\nexec '{exe}' role {role} \"$@\"\n");
    fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).unwrap();
    for (name, text) in [
        ("server", script(server_first, "memtomem-server")),
        ("mm", script(cli_first, "mm")),
    ] {
        fs::write(dir.join(name), text).unwrap();
        fs::set_permissions(dir.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let profile = format!("server = [\"./server\"]\ncli = [\"./mm\"]\nshown = ['{exe}']\n");
    fs::write(dir.join("subject.toml"), profile).unwrap();
}

/// The model finds it, by this rule and with so many actions, and the file it writes shows it again and is
/// held by the reference.
fn found(server_first: &str, cli_first: &str, rule: &str, needed: usize) {
    let dir = tempfile::tempdir().unwrap();
    subject(dir.path(), server_first, cli_first);
    let profile = dir.path().join("subject.toml");
    let out = dir.path().join("found");
    let (code, text) = run(pidproof()
        .args([
            "model",
            "--sequences",
            "200",
            "--seed",
            "1",
            "--length",
            "5",
            "--findings",
            "1",
        ])
        .arg("--subject")
        .arg(&profile)
        .arg("--write")
        .arg(&out));
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.lines().last().unwrap().ends_with(" 1 findings"),
        "{text}"
    );
    assert!(
        text.contains(&format!("{needed} after shrinking")),
        "{text}"
    );
    assert!(text.contains(&format!("\n  {rule} (")), "{text}");
    let files: Vec<_> = fs::read_dir(&out)
        .unwrap()
        .map(|f| f.unwrap().path())
        .collect();
    let [file] = files.as_slice() else {
        panic!("{files:?}");
    };
    assert!(text.contains(&fs::read_to_string(file).unwrap()), "{text}");
    let (code, again) = run(pidproof()
        .arg("run")
        .arg(file)
        .arg("--subject")
        .arg(&profile));
    assert_eq!(code, Some(1), "{again}");
    assert!(again.contains(&format!("\n  {rule} (")), "{again}");
    let (code, good) = run(pidproof().arg("run").arg(file));
    assert_eq!(code, Some(0), "{good}");
}

#[test]
fn a_server_that_makes_the_state_dir_is_found_with_one_action() {
    found("mkdir -p \"$HOME/.memtomem\"", "", "HOME-1", 1);
}

#[test]
fn a_command_that_takes_the_pidfile_from_a_live_server_is_found_with_two() {
    let takes = "rm -f \"$XDG_RUNTIME_DIR/memtomem/server.pid\"";
    found("", takes, "UNI-16", 2);
}
