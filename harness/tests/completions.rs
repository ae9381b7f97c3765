//! What bash completes: asked of a real bash, as its line editor asks.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const PIDPROOF: &str = env!("CARGO_BIN_EXE_pidproof");

/// The line editor's part: the words as it ends them, and the function that was named for the command.
const ASK: &str = r#"
eval "$(pidproof completions bash)"
COMP_WORDBREAKS=$1
COMP_LINE=$2
COMP_POINT=${#COMP_LINE}
read -ra COMP_WORDS <<<"$2"
[[ $2 == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
named=$(complete -p pidproof)
[[ $named =~ -F\ ([a-z_]+) ]]
"${BASH_REMATCH[1]}" pidproof "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
"#;

fn completed(breaks: &str, line: &str) -> Vec<String> {
    let bin = Path::new(PIDPROOF).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let output = Command::new("bash")
        .args(["--norc", "-c", ASK, "bash", breaks, line])
        .env("PATH", format!("{}:{path}", bin.display()))
        // There is nothing in this cache.
        .env("PIDPROOF_CACHE", "/nonexistent")
        .output()
        .unwrap();
    assert!(output.stderr.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

const USUAL: &str = " \t\n\"'@><=;|&(:";
const CASE: &str = "pid.killed-server-leaves-no-lock";

#[test]
fn cases_rules_and_subjects_are_known() {
    let all = completed(USUAL, "pidproof run pid.kill");
    assert!(all.iter().all(|id| id.starts_with("pid.kill")), "{all:?}");
    assert!(all.contains(&CASE.to_owned()), "{all:?}");
    // What the line editor takes for ends of words is not said again.
    let line = format!("pidproof repro {CASE}:form=x");
    assert_eq!(completed(USUAL, &line), ["xdg"]);
    assert_eq!(completed(" ", &line), [format!("{CASE}:form=xdg")]);
    let line = "pidproof run --level core --subject defect:never-loc";
    assert_eq!(completed(USUAL, line), ["never-locks"]);
    assert_eq!(
        completed(USUAL, "pidproof run --subject memtomem"),
        ["memtomem@"]
    );
    let rules = completed(USUAL, "pidproof run --rule END-");
    assert!(rules.contains(&"END-5".to_owned()), "{rules:?}");
    assert_eq!(completed(USUAL, "pidproof list --family LE"), ["LEG"]);
}

#[test]
fn options_and_commands_are_known_as_before() {
    assert_eq!(completed(USUAL, "pidproof run --jun"), ["--junit"]);
    assert_eq!(completed(USUAL, "pidproof expla"), ["explain"]);
    assert!(completed(USUAL, "pidproof schema scen").contains(&"scenario".to_owned()));
}

#[test]
fn a_person_does_not_wait_for_it() {
    let quickest = (0..5)
        .map(|_| {
            let start = Instant::now();
            let output = Command::new(PIDPROOF)
                .args(["__complete", "--", "run", "leg."])
                .output()
                .unwrap();
            assert!(output.status.success() && !output.stdout.is_empty());
            start.elapsed()
        })
        .min()
        .unwrap();
    // A twentieth of that on a host with nothing else to do.
    assert!(quickest < Duration::from_secs(1), "{quickest:?}");
}
