//! The scenarios about the question of uninstall bite: a command with one thing wrong fails the case that
//! judges it, and the same command without it passes. The commands are shell scripts on real terminals.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use assert_cmd::Command;

/// All that is asked of a server here is that it starts.
const SERVER: &str = r#"#!/bin/sh
while read -r line; do
    case $line in
    *'"initialize"'*) echo '{"jsonrpc":"2.0","id":1,"result":{}}' ;;
    *tools/list*) echo '{"jsonrpc":"2.0","id":2,"result":{"tools":[]}}' ;;
    esac
done
"#;

/// A command as small as the judged rules allow.
const GOOD: &str = r#"#!/bin/sh
state=$HOME/.memtomem
run=$XDG_RUNTIME_DIR/memtomem
for flag; do
    case $flag in
    -y) yes=1 ;;
    --force) force=1 ;;
    esac
done
look() {
    for file in "$run/server.pid" "$state/.server.pid"; do
        [ -e "$file" ] || continue
        if [ ! "$force" ] && ! flock -n "$file" true; then echo "running" && exit 2; fi
        echo "$file"
    done
}
look
if [ ! "$yes" ]; then
    [ -t 0 ] || exit 1
    printf 'Remove all this? [y/N] '
    read -r answer || exit 1
    case $answer in
    y | yes | Y) ;;
    *) exit 1 ;;
    esac
fi
look >/dev/null
rm -rf "$state" "$run/server.pid"
rmdir --ignore-fail-on-non-empty "$run" 2>/dev/null || [ ! -d "$run" ]
"#;

const NO: &str = "uni.no-touches-nothing:answer=n:flags=plain";
const RETURN: &str = "uni.no-touches-nothing:answer=return:flags=plain";
const FORCED_NO: &str = "uni.no-touches-nothing:answer=n:flags=force";
const END_OF_INPUT: &str = "uni.interrupted-question-is-no-yes:key=ctrl-d";
const INTERRUPTED: &str = "uni.interrupted-question-is-no-yes:key=ctrl-c";
const HALF: &str = "uni.interrupted-question-is-no-yes:key=ctrl-c-after-half";
const HANG_UP: &str = "uni.lost-terminal-is-no-yes:typed=half";
const NO_KEYBOARD: &str = "uni.screen-alone-is-no-terminal:stdin=null:flags=plain";
const NO_SCREEN: &str = "uni.keyboard-alone-hears-no:terminal=keyboard:answer=return";
const YES: &str = "uni.yes-removes-what-it-listed:answer=y:form=xdg";
const CAPITAL: &str = "uni.capital-yes-is-a-yes";
const KEPT: &str = "uni.yes-keeps-what-the-flags-keep:flags=keep-config";
const ADDED: &str = "uni.file-that-appears-during-the-question-stays:form=xdg";
const LOCKED: &str = "uni.lock-taken-during-the-question-stops-it:held=runtime-exclusive";
const LOCKED_SHARED: &str = "uni.lock-taken-during-the-question-stops-it:held=legacy-shared";
const REPLACED: &str = "uni.pidfile-replaced-during-the-question:form=xdg";
const LINKED: &str = "uni.link-laid-during-the-question-is-not-followed:place=state-dir";
const VANISHED: &str = "uni.state-that-vanishes-during-the-question:what=state-dir";
const TWO: &str = "uni.two-that-ask-get-two-yeses:order=same";

/// Runs built-in cases on a command; what was printed, and the exit status.
fn judge(command: &str, cases: &[&str]) -> (Option<i32>, String) {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for (name, text) in [("server", SERVER), ("mm", command)] {
        let program = dir.path().join(name);
        fs::write(&program, text).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let profile = dir.path().join("subject.toml");
    fs::write(&profile, "server = [\"./server\"]\ncli = [\"./mm\"]\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_pidproof"))
        .env_remove("CI")
        .env_remove("GITHUB_ACTIONS")
        .args(["run", "--exact"])
        .args(cases)
        .arg("--subject")
        .arg(&profile)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), text + &errors)
}

/// Replaces something of the good command, which must be there, and expects each case to fail.
fn bites(good: &str, wrong: &str, cases: &[&str], found: &str) {
    assert!(GOOD.contains(good), "{good}");
    let (code, text) = judge(&GOOD.replace(good, wrong), cases);
    assert_eq!(code, Some(1), "{text}");
    for case in cases {
        assert!(text.contains(&format!("FAIL {case}\n")), "{case}\n{text}");
    }
    assert!(text.contains(found), "no `{found}` in\n{text}");
}

#[test]
fn the_good_command_passes_what_the_wrong_ones_fail() {
    let (code, text) = judge(
        GOOD,
        &[
            NO,
            RETURN,
            FORCED_NO,
            END_OF_INPUT,
            INTERRUPTED,
            HALF,
            HANG_UP,
            NO_KEYBOARD,
            NO_SCREEN,
            YES,
            CAPITAL,
            ADDED,
            LOCKED,
            LOCKED_SHARED,
            REPLACED,
            LINKED,
            VANISHED,
            TWO,
        ],
    );
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn a_question_whose_default_is_yes_is_seen() {
    bites(
        "y | yes",
        "'' | y | yes",
        &[RETURN, NO_SCREEN],
        "exit status 0",
    );
}

#[test]
fn a_no_that_is_a_success_is_seen() {
    bites("*) exit 1", "*) exit 0", &[NO, RETURN], "exit status 0");
}

#[test]
fn what_is_removed_before_the_answer_is_seen() {
    let early = "rm \"$run/server.pid\"; printf 'R";
    bites("printf 'R", early, &[NO, END_OF_INPUT], "absent");
}

#[test]
fn a_flag_that_answers_for_the_user_is_seen() {
    bites(
        "[ ! \"$yes\" ]",
        "[ ! \"$yes$force\" ]",
        &[FORCED_NO],
        "[y/N]",
    );
}

#[test]
fn an_end_of_input_that_counts_as_yes_is_seen() {
    let wrong = "|| answer=y";
    bites(
        "|| exit 1\n    case",
        &format!("{wrong}\n    case"),
        &[END_OF_INPUT],
        "exit status 0",
    );
}

#[test]
fn no_terminal_that_counts_as_yes_is_seen() {
    bites(
        "[ -t 0 ] || exit 1",
        "[ -t 0 ] || exec \"$0\" \"$@\" -y",
        &[NO_KEYBOARD],
        "exit status 0",
    );
}

#[test]
fn what_is_removed_on_the_way_out_is_seen() {
    bites(
        "look\nif",
        "look\ntrap 'rm -r \"$state\"; exit 1' INT HUP\nif",
        &[INTERRUPTED, HALF, HANG_UP],
        "absent",
    );
}

#[test]
fn an_interrupt_that_is_a_success_is_seen() {
    bites(
        "look\nif",
        "look\ntrap 'exit 0' INT HUP\nif",
        &[INTERRUPTED, HANG_UP],
        "exit status 0",
    );
}

#[test]
fn a_yes_that_leaves_something_is_seen() {
    bites(
        "rm -rf \"$state\"",
        "rm -rf \"$state/memtomem.db\"",
        &[YES, TWO],
        "absent",
    );
}

#[test]
fn a_yes_that_removes_something_else_is_seen() {
    bites(
        "rm -rf \"$state\"",
        "rm -rf \"$state\" ~/notes.txt",
        &[YES],
        "notes.txt",
    );
}

#[test]
fn a_capital_yes_that_is_a_no_is_seen() {
    bites(" | Y)", ")", &[CAPITAL], "exit status 1");
}

#[test]
fn flags_that_are_not_listened_to_are_seen() {
    bites(GOOD, GOOD, &[KEPT], "UNI-10 (core)");
}

#[test]
fn a_directory_removed_with_what_came_into_it_is_seen() {
    bites(
        "rm -rf \"$state\" \"$run/server.pid\"",
        "rm -rf \"$state\" \"$run\"",
        &[ADDED],
        "UNI-7",
    );
}

#[test]
fn a_command_that_does_not_look_again_after_the_answer_is_seen() {
    bites(
        "look >/dev/null\n",
        "",
        &[LOCKED, LOCKED_SHARED, REPLACED],
        "UNI-14",
    );
}

#[test]
fn a_command_that_looks_again_at_what_it_opened_before_is_seen() {
    let early = "exec 9<\"$run/server.pid\"\nlook\nif";
    let wrong = GOOD.replace("look >/dev/null", "flock -n 9 || exit 2");
    let (code, text) = judge(&wrong.replace("look\nif", early), &[LOCKED, REPLACED]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains(&format!("FAIL {REPLACED}\n")), "{text}");
    assert!(!text.contains(&format!("FAIL {LOCKED}\n")), "{text}");
}

#[test]
fn a_link_that_is_followed_is_seen() {
    bites(
        "rm -rf \"$state\"",
        "rm -rf \"$state\"/*",
        &[LINKED],
        "absent",
    );
}

#[test]
fn a_failure_because_somebody_was_faster_is_seen() {
    bites(
        "rm -rf \"$state\" \"$run/server.pid\"",
        "rm -r \"$state\" \"$run/server.pid\" || exit 1",
        &[VANISHED],
        "exit status 1",
    );
}
